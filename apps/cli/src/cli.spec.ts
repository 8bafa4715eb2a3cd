import { beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { isUuid } from '@openpro/kernel';
import { generateKeyPair, publicKeyFromPem, readAppPackage, toPem } from '@openpro/engine';
import { cliForSuite } from './cli.testing.js';
import {
  ALICE,
  CASE_ID,
  type FakePlatform,
  type Fields,
  job,
  JOB_ID,
  point,
  solved,
} from './fake-platform.testing.js';

const { serve, stop, start, openpro, at } = cliForSuite();
const signedOut = { OPENPRO_URL: '', OPENPRO_TOKEN: '' };

const page = (nodes: readonly object[], more: object = {}) => ({
  nodes,
  pageInfo: { hasNextPage: false, ...more },
});

async function* stream<T>(...items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** Yields the items and then waits until nobody listens. */
const endless = <T>(...items: readonly T[]): AsyncGenerator<T> => {
  const pending = [...items];
  let end = (): void => undefined;
  const closed = new Promise<IteratorReturnResult<undefined>>((resolve) => {
    end = () => resolve({ done: true, value: undefined });
  });
  return {
    next: () => (pending.length ? Promise.resolve({ done: false, value: pending.shift() as T }) : closed),
    return: () => (end(), closed),
    throw: () => (end(), closed),
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(end()),
  };
};

const progress = (shown: object, points: readonly object[] = []) => ({
  jobProgress: { job: shown, points, log: '' },
});

describe('signing in', () => {
  it('trades a link for a token, which only the user may read', async () => {
    const { url } = await serve({ me: () => ALICE });
    const { code, stdout } = await start(['login', `${url}/sign-in#good`], signedOut).ended;
    expect([code, stdout]).toEqual([0, `Signed in to ${url} as Alice (ROOT).\n`]);
    const credentials = at('home/credentials.json');
    expect((await stat(credentials)).mode & 0o777).toBe(0o600);

    const who = await start(['whoami', '--json'], signedOut).ended;
    expect(JSON.parse(who.stdout)).toEqual({ url, user: ALICE });
  });

  it('prints a new link for a browser', async () => {
    const issued = { __typename: 'SignInLink', url: 'http://127.0.0.1:4600/sign-in#new', expiresAt: 0 };
    await serve({ issueSignInLink: () => issued });
    const { code, stdout } = await openpro('login', '--link');
    expect([code, stdout]).toEqual([0, `${issued.url}\n`]);
  });

  it('says what to do about a link that was used before', async () => {
    const { url } = await serve({});
    const { code, stderr } = await start(['login', `${url}/sign-in#used`], signedOut).ended;
    expect(code).toBe(5);
    expect(stderr).toMatch(/unknown, was used before or has expired\nAsk for a new link/);
  });

  it.each(['nonsense', 'http://127.0.0.1:1/sign-in', 'ftp://127.0.0.1/sign-in#x'])(
    'takes no %p for a link',
    async (link) => {
      expect((await openpro('login', link)).code).toBe(2);
    },
  );

  it('happens by itself with the link of a server on this computer, which is gone then', async () => {
    const { url } = await serve({ me: () => ALICE });
    await mkdir(at('.openpro'));
    await writeFile(at('.openpro/cli-link'), `${url}/sign-in#good\n`);
    const { code, stdout, stderr } = await start(['whoami'], signedOut).ended;
    expect([code, stderr]).toEqual([0, `Signed in to ${url} as Alice.\n`]);
    expect(stdout).toContain('Alice');
    expect(await readdir(at('.openpro'))).toEqual([]);
  });

  it('uses the link of a file that is named, and no link to another server than the one that is named', async () => {
    const { url } = await serve({ me: () => ALICE });
    await writeFile(at('link'), `${url}/sign-in#good`);
    const env = { ...signedOut, OPENPRO_LINK_FILE: at('link') };
    expect((await start(['whoami'], { ...env, OPENPRO_URL: 'http://127.0.0.1:1' }).ended).code).toBe(5);
    expect((await start(['whoami'], env).ended).code).toBe(0);
  });

  it('never follows a link to another computer by itself', async () => {
    await mkdir(at('.openpro'));
    await writeFile(at('.openpro/cli-link'), 'https://elsewhere.example/sign-in#good\n');
    const { code, stderr } = await openpro('whoami');
    expect([code, stderr]).toEqual([5, expect.stringContaining('You are not signed in')]);
  });

  it('follows a link to another computer in a file that is named', async () => {
    await writeFile(at('link'), 'http://127.0.0.2:1/sign-in#good');
    const env = { ...signedOut, OPENPRO_LINK_FILE: at('link') };
    expect((await start(['whoami', '--wait', '0'], env).ended).code).toBe(6);
  });

  it('is forgotten by logout even when the server has forgotten it first', async () => {
    const { url } = await serve({ signOut: () => ({ __typename: 'Ok', ok: true }) });
    await start(['login', `${url}/sign-in#good`], signedOut).ended;
    const out = await start(['logout'], { ...signedOut, OPENPRO_TOKEN: 'stale' }).ended;
    expect([out.code, out.stdout]).toEqual([0, `Signed out of ${url}.\n`]);
    expect((await start(['whoami'], signedOut).ended).code).toBe(5);
  });
});

describe('an exit code', () => {
  const refusals = [
    ['NotAllowed', 3],
    ['Conflict', 3],
    ['NotFound', 4],
    ['BadInput', 2],
  ] as const;

  it.each(refusals)('tells %s from the rest: %p', async (name, code) => {
    await serve({
      interruptJob: () => ({
        __typename: name,
        code: 'SomeCode',
        message: 'No.',
        field: 'id',
        limit: 'a job',
      }),
    });
    const ended = await openpro('job', 'interrupt', JOB_ID, '--json');
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    expect(JSON.parse(ended.stderr)).toEqual({
      error: { code: 'SomeCode', message: 'No.', field: 'id', limit: 'a job', exit: code },
    });
  });

  it.each([
    ['COMPLETED', 5, 0],
    ['TIME_LIMIT', 5, 11],
    ['INTERRUPTED', null, 10],
    ['INFEASIBLE', null, 10],
    ['FAILED', null, 10],
  ])('says how a %s job with objective %p ended: %p', async (state, objective, code) => {
    await serve({ jobProgress: () => stream(progress(solved({ state, objective, solverStatus: null }))) });
    expect((await openpro('job', 'watch', JOB_ID)).code).toBe(code);
  });

  it('is 6 where nobody answers, and the message names the place', async () => {
    const { url } = await serve({});
    await stop();
    const { code, stderr } = await start(['whoami', '--wait', '0'], {
      OPENPRO_URL: url,
      OPENPRO_TOKEN: 'x',
    }).ended;
    expect([code, stderr]).toEqual([6, expect.stringContaining(`${url} cannot be reached (ECONNREFUSED)`)]);
  });

  it('is 5 where the token is not valid', async () => {
    await serve({ me: () => ALICE });
    expect((await start(['whoami'], { OPENPRO_TOKEN: 'wrong' }).ended).code).toBe(5);
  });

  it('is 1 for what the server did not expect itself', async () => {
    await serve({
      me: () => {
        throw new Error('Tell your administrator this id: 42');
      },
    });
    const { code, stderr } = await openpro('whoami');
    expect([code, stderr]).toEqual([1, expect.stringContaining('id: 42')]);
  });

  it.each([
    [['job', 'watch', '7']],
    [['job', 'frob']],
    [['job', 'submit', 'app']],
    [['solve', 'model.txt']],
    [['solve', 'none.mps']],
  ])('is 2 for %p, without a word to the server', async (args) => {
    const { calls } = await serve({});
    const { code, stderr } = await openpro(...args);
    expect([code, calls]).toEqual([2, []]);
    expect(stderr).not.toBe('');
  });
});

describe('submitting a job', () => {
  it('sends what the arguments say', async () => {
    const { calls } = await serve({ submitJob: () => job({ state: 'QUEUED' }) });
    const args =
      'supply:1.2.0 run --set Rate=0.5 --set Demand[Oslo]=12 --time-limit 10m --gap 1% --priority 120'.split(
        ' ',
      );
    const { code, stdout } = await openpro(
      'job',
      'submit',
      ...args,
      '--args',
      '{"rounds":3}',
      '--case',
      CASE_ID,
    );
    expect([code, stdout]).toEqual([0, expect.stringContaining(`openpro job watch ${JOB_ID}`)]);
    expect(calls).toEqual([
      {
        operation: 'SubmitJob',
        variables: {
          input: {
            app: 'supply',
            version: '1.2.0',
            procedure: 'run',
            case: CASE_ID,
            args: { rounds: 3 },
            files: [],
            values: [
              { identifier: 'Rate', cells: [{ tuple: [], value: 0.5 }] },
              { identifier: 'Demand', cells: [{ tuple: ['Oslo'], value: 12 }] },
            ],
            priority: 120,
            timeLimit: 600,
            gap: 0.01,
          },
          commandId: expect.any(String),
        },
      },
    ]);
    expect(isUuid(calls[0]?.variables['commandId'])).toBe(true);
  });

  it('repeats a command with its id when the answer is lost', async () => {
    const fake = await serve({ submitJob: () => job({ state: 'QUEUED' }) });
    let broken = 0;
    fake.breakAnswer = () => broken++ < 2;
    expect((await openpro('job', 'submit', 'supply', 'run')).code).toBe(0);
    const ids = fake.calls.map(({ variables }) => variables['commandId']);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });
});

describe('watching a job', () => {
  it('prints news as lines where there is no terminal, and the end', async () => {
    await serve({
      jobProgress: () =>
        stream(
          progress(job({ state: 'QUEUED', waitingFor: 'a free slot' })),
          progress(job(), [
            point(),
            point({ nodes: 11 }),
            point({ objective: 25_800_000, gap: 0.001, incumbents: 2 }),
          ]),
          progress(solved()),
        ),
    });
    const { code, stdout, stderr } = await openpro('job', 'watch', JOB_ID);
    expect(code).toBe(0);
    expect(stderr.split('\n')).toEqual([
      'queued: a free slot',
      'solve, 1.0 s · best 26000000 · bound 25000000 · gap 4 % · 10 nodes',
      'solve, 1.0 s · best 25800000 · bound 25000000 · gap 0.1 % · 10 nodes · 2 solutions',
      `Its data: openpro job result ${JOB_ID}`,
      '',
    ]);
    expect(stdout).toMatch(/status +optimal\nobjective +25779856\.37\ntime +3\.5 s\n/);
  });

  it('streams one JSON document per line', async () => {
    await serve({ jobProgress: () => stream(progress(job(), [point()]), progress(solved())) });
    const { stdout, stderr } = await openpro('job', 'watch', JOB_ID, '--json');
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines.map((line) => Object.keys(line)[0])).toEqual(['progress', 'job', 'job']);
    expect(lines.at(-1)).toMatchObject({ job: { state: 'COMPLETED', objective: 25779856.3717 } });
    expect(stderr).toBe('');
  });

  it('goes on after the server was away, and tells of the attempt that was lost with it', async () => {
    const attempts = [
      { number: 1, node: 'n', startedAt: 0, outcome: 'node-lost' },
      { number: 2, node: 'n', startedAt: 0 },
    ];
    let served = 0;
    const fake = await serve({
      jobProgress: () =>
        served++
          ? stream(progress(job({ attempts })), progress(solved()))
          : endless(progress(job(), [point()])),
    });
    const run = start(['job', 'watch', JOB_ID]);
    await run.says(/best 26000000/);
    await fake.stop();
    await run.says(/Connecting again/);
    await fake.start();
    const { code, stdout, stderr } = await run.ended;
    expect([code, stdout]).toEqual([0, expect.stringContaining('25779856.37')]);
    expect(stderr.split('\n').slice(1)).toEqual([
      'Connecting again …',
      'Attempt 1 was lost (node-lost); this is attempt 2.',
      'starting',
      `Its data: openpro job result ${JOB_ID}`,
      '',
    ]);
  });

  it('asks again when the server ends the stream before the job has ended', async () => {
    let asked = 0;
    await serve({
      jobProgress: () => stream(),
      job: () => (asked++ < 2 ? job() : solved()),
    });
    expect((await openpro('job', 'watch', JOB_ID)).code).toBe(0);
    expect(asked).toBe(3);
  });

  it('ends with 4 where there is no such job', async () => {
    await serve({ jobProgress: () => stream(), job: () => null });
    const { code, stderr } = await openpro('job', 'watch', JOB_ID);
    expect([code, stderr]).toEqual([4, expect.stringContaining(`There is no job ${JOB_ID}`)]);
  });

  it('is left by Ctrl-C without touching the job', async () => {
    const { calls } = await serve({ jobProgress: () => endless(progress(job(), [point()])) });
    const run = start(['job', 'watch', JOB_ID]);
    await run.says(/best 26000000/);
    run.interrupt();
    const { code, stderr } = await run.ended;
    expect([code, stderr]).toEqual([130, expect.stringContaining(`openpro job watch ${JOB_ID}`)]);
    expect(calls.map(({ operation }) => operation)).toEqual(['subscription']);
  });
});

it('gives a waiting job another priority, and says what it waits for', async () => {
  const fake = await serve({
    prioritizeJob: () => job({ state: 'QUEUED', priority: 300, waitingFor: 'Two jobs are ahead of it' }),
  });
  const { code, stdout } = await openpro('job', 'prioritize', JOB_ID, '300');
  expect([code, stdout]).toEqual([0, `Job ${JOB_ID} has the priority 300. Two jobs are ahead of it\n`]);
  expect(fake.callsOf('PrioritizeJob')).toMatchObject([{ variables: { id: JOB_ID, priority: 300 } }]);
  expect((await openpro('job', 'prioritize', JOB_ID, 'first')).code).toBe(2);
});

it('submits a job that waits for others', async () => {
  const fake = await serve({ submitJob: () => job({ state: 'QUEUED' }) });
  const after = ['--after', JOB_ID, '--after', `${CASE_ID}:any`];
  expect((await openpro('job', 'submit', 'solve-file', 'solve', ...after)).code).toBe(0);
  expect(fake.callsOf('SubmitJob')).toMatchObject([
    {
      variables: {
        input: {
          after: [
            { job: JOB_ID, on: 'SUCCESS' },
            { job: CASE_ID, on: 'ANY' },
          ],
        },
      },
    },
  ]);
  expect((await openpro('job', 'submit', 'a', 'b', '--after', 'yesterday')).code).toBe(2);
});

it('adds a schedule with what is run, when, and in the time zone of this computer', async () => {
  const made = {
    __typename: 'Schedule',
    id: JOB_ID,
    name: 'solve-file solve',
    app: { id: 'solve-file:1.0.0' },
    procedure: 'solve',
    description: '',
    owner: { name: 'Alice' },
    at: '2027-03-28T02:00',
    zone: 'UTC',
    overlap: 'QUEUE',
    missed: 'ALL',
    atMost: 3,
    state: 'ACTIVE',
    next: [{ at: 0, text: 'Sun, 28 Mar 2027, 02:00 GMT+0', note: 'unusual' }],
  };
  const fake = await serve({ makeSchedule: () => made });
  const words = ['--at', '2027-03-28T02:00', '--overlap', 'queue', '--missed', 'all', '--at-most', '3'];
  const { code, stdout } = await openpro('schedule', 'add', 'solve-file', 'solve', ...words, '--gap', '1%');
  expect(code).toBe(0);
  expect(stdout).toMatch(/when +once, 2027-03-28T02:00 \(UTC\)/);
  expect(stdout).toMatch(/Next:\n {2}Sun, 28 Mar 2027, 02:00 GMT\+0 {3}\(unusual\)/);
  const { timeZone: zone } = Intl.DateTimeFormat().resolvedOptions();
  expect(fake.callsOf('MakeSchedule')).toMatchObject([
    {
      variables: {
        job: { app: 'solve-file', procedure: 'solve', gap: 0.01 },
        terms: { when: { at: '2027-03-28T02:00', zone }, overlap: 'QUEUE', missed: 'ALL', atMost: 3 },
      },
    },
  ]);
  expect((await openpro('schedule', 'add', 'a', 'b', '--in', '1h', '--overlap', 'none')).code).toBe(2);
});

describe('solving a file', () => {
  const upload = {
    __typename: 'Upload',
    id: 'up-1',
    url: '/api/uploads/up-1?secret=s',
    maxBytes: 1e6,
    expiresAt: 0,
  };
  const fields = (jobProgress: () => unknown): Fields => ({
    requestUpload: () => upload,
    submitJob: () => job({ state: 'QUEUED' }),
    interruptJob: () => job(),
    jobProgress,
  });
  const model = 'NAME test\nENDATA\n';
  beforeEach(() => writeFile(at('model.mps'), model));

  it('uploads it, submits it to the app for files and prints what came out', async () => {
    const { calls, uploads } = await serve(fields(() => stream(progress(solved()))));
    const { code, stdout } = await openpro('solve', 'model.mps', '--gap', '1%');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^status +optimal\nobjective +25779856\.37\ntime +3\.5 s\n/);
    expect(uploads.get('up-1')?.toString()).toBe(model);
    expect(calls[0]?.variables).toMatchObject({ kind: 'FILE', name: 'model.mps', size: model.length });
    expect(calls[1]?.variables).toMatchObject({
      input: {
        app: 'solve-file',
        procedure: 'solve',
        files: [{ identifier: 'File', upload: 'up-1' }],
        values: [{ identifier: 'Format', cells: [{ tuple: [], value: 'mps' }] }],
        gap: 0.01,
      },
    });
  });

  it('prints one JSON document and saves the solution', async () => {
    const { files } = await serve(fields(() => stream(progress(job(), [point()]), progress(solved()))));
    files.set(`/api/cases/${CASE_ID}/Solution.csv`, 'Column,Value\nx1,3\n');
    const { stdout, stderr } = await openpro('solve', 'model.mps', '--json', '-o', 'solution.csv');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'optimal',
      objective: 25779856.3717,
      job: { id: JOB_ID },
    });
    expect(await readFile(at('solution.csv'), 'utf8')).toBe('Column,Value\nx1,3\n');
  });

  it('stops the solver on the first Ctrl-C and keeps its best solution', async () => {
    let stopped = (): void => undefined;
    const interrupted = new Promise<void>((resolve) => (stopped = resolve));
    const ended = async function* (): AsyncGenerator<object> {
      yield progress(job(), [point()]);
      await interrupted;
      yield progress(solved({ state: 'INTERRUPTED', solverStatus: null, objective: 26_000_000 }));
    };
    await serve({ ...fields(ended), interruptJob: () => (stopped(), job()) });
    const run = start(['solve', 'model.mps']);
    await run.says(/best 26000000/);
    run.interrupt();
    const { code, stdout, stderr } = await run.ended;
    expect(code).toBe(11);
    expect(stderr).toContain('Stopping the solver');
    expect(stdout).toMatch(/status +interrupted\nobjective +26000000\n/);
  });

  it('leaves the job alone on the second', async () => {
    let asked = (): void => undefined;
    const interrupted = new Promise<void>((resolve) => (asked = resolve));
    await serve({
      ...fields(() => endless(progress(job(), [point()]))),
      interruptJob: () => (asked(), job()),
    });
    const run = start(['solve', 'model.mps']);
    await run.says(/best 26000000/);
    run.interrupt();
    await interrupted;
    run.interrupt();
    expect((await run.ended).code).toBe(130);
  });
});

