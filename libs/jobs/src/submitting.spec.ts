import { describe, expect, it } from '@jest/globals';
import { CommandHandler, MemoryEventStore } from '@openpro/eventstore';
import { refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import type { Actor, JobChanges, ServerConfig, SubmitBatch, SubmitJob } from '@openpro/platform';
import { job, MAX_DEPENDENTS, type QueuedJob } from './job.js';
import { ForJob } from './jobs.commands.js';
import { NO_POLICY, type Policy } from './queue-policy.js';
import { aRequest } from './request.fixture.js';
import { Submitting } from './submitting.js';
import { SubmittingBatches } from './submitting-batches.js';

const digest = 'd'.repeat(64);
const ada: Actor = {
  id: 'ada',
  name: 'Ada',
  environment: 'ROOT',
  roles: ['user'],
  groups: [],
  tokenHash: null,
  expiresAt: 0,
};
const version = {
  name: 'cutting',
  version: '1.0.0',
  digest,
  engine_name: 'e',
  engine_version: '1.0.0',
  engine_digest: digest,
  hidden: false,
  manifest: { procedures: [{ name: 'solve', where: 'optimization' }] },
};

const execute = (handler: CommandHandler, { id, command, meta, fingerprint }: ForJob) =>
  handler.execute(job, id, command, meta, fingerprint);

/** Every neighbour as far as a submit without changes needs it. */
const given = () => {
  const store = new MemoryEventStore();
  const handler = new CommandHandler(store);
  const world = {
    actor: ada,
    version: version as object | null,
    session: { owner: 'ada', state: 'ready' },
    policy: NO_POLICY,
    /** That she may see. */
    jobs: [] as string[],
    unlicensed: undefined as Refusal | undefined,
    full: undefined as Refusal | undefined,
    keepsTooMuch: undefined as Refusal | undefined,
    isOver: undefined as Refusal | undefined,
  };
  const submitting = new Submitting(
    { versionRow: () => Promise.resolve(world.version) } as never,
    {} as never,
    {
      row: () => Promise.resolve({ ...world.session, environment: 'ROOT', app: 'cutting', version: '1.0.0' }),
    } as never,
    {} as never,
    { row: (_actor: Actor, id: string) => Promise.resolve({ app: id, digest }) } as never,
    {} as never,
    { stored: () => Promise.resolve({ size: 64 * 1024 * 1024, digest }) } as never,
    {} as never,
    store,
    {} as ServerConfig,
    { policy: () => Promise.resolve(world.policy) } as never,
    { row: (_actor: Actor, id: string) => Promise.resolve(world.jobs.includes(id) ? { id } : null) } as never,
    { refusalFor: () => Promise.resolve(world.unlicensed) } as never,
    { refusal: () => Promise.resolve(world.full) } as never,
    { execute: (command: ForJob) => execute(handler, command) } as never,
    {
      over: () => Promise.resolve(world.isOver),
      refusalOfCase: () => Promise.resolve(world.keepsTooMuch),
    } as never,
  );
  const batches = new SubmittingBatches(
    submitting,
    {} as never,
    { refusal: () => Promise.resolve(world.full) } as never,
    store,
  );
  return {
    batch: (scenarios: Omit<SubmitBatch, 'job'>) =>
      batches.command(world.actor, { job: input, ...scenarios }, uuidv7()),
    world: world as Omit<typeof world, 'policy'> & { policy: Policy },
    clone: (id: string, changes: JobChanges, commandId = uuidv7()) =>
      submitting.clone(world.actor, id, changes, commandId),
    command: (input: SubmitJob, commandId = uuidv7()) => submitting.command(world.actor, input, commandId),
    repeat: (id: string, commandId = uuidv7()) => submitting.repeat(world.actor, id, commandId),
    admitted: (command: ForJob) => submitting.admitted(command),
    types: async (id: string) => (await store.readStream(`job-${id}`)).map(({ event: { type } }) => type),
    execute: (command: ForJob) => execute(handler, command),
  };
};

const input: SubmitJob = { app: 'cutting', procedure: 'solve' };

describe('submitting a job', () => {
  it('asks for the labels of its app, each once', async () => {
    const { command, world } = given();
    expect(await command(input)).not.toHaveProperty('command.labels');
    world.version = { ...version, manifest: { ...version.manifest, labels: ['site=rome', 'gpu', 'gpu'] } };
    expect(await command(input)).toMatchObject({ command: { labels: ['gpu', 'site=rome'] } });
  });

  it('is the same command when it is sent again, whatever has changed meanwhile', async () => {
    const { command, execute, world } = given();
    const commandId = uuidv7();
    const first = (await command(input, commandId)) as ForJob;
    expect(await execute(first)).toMatchObject({ is: 'done', repeated: false });
    world.version = null; // the app is gone
    const again = (await command(input, commandId)) as ForJob;
    expect(again).toEqual(first);
    expect(await execute(again)).toMatchObject({ is: 'done', repeated: true });
    const other = (await command({ ...input, description: 'other' }, commandId)) as ForJob;
    expect(await execute(other)).toMatchObject({ refusal: { refused: 'CommandIdReused' } });
  });

  it('is refused before any work where the quota is full, but not when it was submitted before', async () => {
    const { command, execute, world } = given();
    const commandId = uuidv7();
    await execute((await command(input, commandId)) as ForJob);
    world.full = { refused: 'QuotaExceeded', message: 'wait' } as Refusal;
    world.version = null; // nobody looks for the app
    const costly = { ...input, values: [{ identifier: 'In', cells: [] }] };
    expect(await command(costly)).toMatchObject({ refused: 'QuotaExceeded' });
    expect(await command(input, commandId)).toMatchObject({ id: commandId });
  });

  it('stores nothing for who is over his storage quota: neither what a session has nor changed data', async () => {
    const { command, world } = given();
    world.isOver = { refused: 'QuotaExceeded', message: 'too much', field: 'input' } as Refusal;
    const values = [{ identifier: 'In', cells: [] }];
    // Nothing of what saves data is there in this world: it would throw.
    for (const costly of [
      { ...input, values },
      { procedure: 'solve', session: 's' },
    ])
      expect(await command(costly)).toMatchObject({ refused: 'QuotaExceeded', field: 'input' });
    expect(await command(input)).not.toHaveProperty('refused');
  });

  it('is refused when the storage quota of its owner has no room for its input', async () => {
    const { command, world } = given();
    world.keepsTooMuch = { refused: 'QuotaExceeded', message: 'too much', field: 'input' } as Refusal;
    expect(await command(input)).not.toHaveProperty('refused'); // it has none
    expect(await command({ ...input, case: 'cutting' })).toMatchObject({ field: 'input' });
  });

  it('counts the data of a job again that is repeated or cloned, and answers what was submitted', async () => {
    const { command, clone, execute, repeat, world } = given();
    const first = (await command({ ...input, case: 'cutting' })) as ForJob;
    await execute(first);
    const again = (await repeat(first.id)) as ForJob;
    await execute(again);
    world.keepsTooMuch = refuse('QuotaExceeded', 'too much', { field: 'id' });
    expect(await repeat(first.id)).toMatchObject({ refused: 'QuotaExceeded', field: 'id' });
    expect(await clone(first.id, {})).toMatchObject({ refused: 'QuotaExceeded', field: 'id' });
    expect(await repeat(first.id, again.id)).toMatchObject({ command: { repeats: first.id } });
  });

  it('carries whose it is and what the rules gave it, and may only be made worse', async () => {
    const { command, execute, world } = given();
    expect(await command(input)).toMatchObject({
      command: { ownerName: 'Ada', groups: ['user'], best: 100, priority: 100 },
    });
    world.policy = { ...NO_POLICY, rules: [{ user: 'Ad*', priority: 20 }] };
    expect(await command(input)).toMatchObject({ command: { best: 20, priority: 20 } });
    expect(await command({ ...input, priority: 50 })).toMatchObject({ command: { best: 20, priority: 50 } });
    const better = (await command({ ...input, priority: 19 })) as ForJob;
    expect(await execute(better)).toMatchObject({
      refusal: { field: 'priority', limit: 'a whole number from 20 to 10000' },
    });
  });

  it('counts its owner’s roles and the groups that he is in now', async () => {
    const { world, command, repeat, execute } = given();
    world.actor = { ...ada, groups: ['night', 'planners'] };
    const groups = ['user', 'night', 'planners'];
    world.policy = { ...NO_POLICY, rules: [{ group: 'plan*', priority: 30 }] };
    const first = (await command(input)) as ForJob;
    expect(first).toMatchObject({ command: { groups, best: 30 }, meta: { roles: ['user'] } });
    await execute(first);
    world.actor = ada;
    expect(await repeat(first.id)).toMatchObject({ command: { groups: ['user'], best: 100 } });
  });

  it('takes the profile of its app or the one that it names, when it is for its owner', async () => {
    const { command, world } = given();
    const profiles = [
      { name: 'Big', capacity: 1 },
      { name: 'Gurobi', capacity: 1, for: [{ user: 'Bob' }, { group: 'administrator', app: 'cut*' }] },
    ];
    world.policy = { ...NO_POLICY, profiles };
    expect(await command(input)).not.toHaveProperty('command.profile');
    expect(await command({ ...input, profile: 'Big' })).toMatchObject({ command: { profile: 'Big' } });
    expect(await command({ ...input, profile: 'Gurobi' })).toMatchObject({
      refused: 'NotAllowed',
      field: 'profile',
    });
    expect(await command({ ...input, profile: 'Small' })).toMatchObject({
      refused: 'NoSuchProfile',
      field: 'profile',
    });
    world.version = { ...version, manifest: { ...version.manifest, profile: 'Big' } };
    expect(await command(input)).toMatchObject({ command: { profile: 'Big' } });
  });

  it('takes of its server what its procedure says', async () => {
    const { command, world } = given();
    const procedures = [{ name: 'solve', where: 'optimization', resources: { memoryMiB: 4096, cpus: 2.5 } }];
    world.version = { ...version, manifest: { procedures } };
    expect(await command(input)).toMatchObject({ command: { memoryMiB: 4096, cores: 2.5 } });
  });

  it('takes the licence of its app, when its owner may use it', async () => {
    const { command, world } = given();
    world.version = { ...version, manifest: { ...version.manifest, licence: 'gurobi' } };
    expect(await command(input)).toMatchObject({ command: { licence: 'gurobi' } });
    world.unlicensed = refuse('NotAllowed', 'not yours');
    expect(await command(input)).toMatchObject({ refused: 'NotAllowed' });
  });

  it('takes the arguments that its procedure has, and no others', async () => {
    const { command, batch, world } = given();
    const args = [{ name: 'MaxSites', type: 'i64' }];
    world.version = {
      ...version,
      manifest: { procedures: [{ name: 'solve', where: 'optimization', args }] },
    };
    expect(await command({ ...input, args: { MaxSites: 3 } })).toMatchObject({
      command: { args: { MaxSites: 3 } },
    });
    expect(await command({ ...input, args: { Maxsites: 3 } })).toMatchObject({
      refused: 'BadInput',
      field: 'args',
      limit: 'MaxSites',
    });
    expect(await batch({ grid: [{ argument: 'MaxSites', values: [1, 2] }] })).not.toHaveProperty('refused');
    const refusal = { refused: 'BadInput', field: 'args', limit: 'MaxSites' };
    expect(await batch({ grid: [{ argument: 'Mode', values: ['fast'] }] })).toMatchObject(refusal);
    expect(await batch({ list: [{ MaxSites: 1 }, { Mode: 'fast' }] })).toMatchObject(refusal);
  });

  it('keeps a short fingerprint of however large a request', async () => {
    const { command } = given();
    const { fingerprint } = (await command({ ...input, description: 'x'.repeat(1e6) })) as ForJob;
    expect(fingerprint?.length).toBeLessThan(100);
  });

  it.each<[string, SubmitJob, object]>([
    ['no app', { procedure: 'solve' }, { refused: 'BadInput', field: 'app' }],
    [
      'two sources',
      { session: 's', case: 'c', procedure: 'solve' },
      { refused: 'BadInput', field: 'session' },
    ],
    ['an unknown procedure', { ...input, procedure: 'x' }, { refused: 'NoSuchProcedure', limit: 'solve' }],
    ['args that are no object', { ...input, args: [1] }, { refused: 'BadInput', field: 'args' }],
    ["another app's case", { ...input, case: 'other' }, { refused: 'OtherApp', field: 'case' }],
    [
      'too many files',
      { ...input, files: Array(21).fill({ identifier: 'x', upload: 'u' }) },
      { refused: 'TooLarge', field: 'files' },
    ],
    [
      'too large files',
      { ...input, files: Array(5).fill({ identifier: 'x', upload: 'u' }) },
      { refused: 'TooLarge', field: 'files', limit: '268435456 bytes' },
    ],
    [
      'too many cells',
      { ...input, values: [{ identifier: 'x', cells: Array(10_001).fill({ tuple: [], value: 1 }) }] },
      { refused: 'TooLarge', field: 'values' },
    ],
  ])('is refused with %s', async (_what, wrong, refusal) => {
    expect(await given().command(wrong)).toMatchObject(refusal);
  });

  it("is refused for a hidden version, a session that is over, and one of somebody else's", async () => {
    const { command, world } = given();
    world.version = { ...version, hidden: true };
    expect(await command(input)).toMatchObject({ refused: 'NoSuchApp' });
    world.session = { owner: 'ada', state: 'ended' };
    expect(await command({ session: 's', procedure: 'solve' })).toMatchObject({ refused: 'NoSuchSession' });
    world.session = { owner: 'eve', state: 'ready' };
    expect(await command({ session: 's', procedure: 'solve' })).toMatchObject({ refused: 'NoSuchSession' });
  });

  describe('that waits for others', () => {
    const other = uuidv7();
    const after = (...jobs: string[]): SubmitJob => ({ ...input, after: jobs.map((job) => ({ job })) });

    it('names those that are there, and how they must end', async () => {
      const { command, world } = given();
      world.jobs.push(other);
      expect(await command({ ...input, after: [{ job: other, on: 'ANY' }] })).toMatchObject({
        command: { after: [{ job: other, on: 'any' }] },
      });
      expect(await command(after(other))).toMatchObject({
        command: { after: [{ job: other, on: 'success' }] },
      });
      expect(await command(input)).not.toHaveProperty('command.after');
    });

    it.each<[string, readonly string[], object]>([
      ['one that is not there, or not to be seen', [other], { refused: 'NoSuchJob', field: 'after' }],
      ['one twice', [other, other], { refused: 'BadInput', field: 'after' }],
      ['what is no id', ['x'], { refused: 'BadInput', field: 'after' }],
      ['too many', Array.from({ length: 51 }, () => uuidv7()), { field: 'after', limit: 'at most 50 jobs' }],
    ])('is refused with %s', async (_what, jobs, refusal) =>
      expect(await given().command(after(...jobs))).toMatchObject(refusal),
    );

    it('waits for no circle: neither for itself nor for one that is submitted at the same time', async () => {
      const { command, execute, world } = given();
      const [one, two] = [uuidv7(), uuidv7()];
      world.jobs.push(one); // not even when there were one with its id
      expect(await command(after(one), one)).toMatchObject({ refused: 'BadInput', field: 'after' });
      world.jobs.length = 0;
      const both = await Promise.all([command(after(two), one), command(after(one), two)]);
      expect(both).toMatchObject([{ refused: 'NoSuchJob' }, { refused: 'NoSuchJob' }]);
      // Whichever is first can wait for nobody behind it.
      await execute((await command(input, one)) as ForJob);
      world.jobs.push(one);
      expect(await command(after(one), two)).toMatchObject({ command: { after: [{ job: one }] } });
      expect(await command(after(two), one)).not.toHaveProperty('command.after');
    });

    it('is admitted while there is room, however many ask at once, and asks for nothing that it cannot be', async () => {
      const { command, execute, world, admitted, types } = given();
      world.jobs.push(other);
      const meta = () => ({ commandId: uuidv7(), actor: 'ada', roles: [] });
      await execute(new ForJob(other, { type: 'SubmitJob', ...aRequest }, meta()));
      for (let n = 3; n < MAX_DEPENDENTS; n++)
        await execute(new ForJob(other, { type: 'AdmitDependent', dependent: `d${n}` }, meta()));
      const worse = (await command({ ...after(other), priority: 1 })) as ForJob;
      expect(await admitted(worse)).toMatchObject({ refused: 'BadInput', field: 'priority' });
      const asked = await Promise.all(Array.from({ length: 10 }, () => command(after(other))));
      const answers = await Promise.all(asked.map((one) => admitted(one as ForJob)));
      const limit = `${MAX_DEPENDENTS} jobs`;
      expect(answers.filter(Boolean)).toHaveLength(7);
      expect(answers.at(-1)).toMatchObject({ refused: 'TooManyDependents', field: 'after', limit });
      expect(answers.at(-1)?.message).toContain(other);
      expect(await admitted(asked[0] as ForJob)).toBeUndefined();
      expect(await types(other)).toHaveLength(1 + MAX_DEPENDENTS);
    });

    it('takes no place anywhere where one of those that it waits for is full', async () => {
      const { command, execute, world, admitted, types } = given();
      const full = uuidv7();
      world.jobs.push(other, full);
      const meta = () => ({ commandId: uuidv7(), actor: 'ada', roles: [] });
      for (const id of world.jobs) await execute(new ForJob(id, { type: 'SubmitJob', ...aRequest }, meta()));
      for (let n = 1; n < MAX_DEPENDENTS; n++)
        await execute(new ForJob(full, { type: 'AdmitDependent', dependent: `d${n}` }, meta()));
      const ask = async () => admitted((await command(after(other, full))) as ForJob);
      expect(await ask()).toBeUndefined();
      expect(await ask()).toMatchObject({ refused: 'TooManyDependents', field: 'after' });
      expect(await types(other)).toEqual(['JobQueued', 'JobDependentAdded']);
    });

    it('is not submitted again as it waited', async () => {
      const { command, execute, world, repeat } = given();
      world.jobs.push(other);
      const first = (await command(after(other))) as ForJob;
      await execute(first);
      expect(await repeat(first.id)).not.toHaveProperty('command.after');
    });
  });

  it('takes a case of the same app as it is', async () => {
    expect(await given().command({ ...input, case: 'cutting' })).toMatchObject({
      command: { input: digest },
    });
  });
});

describe('a job made after another one', () => {
  const first = {
    ...aRequest,
    owner: 'eve',
    session: 's',
    priority: 50,
    gap: 0.01,
    seed: 7,
    args: { x: 1, y: 2 },
  };
  const cloned = async (changes: JobChanges, more: Partial<QueuedJob> = {}) => {
    const { clone, execute, repeat, world } = given();
    world.policy = {
      ...NO_POLICY,
      profiles: [
        { name: 'Large', capacity: 1 },
        { name: 'Small', capacity: 1 },
      ],
    };
    world.jobs = ['5ee0c0de-0000-7000-8000-000000000001'];
    const id = uuidv7();
    const meta = { commandId: uuidv7(), actor: 'eve', roles: [] };
    await execute(new ForJob(id, { type: 'SubmitJob', ...first, priority: 100, ...more }, meta, 'x'));
    return { id, made: await clone(id, changes), repeated: await repeat(id) };
  };

  it('is as the first one, but its own owner’s, of no session and of no batch', async () => {
    const of = { batch: 'b', scenario: 3, round: 0, repeats: 'r', clones: 'c' };
    const { id, made, repeated } = await cloned({}, of);
    const { session, ...same } = first;
    const expected = { type: 'SubmitJob', ...same, owner: 'ada', session: null, priority: 100 };
    expect(made).toMatchObject({ command: { ...expected, clones: id } });
    expect((made as ForJob).command).not.toHaveProperty('batch');
    expect((repeated as ForJob).command).not.toHaveProperty('batch');
    expect((repeated as ForJob).command).not.toHaveProperty('clones');
    expect(session).toBe('s');
  });

  it('has what is changed, and no limit that is taken away', async () => {
    const changes = {
      args: { x: 5 },
      gap: null,
      seed: 8,
      timeLimit: 60,
      priority: 300,
      description: 'other',
    };
    expect((await cloned(changes)).made).toMatchObject({ command: changes });
  });

  it('runs under the profile of the first one, under another one, or under none', async () => {
    const large = { profile: 'Large' };
    expect((await cloned({}, large)).made).toMatchObject({ command: large });
    expect((await cloned({ profile: 'Small' }, large)).made).toMatchObject({ command: { profile: 'Small' } });
    expect((await cloned({ profile: null }, large)).made).not.toHaveProperty('command.profile');
    expect((await cloned({ profile: 'Huge' }, large)).made).toMatchObject({ refused: 'NoSuchProfile' });
  });

  it('waits for what it is told, and not for what the first one waited for', async () => {
    const job = '5ee0c0de-0000-7000-8000-000000000001';
    const before = { after: [{ job: uuidv7(), on: 'success' as const }] };
    expect((await cloned({}, before)).made).not.toHaveProperty('command.after');
    expect((await cloned({ after: [{ job, on: 'ANY' }] }, before)).made).toMatchObject({
      command: { after: [{ job, on: 'any' }] },
    });
    expect((await cloned({ after: [{ job: uuidv7() }] })).made).toMatchObject({
      refused: 'NoSuchJob',
      field: 'after',
    });
  });

  it('is refused with arguments that are no object', async () => {
    expect((await cloned({ args: [1] })).made).toMatchObject({ refused: 'BadInput', field: 'args' });
  });
});
