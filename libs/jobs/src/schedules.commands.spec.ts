import { expect, it } from '@jest/globals';
import { CommandHandler, MemoryEventStore, TooBusy } from '@openpro/eventstore';
import { user } from '@openpro/identity';
import { refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import { NO_POLICY, type Policy } from './queue-policy.js';
import { behind, type Granted } from './quotas.js';
import { aRequest } from './request.fixture.js';
import { runOf, schedule, type ScheduleCommand, type Terms } from './schedule.js';
import { ForSchedule, ScheduleHandler } from './schedules.commands.js';

const terms: Terms = {
  name: 'Nightly',
  when: { cron: '* * * * *', zone: 'UTC' },
  overlap: 'skip',
  missed: 'once',
  atMost: 10,
};
const now = Date.UTC(2026, 0, 15, 12);
const meta = (commandId = uuidv7()) => ({ commandId, actor: 'process:fire-schedules', roles: [] });

interface World {
  readonly roles?: readonly string[] | null;
  readonly groups?: readonly string[];
  readonly environment?: string;
  readonly profiles?: Policy['profiles'];
  readonly rules?: Policy['rules'];
  /** Of the schedule's job. */
  readonly profile?: string;
  readonly licence?: string;
  readonly unlicensed?: Refusal;
  readonly why?: Refusal;
  readonly spent?: true;
  readonly overlap?: Terms['overlap'];
}

const given = async (world: World) => {
  const {
    roles = ['user'],
    groups = [],
    environment = 'ROOT',
    profiles = [],
    rules = [],
    profile,
    licence,
    unlicensed,
    why,
    spent,
    overlap = 'skip',
  } = world;
  const asked: number[] = [];
  const store = new MemoryEventStore();
  const handler = new CommandHandler(store);
  const schedules = new ScheduleHandler(
    handler,
    store,
    { policy: () => Promise.resolve({ ...NO_POLICY, profiles, rules }) } as never,
    {
      admitted: (_who: unknown, many: number, submit: (granted: Granted) => Promise<unknown>) =>
        submit(why ? { jobs: 0, why, ...(spent ? { spent } : {}) } : { jobs: asked[asked.push(many) - 1]! }),
    } as never,
    { refusalFor: () => Promise.resolve(unlicensed) } as never,
  );
  const id = uuidv7();
  const tell = (command: ScheduleCommand, commandId?: string) =>
    schedules.execute(new ForSchedule(id, command, meta(commandId)));
  const create = (of: readonly string[]) =>
    handler.execute(user, 'ada', { type: 'CreateUser', environment, name: 'Ada', roles: of, groups }, meta());
  if (roles) await create(roles);
  await tell({ type: 'MakeSchedule', ...terms, overlap, job: aRequest, now });
  const of = {
    owner: 'ada',
    environment: 'ROOT',
    app: 'supply-network',
    version: '1.0.0',
    profile: profile ?? null,
    licence: licence ?? null,
  };
  const fire: ScheduleCommand = { type: 'FireSchedule', id, of, now: now + 60_000 };
  return { tell, fire, create, handler, asked };
};

const skipped = (why: string) => ({ type: 'RunSkipped', why });
const paused = { type: 'SchedulePaused' };

it.each<[string, World, object[]]>([
  ['fires for who may run jobs', {}, [{ type: 'ScheduleFired', groups: ['user'], best: 100 }]],
  [
    'fires with the groups of its owner then, and with the priority that they give him',
    {
      groups: ['night'],
      rules: [{ group: 'night', priority: 30 }],
      profile: 'gpu',
      profiles: [{ name: 'gpu', capacity: 1, for: [{ group: 'night' }] }],
    },
    [{ type: 'ScheduleFired', groups: ['user', 'night'], best: 30 }],
  ],
  ['pauses it when its owner is gone', { roles: null }, [skipped('its owner is no user any more'), paused]],
  [
    'pauses it when its owner has lost the role',
    { roles: ['auditor'] },
    [skipped('Ada may not run jobs any more'), paused],
  ],
  [
    'pauses it when its owner is of another environment now',
    { environment: 'OTHER' },
    [skipped('Ada may not run jobs any more'), paused],
  ],
  [
    'pauses it when its owner may not use its worker profile any more',
    { profile: 'gpu', profiles: [{ name: 'gpu', capacity: 1, for: [{ user: 'Eve' }] }] },
    [skipped('Worker profile gpu is not for your jobs of supply-network'), paused],
  ],
  [
    'pauses it when its owner may not use the licence of the app any more',
    { licence: 'gurobi', unlicensed: refuse('NotAllowed', 'You may not use licence Gurobi') },
    [skipped('You may not use licence Gurobi'), paused],
  ],
  [
    'asks for no licence where the app has none',
    { unlicensed: refuse('NotAllowed', 'no') },
    [{ type: 'ScheduleFired' }],
  ],
  [
    'leaves it out while there is no such worker profile',
    { profile: 'gpu' },
    [skipped('There is no worker profile "gpu"')],
  ],
  [
    'leaves it out while its owner has as many jobs as he may have',
    { why: refuse('QuotaExceeded', 'User Ada has 10 jobs, and may have 10') },
    [skipped('User Ada has 10 jobs, and may have 10')],
  ],
])('a time that comes %s', async (_what, world, expected) => {
  const { tell, fire } = await given(world);
  const outcome = await tell(fire);
  expect(outcome.is === 'done' && outcome.events.map(({ event }) => event)).toMatchObject(expected);
});

it.each<[string, World, object]>([
  ['replaces the run before it in a full quota', {}, { type: 'ScheduleFired' }],
  ['replaces none where all core-hours are spent', { spent: true }, skipped('no room')],
])('a time that comes %s', async (_what, world, expected) => {
  const full = { why: refuse('QuotaExceeded', 'no room') };
  const { tell, fire, handler } = await given({ ...full, ...world, overlap: 'replace' });
  const { id } = fire as ScheduleCommand & { type: 'FireSchedule' };
  await handler.execute(schedule, id, fire, meta()); // its first run
  const outcome = await tell({ ...fire, now: now + 120_000 } as ScheduleCommand);
  expect(outcome.is === 'done' && outcome.events.map(({ event }) => event)).toMatchObject([expected]);
});

it('a run that ends asks for the place of the next one, and for no more', async () => {
  const { tell, fire, asked } = await given({ overlap: 'queue' });
  const { id, of } = fire as ScheduleCommand & { type: 'FireSchedule' };
  await tell(fire);
  asked.length = 0;
  await tell({ type: 'EndRun', id, of, job: runOf(id, now + 60_000), outcome: 'completed' });
  expect(asked).toEqual([1]);
});

it('a run is tried again while nobody knows what its owner has', async () => {
  const { tell, fire } = await given({ why: behind.why! });
  await expect(tell(fire)).rejects.toThrow(TooBusy);
});

it('a run that is told twice is decided once, also when its owner has come or gone meanwhile', async () => {
  const { tell, fire, create } = await given({ roles: null });
  const commandId = uuidv7();
  await tell(fire, commandId);
  await create(['user']);
  const again = await tell(fire, commandId);
  expect(again).toMatchObject({ is: 'done', repeated: true });
});