describe('a list of scenarios', () => {
  it('is read from a file, and a file that is none is named', async () => {
    await serve({});
    const submit = () => openpro('batch', 'submit', 'cutting', 'solve', '--list', at('none.json'));
    expect(await submit()).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/none\.json cannot be read \(ENOENT\)/),
    });
    await writeFile(at('none.json'), '[');
    expect(await submit()).toMatchObject({ code: 2, stderr: expect.stringMatching(/list is not JSON/) });
  });
});

describe('terminating a job', () => {
  it('warns of no loss where the job has ended already', async () => {
    const ended = { __typename: 'Conflict', code: 'AlreadyEnded', message: 'The job has ended already' };
    await serve({ job: () => job({ state: 'COMPLETED' }), terminateJob: () => ended });
    const { code, stderr } = await openpro('job', 'terminate', JOB_ID);
    expect([code, stderr]).toEqual([3, 'The job has ended already\n']);
  });

  it('is not done without a yes', async () => {
    const fake = await serve({ job: () => job(), terminateJob: () => job({ state: 'CANCELLED' }) });
    const asked = await openpro('job', 'terminate', JOB_ID);
    expect([asked.code, asked.stderr]).toEqual([
      2,
      expect.stringContaining('its best solution so far is lost'),
    ]);
    expect(fake.callsOf('TerminateJob')).toEqual([]);
    const told = await openpro('job', 'terminate', JOB_ID, '--yes', '--reason', 'wrong data');
    expect([told.code, told.stdout]).toEqual([0, `Job ${JOB_ID} is cancelled.\n`]);
    expect(fake.callsOf('TerminateJob')[0]?.variables).toMatchObject({ id: JOB_ID, reason: 'wrong data' });
  });
});

