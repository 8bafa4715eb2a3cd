import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Author, ENDLESS, solving } from './apps.js';
import { People } from './people.js';
import { Api, Platform } from './platform.js';

jest.setTimeout(120_000);

interface Job {
  readonly id: string;
  readonly state: string;
  readonly priority: number;
  readonly profile: string | null;
  readonly waitingFor: string | null;
  readonly place: number | null;
  readonly waited: string | null;
}
interface Policy {
  readonly version: number;
  readonly document: { readonly profiles: readonly { readonly environment: object }[] };
  readonly warnings: readonly string[];
}

const JOB = 'id state priority profile waitingFor place waited';
/** Says what it was given. */
const SAYS = `writeSync(1, 'the seat is ' + process.env.SEAT_KEY + '\\n'); data.Out.value = 1;`;
const SECRET = 'hush-4711';

describe('the policy of the queue', () => {
  const platform = new Platform(undefined, ['--servers', '2', '--slots', '2']);
  let people: People;
  let admin: Api;
  let ada: Api;
  let bob: Api & { userId: string };

  const set = (policy: object, basedOn: number, api = admin) =>
    api.change<Policy & { code: string }>(
      'setQueuePolicy',
      '$policy: JSON!, $reason: String!, $basedOn: Int!',
      { policy, reason: 'a test', basedOn },
      '... on QueuePolicy { version document warnings }',
    );
  const policy = (capacity: number) => ({
    rules: [{ user: 'Ada', priority: 20 }],
    limits: [{ per: 'user', pattern: 'Bob', running: 1 }],
    profiles: [{ name: 'Seats', capacity, environment: { SEAT_KEY: SECRET }, for: [{ user: 'Ada' }] }],
    quotas: [{ per: 'user', pattern: 'Bob', jobs: 3 }],
  });
  const submit = (api: Api, more: object = {}) =>
    api.change<Job & { code: string; limit: string | null }>(
      'submitJob',
      '$input: SubmitJob!',
      { input: { app: 'runs', procedure: 'solve', ...more } },
      `... on Job { ${JOB} }`,
    );
  const until = (api: Api, id: string, wanted: (job: Job) => boolean) => api.job<Job>(id, JOB, wanted);
  const running = (api: Api, id: string) => until(api, id, ({ state }) => state === 'RUNNING');
  const waits = (api: Api, id: string, words: string) =>
    until(api, id, ({ waitingFor }) => waitingFor?.includes(words) ?? false);

  beforeAll(async () => {
    await platform.start();
    admin = await platform.signIn();
    people = new People(platform);
    ada = await people.add('Ada', ['user']);
    bob = await people.add('Bob', ['user']);
    const author = await Author.of(admin);
    await author.trust();
    await author.app('runs', ENDLESS);
    await author.app('says', solving(SAYS));
  });
  afterAll(() => platform.remove());

  it('is set based on what was seen, and says what is wrong with it', async () => {
    expect(await set({ rules: [{ app: '', priority: 1 }] }, 0)).toMatchObject({
      __typename: 'BadInput',
      field: 'rules[0].app',
    });
    expect(await set(policy(1), 0)).toMatchObject({ version: 1, warnings: [] });
    expect(await set({}, 0)).toMatchObject({ __typename: 'Conflict', code: 'PolicyChanged' });
  });

  it('gives a new job its priority and profile, which its owner may not better', async () => {
    const choices = (api: Api) =>
      api.ask('{ jobChoices(app: "runs") { priority profile profiles { name capacity } } }');
    expect(await choices(ada)).toEqual({
      jobChoices: { priority: 20, profile: null, profiles: [{ name: 'Seats', capacity: 1 }] },
    });
    expect(await choices(bob)).toEqual({ jobChoices: { priority: 100, profile: null, profiles: [] } });
    expect(await submit(ada, { priority: 19 })).toMatchObject({ code: 'BadInput' });
    expect(await submit(bob, { profile: 'Seats' })).toMatchObject({ __typename: 'NotAllowed' });
    expect(await submit(ada, { profile: 'Chairs' })).toMatchObject({ __typename: 'NotFound' });
  });

  it('writes down what somebody may not, or not so, for auditors', async () => {
    const before = await admin.endOfLog();
    await submit(bob, { priority: 1 });
    await expect(set({}, 1, bob)).rejects.toThrow('administrator');
    // They are written down a moment later: earlier ones, and those of others, may come between.
    const recorded = (command: string, code: string) =>
      admin.event<{ command?: string; code?: string; from?: string }>(
        before,
        'RefusalRecorded',
        ({ data }) => data.command === command && data.code === code && data.from === bob.userId,
      );
    await recorded('submitJob', 'BadInput');
    await recorded('setQueuePolicy', 'FORBIDDEN');
  });

  it('starts no more of a profile than it has places, and says so; a larger one holds at once', async () => {
    const first = await submit(ada, { profile: 'Seats' });
    expect(first).toMatchObject({ priority: 20, profile: 'Seats' });
    await running(ada, first.id);
    const second = await submit(ada, { profile: 'Seats' });
    const waiting = await waits(ada, second.id, 'Waits for a place of profile Seats: 1 of 1 taken');
    expect(waiting).toMatchObject({ state: 'QUEUED', place: 1, waited: null });

    const smaller = await set(policy(0), 1);
    expect(smaller.warnings).toEqual([expect.stringContaining('1 job of profile Seats run now')]);
    expect(await set(policy(2), 2)).toMatchObject({ version: 3 });
    const started = await running(ada, second.id);
    expect(started.waited ?? 'a moment for the profile').toContain('profile');
    for (const { id } of [first, second]) await admin.change('terminateJob', '$id: ID!', { id }, '');
  });

  it('keeps the values of variables from everybody but the process and administrators', async () => {
    const { id } = await submit(ada, { app: 'says', profile: 'Seats' });
    await until(ada, id, ({ state }) => state === 'COMPLETED');
    const { job } = await ada.ask<{ job: { log: { text: string } } }>(
      'query($id: ID!) { job(id: $id) { log { text } } }',
      { id },
    );
    expect(job.log.text).toContain(`the seat is ${SECRET}`);
    const asked = '{ queuePolicy { document } }';
    expect(JSON.stringify(await admin.ask(asked))).toContain(SECRET);
    const otto = await people.add('Otto', ['auditor']);
    const seen = JSON.stringify([
      await otto.ask(asked),
      await otto.ask('{ events(first: 200) { nodes { type data } } }'),
    ]);
    expect(seen).toContain('SEAT_KEY');
    expect(seen).not.toContain(SECRET);
    expect(platform.log()).not.toContain(SECRET);
  });

  it('refuses what passes a quota, however many come at once, and lets others be', async () => {
    const asked = await Promise.all(Array.from({ length: 12 }, () => submit(bob)));
    const taken = asked.filter(({ __typename }) => __typename === 'Job');
    const refused = asked.filter(({ code }) => code === 'QuotaExceeded');
    expect([taken.length, refused.length]).toEqual([3, 9]);
    expect(refused[0]).toMatchObject({ __typename: 'Conflict', field: 'jobs', limit: '3 jobs' });
    const wait = 'Waits for the limit of user Bob: 1 of 1 taken';
    const seen = await Promise.all(
      taken.map(({ id }) =>
        until(bob, id, (job) => job.state === 'RUNNING' || (job.waitingFor?.includes(wait) ?? false)),
      ),
    );
    expect(seen.filter(({ state }) => state === 'RUNNING')).toHaveLength(1);
    await running(ada, (await submit(ada)).id);
  });

  it('refuses who would keep more in the storage than he may, and shows who keeps how much', async () => {
    const { queuePolicy } = await admin.ask<{ queuePolicy: Policy }>('{ queuePolicy { version document } }');
    const quotas = [
      { per: 'user', pattern: 'Ada', storageGiB: 0.001 },
      { per: 'group', pattern: '*', storageGiB: 1 },
    ];
    await set({ ...queuePolicy.document, quotas }, queuePolicy.version);
    const upload = (api: Api, size: number) =>
      api.change<{ id: string; code: string; field: string; limit: string }>(
        'requestUpload',
        '$kind: UploadKind!, $name: String!, $size: Float!',
        { kind: 'FILE', name: 'a.csv', size },
        '... on Upload { id }',
      );
    expect(await upload(ada, 2_000_000)).toMatchObject({
      code: 'QuotaExceeded',
      field: 'size',
      limit: '0.001 GiB',
    });
    expect(await upload(ada, 1000)).toMatchObject({ __typename: 'Upload' });
    const { id } = await upload(ada, 1_000_000);
    expect(await upload(ada, 1_000_000)).toMatchObject({ code: 'QuotaExceeded' });
    const remove = (api: Api) =>
      api.change<{ code: string; quotas: object[] }>(
        'removeStored',
        '$uploads: [ID!]!',
        { uploads: [id] },
        '... on Storage { used quotas { per name used limit } }',
      );
    expect(await remove(bob)).toMatchObject({ code: 'NoSuchUpload' });
    expect((await remove(ada)).quotas[0]).toMatchObject({ per: 'user', name: 'Ada' });
    expect(await upload(ada, 1_000_000)).toMatchObject({ __typename: 'Upload' });
    expect(await upload(bob, 2_000_000)).toMatchObject({ __typename: 'Upload' });
    const asked = '{ queuePolicy { use { storage { name count } } } }';
    const { queuePolicy: seen } = await admin.ask<{
      queuePolicy: { use: { storage: { name: string }[][] } };
    }>(asked);
    // Whoever has published has uploaded what is published.
    expect(seen.use.storage[1]?.map(({ name }) => name)).toContain('administrator');
    await set(queuePolicy.document, queuePolicy.version + 1);
  });

  it('refuses who has used his core-hours of the month', async () => {
    const { queuePolicy } = await admin.ask<{ queuePolicy: Policy }>('{ queuePolicy { version document } }');
    const quotas = [{ per: 'user', pattern: 'Ada', coreHours: 0 }];
    await set({ ...queuePolicy.document, quotas }, queuePolicy.version);
    expect(await submit(ada)).toMatchObject({ code: 'QuotaExceeded', limit: '0 core-hours' });
    await set(queuePolicy.document, queuePolicy.version + 1);
  });

  it('holds after all servers have started again', async () => {
    await people.close(); // it is connected to the database that stops
    await platform.stop();
    await platform.start();
    const again = new Api(platform.url, bob.token);
    const { jobs } = await again.ask<{ jobs: { nodes: { id: string }[] } }>(
      '{ jobs(first: 1, filter: { states: [QUEUED] }) { nodes { id } } }',
    );
    await waits(again, jobs.nodes[0]!.id, 'Waits for the limit of user Bob: 1 of 1 taken');
    expect(await submit(again)).toMatchObject({ code: 'QuotaExceeded' });
  });
});
