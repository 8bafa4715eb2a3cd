import { expect, it } from '@jest/globals';
import { CommandHandler, MemoryEventStore } from '@openpro/eventstore';
import { user } from '@openpro/identity';
import { uuidv7 } from '@openpro/kernel';
import { aRequest } from './request.fixture.js';
import type { ScheduleCommand, Terms } from './schedule.js';
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

const given = async (roles: readonly string[] | null, environment = 'ROOT') => {
  const store = new MemoryEventStore();
  const handler = new CommandHandler(store);
  const schedules = new ScheduleHandler(handler, store);
  const id = uuidv7();
  const tell = (command: ScheduleCommand, commandId?: string) =>
    schedules.execute(new ForSchedule(id, command, meta(commandId)));
  const create = (name: readonly string[]) =>
    handler.execute(user, 'ada', { type: 'CreateUser', environment, name: 'Ada', roles: name }, meta());
  if (roles) await create(roles);
  await tell({ type: 'MakeSchedule', ...terms, job: aRequest, now });
  const fire: ScheduleCommand = {
    type: 'FireSchedule',
    id,
    owner: 'ada',
    environment: 'ROOT',
    now: now + 60_000,
  };
  return { tell, fire, create };
};

it.each<[string, readonly string[] | null, string, object[]]>([
  ['fires for who may run jobs', ['user'], 'ROOT', [{ type: 'ScheduleFired' }]],
  [
    'is refused, and the schedule paused, when its owner is gone',
    null,
    'ROOT',
    [{ type: 'RunSkipped', why: 'its owner is no user any more' }, { type: 'SchedulePaused' }],
  ],
  [
    'is refused, and the schedule paused, when its owner has lost the role',
    ['auditor'],
    'ROOT',
    [
      { type: 'RunSkipped', why: 'Ada may not run jobs any more' },
      { type: 'SchedulePaused', reason: 'Ada may not run jobs any more' },
    ],
  ],
  [
    'is refused, and the schedule paused, when its owner is of another environment now',
    ['user'],
    'OTHER',
    [{ type: 'RunSkipped' }, { type: 'SchedulePaused' }],
  ],
])('a run %s', async (_what, roles, environment, expected) => {
  const { tell, fire } = await given(roles, environment);
  const outcome = await tell(fire);
  expect(outcome.is === 'done' && outcome.events.map(({ event }) => event)).toMatchObject(expected);
});

it('a run that is told twice is decided once, also when its owner has come or gone meanwhile', async () => {
  const { tell, fire, create } = await given(null);
  const commandId = uuidv7();
  await tell(fire, commandId);
  await create(['user']);
  const again = await tell(fire, commandId);
  expect(again).toMatchObject({ is: 'done', repeated: true });
});