describe('publishing', () => {
  const upload = {
    __typename: 'Upload',
    id: 'up-1',
    url: '/api/uploads/up-1?secret=s',
    maxBytes: 1e9,
    expiresAt: 0,
  };
  const published = { ...(job()['app'] as object), __typename: 'AppVersion' };
  const manifest = {
    name: 'tiny',
    version: '1.0.0',
    title: 'Tiny',
    description: 'As small as an app can be.',
    category: 'Tests',
    engine: { name: 'model-ts', range: '*' },
    entry: { model: 'model/model.mjs' },
    procedures: [],
  };
  const cluster = generateKeyPair('cluster');

  beforeEach(async () => {
    await mkdir(at('tiny/model'), { recursive: true });
    await writeFile(at('tiny/app.json'), JSON.stringify(manifest));
    await writeFile(at('tiny/model/model.mjs'), 'export default {};\n');
  });

  const serveKey = async (fields: Fields): Promise<FakePlatform> => {
    const fake = await serve(fields);
    fake.files.set('/api/cluster-key', toPem(cluster.publicKey));
    return fake;
  };

  it('encrypts a folder for the platform, signs it with a key of its own and uploads it', async () => {
    const fake = await serveKey({ requestUpload: () => upload, publishApp: () => published });
    const { code, stdout } = await openpro('app', 'publish', 'tiny');
    expect([code, stdout]).toEqual([0, 'Published solve-file:1.0.0 on model-ts:1.0.0, latest.\n']);
    expect(fake.callsOf('PublishApp')[0]?.variables).toMatchObject({ upload: 'up-1' });

    const key = JSON.parse((await openpro('key', 'show', '--json')).stdout) as {
      id: string;
      publicKey: string;
    };
    const file = at('uploaded.app');
    await writeFile(file, fake.uploads.get('up-1') ?? '');
    const trusted = (id: string) => (id === key.id ? publicKeyFromPem(key.publicKey, 'signing') : undefined);
    const opened = await readAppPackage(file, { trusted, clusterPrivateKey: cluster.privateKey });
    expect(opened).toMatchObject({ keyId: key.id, manifest: { name: 'tiny', version: '1.0.0' } });
  });

  it('packs into a file that is named for the app', async () => {
    await serveKey({});
    const { stdout } = await openpro('app', 'pack', 'tiny', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ file: 'tiny-1.0.0.app', name: 'tiny', version: '1.0.0' });
    expect((await stat(at('tiny-1.0.0.app'))).size).toBeGreaterThan(0);
  });

  it('names the field of a manifest that is wrong, and sends nothing', async () => {
    const { calls } = await serveKey({});
    await writeFile(at('tiny/app.json'), JSON.stringify({ ...manifest, version: 'one' }));
    const { code, stderr } = await openpro('app', 'publish', 'tiny');
    expect([code, stderr, calls]).toEqual([2, expect.stringContaining('version is "one"'), []]);
  });

  it('says what to do about a key that is not trusted yet', async () => {
    const refusal = { __typename: 'Conflict', code: 'NotTrusted', message: 'Nobody trusts this key.' };
    await serveKey({ requestUpload: () => upload, publishApp: () => refusal });
    const { code, stderr } = await openpro('app', 'publish', 'tiny');
    expect([code, stderr]).toEqual([3, expect.stringContaining('openpro key trust')]);
  });

  it('shows a key that stays the same, and keeps its private half to its owner', async () => {
    const [first, second] = [await openpro('key', 'show'), await openpro('key', 'show')];
    expect(first.stdout).toBe(second.stdout);
    expect(first.stdout).not.toContain('PRIVATE KEY');
    expect((await stat(at('home/publisher.key.pem'))).mode & 0o777).toBe(0o600);
  });
});

