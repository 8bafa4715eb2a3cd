import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { generateKeyPair } from '@openpro/engine';
import { createHash, randomBytes, randomUUID, sign } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { ZipWriter } from '../../libs/engine/src/package/zip-writer.js';
import { engineFiles, engineManifest } from '../../libs/engine/src/package/package.testing.js';
import { Author, manifestOf, solving } from './apps.js';
import { type Api, isAlive, Platform } from './platform.js';

jest.setTimeout(120_000);

const MEMORY_MIB = 512;
const BLOBS_MIB = 96;

/** Blobs on a small disk of their own, where the system lets us have one: that disk is then filled. */
const smallDisk = (folder: string): boolean => {
  mkdirSync(folder, { recursive: true });
  return (
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${BLOBS_MIB}m`, 'tmpfs', folder], { stdio: 'ignore' })
      .status === 0
  );
};

interface Refused {
  readonly code?: string;
  readonly message?: string;
  readonly field?: string | null;
  readonly limit?: string | null;
}

interface Job {
  readonly id: string;
  readonly state: string;
  readonly objective: number | null;
  readonly error: { readonly code: string; readonly message: string; readonly where: string | null } | null;
  readonly attempts: readonly { readonly outcome: string | null }[];
  readonly log: { readonly text: string };
  readonly result: { readonly table: { readonly rows: readonly unknown[] } } | null;
  readonly timeline: readonly { readonly type: string; readonly data: { readonly forced?: boolean } }[];
}

const ENDED = new Set(['COMPLETED', 'INTERRUPTED', 'TIME_LIMIT', 'FAILED', 'CANCELLED', 'ABANDONED']);

describe('bad input', () => {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'openpro-e2e-'));
  const blobs = path.join(dataDir, 'blobs');
  const onSmallDisk = smallDisk(blobs);
  const platform = new Platform(dataDir, [], { OPENPRO_MEMORY_MIB: String(MEMORY_MIB) });
  let api: Api;
  let author: Author;
  let server: number;

  const submit = (input: object, commandId?: string) =>
    api.change<{ id?: string } & Refused>(
      'submitJob',
      '$input: SubmitJob!',
      { input },
      '... on Job { id }',
      commandId,
    );

  const job = async (input: object): Promise<string> => {
    const { id, message } = await submit(input);
    if (id === undefined) throw new Error(message);
    return id;
  };

  const ended = async (id: string): Promise<Job> => {
    await api.until<{ jobChanged: { state: string } }>(
      'subscription($id: ID!) { jobChanged(id: $id) { state } }',
      { id },
      ({ jobChanged }) => ENDED.has(jobChanged.state),
    );
    const asked = await api.ask<{ job: Job }>(
      `query($id: ID!) { job(id: $id) {
        id state objective error { code message where } attempts { outcome } log { text }
        result { table(identifier: "Out") { rows } } timeline { type data } } }`,
      { id },
    );
    return asked.job;
  };

  const run = async (app: string, input: object = {}) =>
    ended(await job({ app, procedure: 'solve', ...input }));

  /** Resolves when the model itself runs. */
  const running = (id: string) => api.progress(id, ({ phase }) => phase === 'build');

  const eventsOf = async (...types: string[]) =>
    (
      await api.ask<{ events: { nodes: { type: string; stream: string }[] } }>(
        'query($types: [String!]) { events(last: 200, types: $types) { nodes { type stream } } }',
        { types },
      )
    ).events.nodes;

  /** What work on packages and uploads must not leave behind. */
  const leftovers = () => [
    ...readdirSync(path.join(blobs, '.part')),
    ...readdirSync(path.join(dataDir, 'run')).filter((name) => name.startsWith('check-')),
  ];

  beforeAll(async () => {
    await platform.start();
    server = platform.serverPid;
    api = await platform.signIn();
    author = await Author.of(api);
    await author.trust();
    await author.app('adds', solving('data.Out.value = data.In.value + data.Size.get(0);'));
  });

  afterAll(async () => {
    await platform.stop();
    if (onSmallDisk) spawnSync('umount', [blobs]);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
  });

  /** After each group: the process that has met all this is the one from the start, and does its work. */
  const livesOn = () =>
    it('leaves the server as it was, and able to work', async () => {
      expect(platform.serverPid).toBe(server);
      expect(isAlive(server)).toBe(true);
      const done = await run('adds', { values: [{ identifier: 'In', cells: [{ tuple: [], value: 41 }] }] });
      expect(done).toMatchObject({ state: 'COMPLETED', result: { table: { rows: [[41]] } } });
      expect(leftovers()).toEqual([]);
    });

  describe('in packages', () => {
    let app: Buffer;
    let engine: Buffer;

    /** An engine that nobody's tools would pack: whatever its files say, list and signature are right. */
    const forgedEngine = async (files: Readonly<Record<string, string>>, signed = true): Promise<Buffer> => {
      const parts: Uint8Array[] = [];
      const zip = new ZipWriter(async (part) => void parts.push(part));
      for (const [name, content] of Object.entries(files)) await zip.add(name, Buffer.from(content));
      const list = Buffer.from(
        JSON.stringify({
          archive: createHash('sha256').update(Buffer.concat(parts)).digest('hex'),
          files: Object.entries(files).map(([name, content]) => ({
            path: name,
            size: Buffer.byteLength(content),
            sha256: createHash('sha256').update(content).digest('hex'),
          })),
        }),
      );
      await zip.add('files.json', list);
      const value = sign(null, list, author.keys.privateKey).toString('base64');
      if (signed)
        await zip.add(
          'signature.json',
          Buffer.from(JSON.stringify({ keyId: author.keyId, algorithm: 'Ed25519', value })),
        );
      await zip.end();
      return Buffer.concat(parts);
    };
    const engineWith = (change: object) =>
      forgedEngine({ ...engineFiles, 'engine.json': JSON.stringify({ ...engineManifest, ...change }) });
    const altered = (bytes: Buffer, at: number): Buffer => {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    };

    beforeAll(async () => {
      app = await author.packApp({ name: 'never', model: solving('') });
      engine = await author.packEngine(engineFiles);
    });

    it.each<[string, 'APP' | 'ENGINE', () => Buffer | Promise<Buffer>, string, RegExp]>([
      ['an app of random bytes', 'APP', () => randomBytes(5000), 'BadPackage', /no app package/],
      ['an empty app', 'APP', () => Buffer.alloc(0), 'BadPackage', /no app package/],
      ['half an app', 'APP', () => app.subarray(0, app.length / 2), 'NotTrusted', /signature .* is not by/],
      [
        'an unsigned app',
        'APP',
        () => Buffer.concat([app.subarray(0, -64), Buffer.alloc(64)]),
        'NotTrusted',
        /is not by the key/,
      ],
      ['an app with another byte', 'APP', () => altered(app, app.length - 200), 'BadPackage', /payload/],
      [
        'an app by a key that nobody trusts',
        'APP',
        async () => (await Author.of(api)).packApp({ name: 'never', model: '' }),
        'NotTrusted',
        /which is not trusted here/,
      ],
      [
        'an app for another cluster',
        'APP',
        () => author.packApp({ name: 'never', model: '' }, generateKeyPair('cluster').publicKey),
        'BadPackage',
        /packed for the cluster key .* Pack it again/,
      ],
      [
        'an app for an engine that is not there',
        'APP',
        () => author.packApp({ name: 'never', model: '', engine: { name: 'model-ts', range: '^99.0.0' } }),
        'NoSuchEngine',
        /needs engine model-ts \^99\.0\.0; published: 1\./,
      ],
      ['an engine of random bytes', 'ENGINE', () => randomBytes(5000), 'BadPackage', /zip/],
      ['half an engine', 'ENGINE', () => engine.subarray(0, engine.length / 2), 'BadPackage', /zip|end/],
      ['an unsigned engine', 'ENGINE', () => forgedEngine(engineFiles, false), 'NotTrusted', /is not signed/],
      ['an engine with another byte', 'ENGINE', () => altered(engine, 500), 'BadPackage', /./],
      [
        'an engine by a key that nobody trusts',
        'ENGINE',
        async () => (await Author.of(api)).packEngine(engineFiles),
        'NotTrusted',
        /which is not trusted here/,
      ],
      [
        'an engine of another contract',
        'ENGINE',
        () => engineWith({ contract: 2 }),
        'BadManifest',
        /engine\.json: contract is 2; it must be one of 1/,
      ],
      [
        'an engine with text where a number belongs',
        'ENGINE',
        () => engineWith({ limits: { ...engineManifest.limits, startTimeoutS: 'soon' } }),
        'BadManifest',
        /limits\.startTimeoutS .* must be a number/,
      ],
      [
        'an engine with a file outside of it',
        'ENGINE',
        () => forgedEngine({ ...engineFiles, '../outside.mjs': '' }),
        'BadPackage',
        /\.\.\/outside\.mjs/,
      ],
      [
        'an engine whose manifest is no JSON',
        'ENGINE',
        () => forgedEngine({ ...engineFiles, 'engine.json': '{"name":' }),
        'BadManifest',
        /engine\.json/,
      ],
    ])('refuses %s', async (_what, kind, bytes, code, message) => {
      const outcome = await author.publish(kind, await bytes());
      expect(outcome).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(outcome.field).not.toBeNull();
      expect(outcome.limit).not.toBeNull();
    });

    it.each<[string, string, RegExp]>([
      ['has a syntax error', 'export default {\n  interface: {,\n};', /model\/main\.mjs:2:\d+ SyntaxError/],
      ['throws when it is loaded', '\nthrow new Error("no licence");', /model\/main\.mjs:2:\d+ no licence/],
      [
        'throws when it makes its data',
        solving('').replace('data.sets.Items', '\nthrow new TypeError("no data"); data.sets.Items'),
        /model\/main\.mjs:\d+:\d+ TypeError: no data/,
      ],
      ['lacks a procedure', solving('').replace('sum: (data', 'total: (data'), /procedures\.sum/],
      ['lacks solve', solving('').replace('async solve', 'async solved'), /solve must be a function/],
      ['exports nothing', 'export const interface_ = {};', /default export/],
      ['imports what is not there', 'import "./other.mjs";', /other\.mjs/],
    ])('refuses an app whose model %s, and says where', async (_what, model, message) => {
      const outcome = await author.publish('APP', await author.packApp({ name: 'never', model }));
      expect(outcome).toMatchObject({ code: 'AppDoesNotCheck', field: 'upload' });
      expect(outcome.message).toMatch(message);
    });

    it('refuses a wrong manifest in the command line already', async () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-app-'));
      try {
        mkdirSync(path.join(folder, 'model'));
        writeFileSync(path.join(folder, 'model/main.mjs'), solving(''));
        const manifest = { ...manifestOf({ name: 'never', model: '' }), version: 'one' };
        writeFileSync(path.join(folder, 'app.json'), JSON.stringify(manifest));
        const { code, output, errors } = await platform.cli('app', 'publish', folder);
        expect({ code, output }).toEqual({ code: 2, output: '' });
        expect(errors).toMatch(/app\.json: version is "one"; it must be/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it('has published none of them', async () => {
      const published = await eventsOf('AppPublished', 'EnginePublished');
      expect(published.map(({ stream }) => stream)).toEqual([
        expect.stringMatching(/^engine-model-ts:/),
        'app-ROOT:supply-network',
        'app-ROOT:solve-file',
        'app-ROOT:adds',
      ]);
    });

    it('publishes a version once: other bytes under its name are refused', async () => {
      const again = await author.packApp({ name: 'adds', model: solving('') });
      expect(await author.publish('APP', again)).toMatchObject({
        __typename: 'Conflict',
        code: 'VersionTaken',
      });
    });

    livesOn();
  });

  describe('in the arguments of a job', () => {
    it.each<[string, object, Refused]>([
      ['an unknown app', { app: 'nope' }, { code: 'NoSuchApp', field: 'app' }],
      ['an unknown version', { version: '9.9.9' }, { code: 'NoSuchApp', field: 'version' }],
      ['no app', { app: null }, { code: 'BadInput', field: 'app', limit: 'an app or a session' }],
      [
        'an unknown procedure',
        { procedure: '; DROP TABLE jobs' },
        { code: 'NoSuchProcedure', field: 'procedure', limit: 'solve' },
      ],
      ['a data procedure', { procedure: 'sum' }, { code: 'NoSuchProcedure', limit: 'solve' }],
      ['args that are a list', { args: [1] }, { field: 'args', limit: 'an object' }],
      ['args that are text', { args: 'x' }, { field: 'args', limit: 'an object' }],
      [
        'args of 100 KB',
        { args: { x: 'x'.repeat(1e5) } },
        { field: 'args', limit: expect.stringContaining('65536 bytes') as never },
      ],
      [
        'a raised priority',
        { priority: 99 },
        { field: 'priority', limit: 'a whole number from 100 to 10000' },
      ],
      [
        'a time limit of 0',
        { timeLimit: 0 },
        { field: 'timeLimit', message: expect.stringContaining('above 0') as never },
      ],
      ['a gap of 2', { gap: 2 }, { field: 'gap', limit: 'a number from 0 to 1' }],
      ['a negative seed', { seed: -1 }, { field: 'seed' }],
      ['a description of 501 characters', { description: 'x'.repeat(501) }, { field: 'description' }],
      ['a description that forges a second line', { description: 'a\nb' }, { field: 'description' }],
      [
        'an unknown session',
        { app: null, session: randomUUID() },
        { code: 'NoSuchSession', field: 'session' },
      ],
      ['an unknown case', { case: randomUUID() }, { code: 'NoSuchCase', field: 'case' }],
      ['session and case', { session: 'a', case: 'b' }, { field: 'session', limit: 'one source of data' }],
      [
        'an unknown upload',
        { files: [{ identifier: 'Note', upload: randomUUID() }] },
        { code: 'NoSuchUpload', field: 'files' },
      ],
    ])('refuses %s', async (_what, change, expected) => {
      const outcome = await submit({ app: 'adds', procedure: 'solve', ...change });
      expect(outcome).toMatchObject(expected);
      expect(outcome.id).toBe(undefined);
    });

    const set = (identifier: string, tuple: string[], value: unknown) =>
      submit({ app: 'adds', procedure: 'solve', values: [{ identifier, cells: [{ tuple, value }] }] });

    it.each<[string, [string, string[], unknown], RegExp]>([
      ['an unknown identifier', ['Nope', [], 1], /no identifier "Nope"/],
      [
        'text where a number belongs',
        ['In', [], 'many'],
        /In must be a number from 0 up to 100; it is "many"/,
      ],
      ['a number over its limit', ['In', [], 101], /In must be a number from 0 up to 100; it is 101/],
      ['a number where text belongs', ['Note', [], 5], /Note must be text; it is 5/],
      ['an unknown element', ['Size', ['three'], 1], /Items has no element "three"/],
      ['a tuple of the wrong length', ['Size', ['one', 'two'], 1], /1 index set/],
      ['a value for an output', ['Out', [], 1], /read-only/],
      ['a list as value', ['In', [], [1]], /In must be a number/],
    ])('refuses %s', async (_what, [identifier, tuple, value], message) => {
      const outcome = await set(identifier, tuple, value);
      expect(outcome).toMatchObject({ field: 'values', message: expect.stringMatching(message) });
    });

    it('has queued nothing of it', async () => {
      expect((await eventsOf('JobQueued')).length).toBe(1); // of the group before
    });

    it.each<[string, string, RegExp]>([
      ['text for a whole number', 'priority: "high"', /Int cannot represent non-integer value: "high"/],
      ['a number that is none', 'timeLimit: NaN', /Float cannot represent non numeric value: NaN/],
      ['an unknown input field', 'colour: 1', /Field "colour" is not defined/],
    ])('refuses %s before anything runs', async (_what, input, message) => {
      const { status, body } = await api.raw(
        `mutation { submitJob(input: { app: "adds", procedure: "solve", ${input} }, commandId: "${randomUUID()}") { __typename } }`,
      );
      expect(status).toBe(400);
      expect(body.errors?.[0]?.message).toMatch(message);
    });

    livesOn();
  });

  describe('in the data of a session', () => {
    let session: string;

    beforeAll(async () => {
      const launched = await api.change<{ id: string }>(
        'launchSession',
        '$app: String!',
        { app: 'adds' },
        '... on Session { id }',
      );
      session = launched.id;
      await api.until<{ sessionChanged: { session: { state: string } } }>(
        'subscription($id: ID!) { sessionChanged(id: $id) { session { state } } }',
        { id: session },
        ({ sessionChanged }) => sessionChanged.session.state === 'READY',
      );
    });

    const setData = (identifier: string, cells: object[], ifVersion: number | null = null) =>
      api.change<Refused & { rejected?: { tuple: string[]; reason: string }[] }>(
        'setData',
        '$session: ID!, $identifier: String!, $cells: [Cell!]!, $ifVersion: Int',
        { session, identifier, cells, ifVersion },
        '... on DataChange { version rejected { tuple reason } }',
      );

    it('sets what is right, and names each cell that is not', async () => {
      const outcome = await setData('Size', [
        { tuple: ['one'], value: 5 },
        { tuple: ['three'], value: 5 },
        { tuple: ['two'], value: 'wide' },
        { tuple: [], value: 1 },
      ]);
      expect(outcome.rejected).toEqual([
        { tuple: ['three'], reason: expect.stringContaining('no element "three"') },
        { tuple: ['two'], reason: expect.stringMatching(/must be a number.*"wide"/) },
        { tuple: [], reason: expect.stringContaining('1 index set') },
      ]);
      const { session: seen } = await api.ask<{ session: { data: { rows: unknown[] } } }>(
        'query($id: ID!) { session(id: $id) { data(identifier: "Size") { rows } } }',
        { id: session },
      );
      expect(seen.data.rows).toEqual([['one', 5]]);
    });

    it('refuses 10,001 cells, unknown and read-only identifiers, and an older version of the data', async () => {
      const many = Array.from({ length: 10_001 }, () => ({ tuple: ['one'], value: 1 }));
      expect(await setData('Size', many)).toMatchObject({
        code: 'TooLarge',
        field: 'cells',
        limit: '10000 cells',
      });
      expect(await setData('Nope', [])).toMatchObject({ code: 'NoSuchIdentifier', field: 'identifier' });
      expect(await setData('Out', [])).toMatchObject({ code: 'ReadOnly', field: 'identifier' });
      expect(await setData('In', [{ tuple: [], value: 5 }], 0)).toMatchObject({ __typename: 'Conflict' });
    });

    it('refuses unknown data procedures, and says where one has thrown', async () => {
      const call = (procedure: string, args: unknown) =>
        api.change<Refused>(
          'runProcedure',
          '$session: ID!, $procedure: String!, $args: JSON',
          { session, procedure, args },
          '... on ProcedureRun { value }',
        );
      expect(await call('solve', {})).toMatchObject({ code: 'NoSuchProcedure', field: 'procedure' });
      expect(await call('__proto__', {})).toMatchObject({ code: 'NoSuchProcedure', field: 'procedure' });
      expect(await call('sum', { plus: 1 })).toMatchObject({ value: 6 });
      expect(await call('sum', [1])).toMatchObject({
        field: 'args',
        message: expect.stringContaining('not a JSON object'),
      });
    });

    it.each<[string, string, RegExp]>([
      ['data(identifier: "Nope") { total }', 'identifier', /no identifier "Nope"/],
      ['data(identifier: "In", limit: 10001) { total }', 'limit', /10001/],
      ['data(identifier: "In", offset: -1) { total }', 'offset', /-1/],
    ])('refuses the window %s', async (window, field, message) => {
      const { body } = await api.raw(`query($id: ID!) { session(id: $id) { ${window} } }`, { id: session });
      expect(body.errors?.[0]).toMatchObject({
        message: expect.stringMatching(message),
        extensions: { code: 'BAD_USER_INPUT', field },
      });
    });

    livesOn();
  });

  describe('in identifiers of things and commands', () => {
    it.each(['job', 'session', 'case'])('knows no %s of a made-up id, whatever its form', async (field) => {
      for (const id of [randomUUID(), 'x', "' OR 1=1 --", '../../etc/passwd', 'ä'.repeat(5000)])
        expect(await api.ask(`query($id: ID!) { ${field}(id: $id) { id } }`, { id })).toEqual({
          [field]: null,
        });
    });

    it.each([
      ['interruptJob', '... on Job { id }', 'NoSuchJob'],
      ['terminateJob', '... on Job { id }', 'NoSuchJob'],
      ['endSession', '... on Session { id }', 'NoSuchSession'],
    ])('refuses %s of an unknown thing', async (field, selection, code) => {
      const outcome = await api.change<Refused>(field, '$id: ID!', { id: randomUUID() }, selection);
      expect(outcome).toMatchObject({ __typename: 'NotFound', code });
    });

    it('names the argument with a character that cannot be stored', async () => {
      const { body } = await api.raw('query($id: ID!) { job(id: $id) { id } }', { id: 'a\0b' });
      expect(body.errors?.[0]).toMatchObject({
        message: 'id has the character U+0000',
        extensions: { code: 'BAD_USER_INPUT', field: 'id' },
      });
    });

    it.each<[string, object]>([
      ['nothing', []],
      ['other kinds of keys', ['x', 'y']],
      ['a number out of range', [1e300, 'y']],
    ])('refuses a cursor with %s in it', async (_what, keys) => {
      const after = Buffer.from(JSON.stringify(keys)).toString('base64url');
      const { body } = await api.raw('query($after: String) { jobs(after: $after) { nodes { id } } }', {
        after,
      });
      expect(body.errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT', field: 'after' } });
    });

    it.each(['hello', '', '00000000-0000-0000-0000-00000000000', randomUUID().toUpperCase()])(
      'refuses the command id %j',
      async (commandId) => {
        const outcome = await submit({ app: 'adds', procedure: 'solve' }, commandId);
        expect(outcome).toMatchObject({ code: 'BadInput', field: 'commandId' });
      },
    );

    it('refuses a command id that was used for something else', async () => {
      const id = randomUUID();
      expect(await submit({ app: 'adds', procedure: 'solve' }, id)).toMatchObject({ id });
      expect(await submit({ app: 'adds', procedure: 'solve' }, id)).toMatchObject({ id });
      expect(await submit({ app: 'adds', procedure: 'solve', gap: 0.5 }, id)).toMatchObject({
        code: 'CommandIdReused',
        field: 'commandId',
      });
      await ended(id);
      const queued = (await eventsOf('JobQueued')).filter(({ stream }) => stream === `job-${id}`);
      expect(queued).toHaveLength(1);
    });

    livesOn();
  });

  describe('in a model that runs', () => {
    it('fails with file and line when it throws', async () => {
      await author.app('throws', solving('    ctx.log("before");\n    null.value;'));
      const job = await run('throws');
      expect(job).toMatchObject({
        state: 'FAILED',
        error: {
          message: expect.stringMatching(/^TypeError: Cannot read/),
          where: expect.stringMatching(/^model\/main\.mjs:6:/),
        },
      });
      expect(job.log.text).toContain('before');
      expect(job.timeline.map(({ type }) => type)).toEqual(['JobQueued', 'JobStarted', 'JobFailed']);
    });

    it('is interrupted, and ended at its time limit, although it loops for ever; the best solution is kept', async () => {
      await author.app(
        'loops',
        solving('    data.Out.value = 7; ctx.incumbent({ objective: 7 });\n    for (;;);'),
      );
      const [first, second] = await Promise.all([
        job({ app: 'loops', procedure: 'solve' }),
        job({ app: 'loops', procedure: 'solve', timeLimit: 1 }),
      ]);
      await running(first);
      await api.change('interruptJob', '$id: ID!', { id: first }, '... on Job { id }');
      for (const [id, state] of [
        [first, 'INTERRUPTED'],
        [second, 'TIME_LIMIT'],
      ] as const) {
        const job = await ended(id);
        expect(job).toMatchObject({ state, objective: 7, result: { table: { rows: [[7]] } } });
        expect(job.timeline.at(-1)).toMatchObject({ type: 'JobCompleted', data: { forced: true } });
      }
    });

    it.each([
      ['in buffers', 'const all = []; for (;;) all.push(new Float64Array(1e6).fill(1));', /512 MiB/],
      ['in objects', 'const all = []; for (;;) all.push({ all });', /256 MiB of JavaScript memory/],
    ])('fails when it eats memory %s, and names the limit', async (where, body, limit) => {
      const name = `eats-${where.slice(3)}`;
      await author.app(name, solving(body));
      expect(await run(name)).toMatchObject({
        state: 'FAILED',
        attempts: [{ outcome: 'failed' }],
        error: { code: 'MemoryLimit', message: expect.stringMatching(limit) },
      });
    });

    it('completes although it prints a gigabyte; log and server stay small', async () => {
      const LIMIT = 50 * 1024 ** 2;
      await author.app(
        'prints',
        solving(`
          const pause = new Int32Array(new SharedArrayBuffer(4));
          const lines = Buffer.from(('x'.repeat(1023) + '\\n').repeat(1024));
          for (let mib = 0; mib < 1024; mib++)
            for (let at = 0; at < lines.length;)
              try {
                at += writeSync(1, lines, at);
              } catch (error) {
                if (error.code !== 'EAGAIN') throw error;
                Atomics.wait(pause, 0, 0, 1);
              }
          data.Out.value = 1;`),
      );
      const job = await run('prints');
      expect(job).toMatchObject({ state: 'COMPLETED', result: { table: { rows: [[1]] } } });
      const response = await fetch(`${api.url}/api/jobs/${job.id}/log`, {
        headers: { authorization: `Bearer ${api.token}` },
      });
      const log = await response.text();
      expect(log.length).toBeLessThan(LIMIT);
      expect(log.includes('lines left out: more than 1000 in a second')).toBe(true);
      const peakKiB = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server}/status`, 'utf8'))?.[1];
      expect(Number(peakKiB)).toBeLessThan(600 * 1024);
    });

    it('never shows a number that is none as a result', async () => {
      await author.app('nan', solving('data.Out.value = NaN; ctx.incumbent({ objective: NaN });'));
      const job = await run('nan');
      expect(job).toMatchObject({
        state: 'FAILED',
        error: {
          message: 'Out holds numbers; NaN is none',
          where: expect.stringContaining('main.mjs:5'),
        },
      });
    });

    it('completes a job once although its process ends itself each time', async () => {
      await author.app('exits', solving('process.kill(process.pid, "SIGKILL");'));
      const job = await run('exits');
      expect(job).toMatchObject({
        state: 'FAILED',
        attempts: [{ outcome: 'crashed' }, { outcome: 'crashed' }],
        error: { message: expect.stringContaining('SIGKILL') },
      });
    });

    livesOn();
  });

  describe('in uploads', () => {
    const ask = async (size: number) => {
      const ticket = await api.change<{ id: string; url: string } & Refused>(
        'requestUpload',
        '$kind: UploadKind!, $name: String!, $size: Float!',
        { kind: 'FILE', name: 'data.txt', size },
        '... on Upload { id url }',
      );
      return ticket;
    };
    const put = async (url: string, body: Uint8Array, type = 'application/octet-stream') => {
      const response = await fetch(url, { method: 'PUT', headers: { 'content-type': type }, body });
      return { status: response.status, body: (await response.json()) as Refused & { digest?: string } };
    };
    const stored = async (id: string) =>
      (await eventsOf('FileStored')).some(({ stream }) => stream === `file-${id}`);

    it.each([
      [64 * 1024 ** 2 + 1, /from 0 to 67108864 bytes/],
      [-1, /from 0 to/],
      [1.5, /whole number/],
    ])('refuses a request for %d bytes', async (size, limit) => {
      expect(await ask(size)).toMatchObject({ field: 'size', limit: expect.stringMatching(limit) });
    });

    it('takes no bytes without its secret, and says no more of an upload that is there', async () => {
      const { id, url } = await ask(3);
      const wrong = await put(url.replace(/secret=.*/, `secret=${'x'.repeat(43)}`), Buffer.from('abc'));
      const unknown = await put(url.replace(id, randomUUID()), Buffer.from('abc'));
      expect(wrong).toEqual(unknown);
      expect(wrong).toMatchObject({ status: 404, body: { code: 'NoSuchUpload' } });
      expect(await stored(id)).toBe(false);
      expect(await put(url, Buffer.from('abc'))).toMatchObject({ status: 200 });
      expect(await stored(id)).toBe(true);
    });

    it('takes bytes once', async () => {
      const { url } = await ask(3);
      expect(await put(url, Buffer.from('abc'))).toMatchObject({ status: 200 });
      expect(await put(url, Buffer.from('xyz'))).toMatchObject({
        status: 409,
        body: { code: 'AlreadyUploaded' },
      });
    });

    it('takes no more bytes than were announced, and names the limit', async () => {
      const { id, url } = await ask(1000);
      expect(await put(url, randomBytes(1001))).toMatchObject({
        status: 413,
        body: { code: 'TooLarge', field: 'size', limit: '1000 bytes' },
      });
      expect(await stored(id)).toBe(false);
      expect(leftovers()).toEqual([]);
    });

    it('reads nothing but bytes as they are', async () => {
      const { url } = await ask(100);
      expect((await put(url, Buffer.from('a=b'), 'application/x-www-form-urlencoded')).status).toBe(415);
      expect((await put(url, Buffer.from('{}'), 'text/plain')).status).toBe(415);
      expect(await put(url, Buffer.from('abc'))).toMatchObject({ status: 200 });
    });

    it('keeps nothing of an upload that is cut in the middle; the same place takes the whole one after it', async () => {
      const { id, url } = await ask(1_000_000);
      const { hostname, port, pathname, search } = new URL(url);
      const socket = net.connect(Number(port), hostname);
      await once(socket, 'connect');
      const head = `PUT ${pathname}${search} HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 1000000\r\n\r\n`;
      await new Promise((resolve) =>
        socket.write(Buffer.concat([Buffer.from(head), randomBytes(500_000)]), resolve),
      );
      socket.destroy();
      const bytes = randomBytes(1_000_000);
      expect(await put(url, bytes)).toMatchObject({
        status: 200,
        body: { digest: createHash('sha256').update(bytes).digest('hex') },
      });
      expect(await stored(id)).toBe(true);
    });

    livesOn();
  });

  const withSmallDisk = onSmallDisk ? describe : describe.skip;
  withSmallDisk(
    `when the disk is full${onSmallDisk ? '' : ' (skipped: this user may not mount a small disk)'}`,
    () => {
      const filler = path.join(blobs, 'filler');
      const fill = (): void => {
        const chunk = Buffer.alloc(64 * 1024);
        for (let room = true; room;)
          try {
            writeFileSync(filler, chunk, { flag: 'a' });
          } catch {
            room = false;
          }
      };

      it('says so, keeps nothing half-done, and goes on once there is space', async () => {
        const bytes = randomBytes(1_000_000);
        const { url } = await api.change<{ url: string }>(
          'requestUpload',
          '$kind: UploadKind!, $name: String!, $size: Float!',
          { kind: 'FILE', name: 'data.bin', size: bytes.length },
          '... on Upload { url }',
        );
        const put = () =>
          fetch(url, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: bytes });

        fill();
        const full = await put();
        expect(full.status).toBe(507);
        expect(await full.json()).toMatchObject({
          message: expect.stringMatching(/disk .*full|No space is left/),
        });

        const values = [{ identifier: 'In', cells: [{ tuple: [], value: 0.123 }] }];
        const { body } = await api.raw(
          'mutation($input: SubmitJob!, $commandId: ID!) { submitJob(input: $input, commandId: $commandId) { __typename } }',
          { input: { app: 'adds', procedure: 'solve', values }, commandId: randomUUID() },
        );
        expect(body.errors?.[0]).toMatchObject({
          message: expect.stringContaining('disk is full'),
          extensions: { code: 'UNAVAILABLE' },
        });
        expect(leftovers()).toEqual([]);

        rmSync(filler);
        expect((await put()).status).toBe(200);
        expect(await run('adds', { values })).toMatchObject({ state: 'COMPLETED' });
      });

      it('fails a job whose result cannot be kept, and names the disk', async () => {
        await author.app(
          'large',
          solving(
            'for (const end = Date.now() + 1e9; !ctx.signal.aborted && Date.now() < end;) await new Promise(setImmediate);\n data.Out.value = 3;',
          ),
        );
        const id = await job({ app: 'large', procedure: 'solve' });
        await running(id);
        fill();
        await api.change('interruptJob', '$id: ID!', { id }, '... on Job { id }');
        const failed = await ended(id);
        rmSync(filler);
        expect(failed).toMatchObject({ state: 'FAILED', result: null });
        expect(failed.error?.message).toMatch(/disk .*is full/);
      });

      livesOn();
    },
  );

  describe('when the database goes away', () => {
    /** Sends the same request until the answer is one that is waited for; what was wrong on the way there. */
    const until = async (wanted: 'data' | 'errors', query: string, variables: object = {}) => {
      const said: { message: string; code: unknown }[] = [];
      for (;;) {
        const { errors } = (await api.raw(query, variables)).body;
        for (const { message, extensions } of errors ?? []) said.push({ message, code: extensions['code'] });
        if ((wanted === 'errors') === (errors !== undefined)) return said;
      }
    };
    const postmaster = () =>
      Number(readFileSync(path.join(dataDir, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);

    it.each(['SIGKILL', 'SIGINT'] as const)(
      'says so meanwhile, and a running job completes exactly once (%s)',
      async (signal) => {
        await author.app(
          `waits-${signal.toLowerCase()}`,
          solving('while (!ctx.signal.aborted) await new Promise(setImmediate);\n data.Out.value = 5;'),
        );
        const id = await job({ app: `waits-${signal.toLowerCase()}`, procedure: 'solve' });
        await running(id);
        const back = platform.says(/PostgreSQL is back/);
        process.kill(postmaster(), signal);
        const asked = until('errors', '{ jobs { nodes { id } } }');
        const commandId = randomUUID();
        const sent = until(
          'data',
          'mutation($commandId: ID!) { submitJob(input: { app: "adds", procedure: "solve" }, commandId: $commandId) { __typename } }',
          { commandId },
        );
        expect(await asked).toEqual([
          { message: expect.stringContaining('database is away'), code: 'UNAVAILABLE' },
        ]);
        await back;
        expect((await sent).every(({ code }) => code === 'UNAVAILABLE')).toBe(true);
        expect((await ended(commandId)).timeline.map(({ type }) => type)).toEqual([
          'JobQueued',
          'JobStarted',
          'JobCompleted',
        ]);
        await api.change('interruptJob', '$id: ID!', { id }, '... on Job { id }');
        const job_ = await ended(id);
        expect(job_).toMatchObject({ state: 'INTERRUPTED', result: { table: { rows: [[5]] } } });
        expect(
          job_.timeline.filter(({ type }) => /^Job(Completed|Failed|Cancelled|Abandoned)$/.test(type)),
        ).toHaveLength(1);
      },
    );

    livesOn();
  });
});