describe('reading data', () => {
  const identifier = (name: string, domain: readonly string[]) => ({
    name,
    type: 'f64',
    domain,
    count: 1,
    size: 8,
    digest: '',
  });
  const shown = {
    id: CASE_ID,
    name: 'result',
    kind: 'result',
    app: 'solve-file',
    version: '1.0.0',
    owner: ALICE,
    createdAt: 0,
    digest: '',
    identifiers: [identifier('Objective', []), identifier('../../Solution', ['Columns'])],
    table: ({ identifier: name }: { identifier: string }) =>
      name === 'Objective'
        ? { identifier: name, version: 1, columns: ['Objective'], rows: [[7]], total: 1 }
        : { identifier: name, version: 1, columns: ['Column', 'Value'], rows: [['x1', 3]], total: 1 },
  };

  it('lists the identifiers of a result, with the values of scalars', async () => {
    await serve({ job: () => solved(), case: () => shown });
    const { code, stdout } = await openpro('job', 'result', JOB_ID);
    expect(code).toBe(0);
    expect(stdout).toMatch(/objective +25779856\.37/);
    expect(stdout).toMatch(/^Objective +f64 +1 +8 B +7$/m);
  });

  it('prints one table, also as JSON and CSV', async () => {
    const { files } = await serve({ case: () => shown });
    files.set(`/api/cases/${CASE_ID}/Objective.csv`, 'Objective\n7\n');
    const get = (...args: string[]) => openpro('case', 'get', CASE_ID, '--identifier', 'Objective', ...args);
    expect((await get()).stdout).toBe('Objective\n        7\n');
    expect((await get('--csv')).stdout).toBe('Objective\n7\n');
    expect(JSON.parse((await get('--json')).stdout)).toEqual({
      identifier: 'Objective',
      columns: ['Objective'],
      rows: [[7]],
      total: 1,
    });
  });

  it('writes one file per identifier, never outside the folder', async () => {
    const { files } = await serve({ case: () => shown });
    files.set(`/api/cases/${CASE_ID}/Objective.csv`, '7');
    files.set(`/api/cases/${CASE_ID}/${encodeURIComponent('../../Solution')}.csv`, '3');
    expect((await openpro('case', 'get', CASE_ID, '-o', 'out/data')).code).toBe(0);
    expect((await readdir(at('out/data'))).sort()).toEqual(['Objective.csv', '__.._Solution.csv']);
  });

  it('names the identifiers there are', async () => {
    await serve({ case: () => shown });
    const { code, stderr } = await openpro('case', 'get', CASE_ID, '--identifier', 'Nothing');
    expect([code, stderr]).toEqual([4, expect.stringContaining('one of Objective')]);
  });

  it('reads long lists page by page, and no further than asked', async () => {
    const fake = await serve({
      jobs: ({ first, after }) =>
        page(
          Array.from({ length: Number(first) }, () => job()),
          { hasNextPage: true, endCursor: `${String(after ?? '')}+` },
        ),
    });
    const { stdout } = await openpro('job', 'list', '--limit', '250', '--json');
    expect(JSON.parse(stdout)).toHaveLength(250);
    expect(fake.calls.map(({ variables }) => [variables['first'], variables['after']])).toEqual([
      [200, null],
      [50, '+'],
    ]);
  });

  it('prints a log to its end, whatever is in it', async () => {
    const text = 'first\n\u001b[31mred\n';
    await serve({
      job: () => ({
        ...solved(),
        log: ({ offset }: { offset: number }) => ({
          text: text.slice(offset),
          nextOffset: text.length,
          open: false,
        }),
      }),
    });
    expect((await openpro('job', 'log', JOB_ID)).stdout).toBe(text);
  });
});

describe('the log of a job', () => {
  it('is followed from attempt to attempt, to the end of the job', async () => {
    const logs = ['one\n', 'two\nthree\n'];
    let step = 0;
    const attempts = () =>
      logs.slice(0, step < 2 ? 1 : 2).map((_, i) => ({ number: i + 1, node: 'n', startedAt: 0 }));
    await serve({
      job: () => ({
        ...job({ state: step < 3 ? 'RUNNING' : 'COMPLETED', attempts: attempts() }),
        log: ({ attempt, offset }: { attempt?: number; offset: number }) => {
          const text = logs[(attempt ?? attempts().length) - 1] ?? '';
          const end = step === 2 && attempt === 2 ? 4 : text.length;
          return { text: text.slice(offset, end), nextOffset: end, open: step < 3 };
        },
      }),
      jobProgress: async function* () {
        for (step = 1; step <= 3; step++) yield progress(job());
      },
    });
    const { code, stdout, stderr } = await openpro('job', 'log', JOB_ID, '-f');
    expect([code, stdout, stderr]).toEqual([0, 'one\ntwo\nthree\n', '── attempt 2 ──\n']);
  });
});

describe('the log of events', () => {
  const event = (position: string) => ({
    position,
    id: position,
    type: 'jobs.JobQueued',
    stream: 'job-1',
    version: 1,
    at: 0,
    actor: 'system',
    roles: [],
    commandId: 'c',
    correlation: 'c',
    data: {},
  });

  it('continues after the last event that was seen', async () => {
    const fake: FakePlatform = await serve({
      events: ({ after }) => {
        if (after === '4') return endless({ events: event('5') }, { events: event('6') });
        return after === '6' ? endless({ events: event('7') }) : endless();
      },
    });
    const run = start(['events', 'stream', '--after', '4', '--json']);
    await run.says(/"position":"6"/);
    await fake.stop();
    await fake.start();
    await run.says(/"position":"7"/);
    run.interrupt();
    const { code, stdout } = await run.ended;
    const positions = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { position: string }).position);
    expect([code, positions]).toEqual([130, ['5', '6', '7']]);
  });

  it('shows the newest events', async () => {
    const fake = await serve({
      events: () => page([{ ...event('1'), actor: ALICE.id }]),
      me: () => ALICE,
      platform: () => ({ version: '1.0.0', startedAt: 0 }),
      nodes: () => page([]),
    });
    const { stdout } = await openpro('events', 'tail', '-n', '1', '--type', 'jobs.JobQueued');
    expect(stdout).toContain('jobs.JobQueued  job-1  by Alice');
    expect(fake.calls[0]?.variables).toMatchObject({ last: 1, types: ['jobs.JobQueued'] });
  });
});
