import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Author, solving } from './apps.js';
import { Collector } from './collector.js';
import { type Api, Platform } from './platform.js';

jest.setTimeout(240_000);

const TOKEN = 'a-token-for-prometheus-0123456789';
const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const SECRET = 'what nobody else may read';

/** Names and types in the text that Prometheus reads, and the labels of what has samples. */
const metricsIn = (text: string) => {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]));
  const labels = new Map<string, Set<string>>();
  for (const [, sample, inner] of text.matchAll(/^(\w+?)(?:\{(.*)\})? \S+$/gm)) {
    const name = types.has(sample!) ? sample! : sample!.replace(/_(bucket|sum|count)$/, '');
    const found = labels.get(name) ?? new Set();
    for (const [, label] of (inner ?? '').matchAll(/(\w+)="/g)) if (label !== 'le') found.add(label!);
    labels.set(name, found);
  }
  return { types, labels };
};

const documented = () =>
  [
    ...readFileSync('docs/operations.md', 'utf8').matchAll(
      /^\| `(openpro_\w+)` +\| (\w+) +\| ([^|]*?) +\| (server|cluster) +\|/gm,
    ),
  ].map(([, name, type, labels]) => ({
    name: name!,
    type: type!,
    labels: [...labels!.matchAll(/\w+/g)].map(([label]) => label).sort(),
  }));

describe('a server under observation', () => {
  const collector = new Collector();
  let platform: Platform;
  let api: Api;
  const jobId = randomUUID();

  const get = (address: string, headers: Record<string, string> = {}) =>
    fetch(`${platform.url}${address}`, { headers });
  const signedIn = () => ({ authorization: `Bearer ${api.token}` });

  beforeAll(async () => {
    platform = new Platform(undefined, [], {
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start(),
      OPENPRO_METRICS_TOKEN: TOKEN,
    });
    await platform.start();
    api = await platform.signIn();
    const author = await Author.of(api);
    await author.trust();
    await author.app('adds', solving('data.Out.value = data.In.value + 1;'));
    const mutation = `mutation($input: SubmitJob!, $id: ID!) {
      submitJob(input: $input, commandId: $id) { __typename ... on Refusal { message } } }`;
    const variables = {
      id: jobId,
      input: { app: 'adds', procedure: 'solve', description: SECRET },
    };
    await fetch(`${platform.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...signedIn(),
        traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`,
      },
      body: JSON.stringify({ query: mutation, variables }),
    });
    await api.until<{ jobChanged: { state: string } }>(
      'subscription($id: ID!) { jobChanged(id: $id) { state } }',
      { id: jobId },
      ({ jobChanged }) => !['QUEUED', 'RUNNING'].includes(jobChanged.state),
    );
  });
  afterAll(async () => {
    await platform.remove();
    collector.close();
  });

  it('is one trace from the click to the solver and back', async () => {
    const names = [
      'mutation submitJob',
      'job SubmitJob',
      'job StartJob',
      'wait in the queue',
      'attempt',
      'load what it needs',
      'get an engine process',
      'solve',
      'keep the result',
      'job CompleteJob',
    ];
    const spans = await collector.trace(jobId.replaceAll('-', ''), names);
    const tree = spans
      .filter(({ name }) => names.includes(name))
      .map(({ name, parentSpanId }) => [name, spans.find(({ spanId }) => spanId === parentSpanId)?.name]);
    expect(tree.sort()).toEqual(
      [
        ['mutation submitJob', undefined],
        ['job SubmitJob', 'mutation submitJob'],
        ['wait in the queue', 'job SubmitJob'],
        ['job StartJob', 'job SubmitJob'],
        ['attempt', 'job StartJob'],
        ['load what it needs', 'attempt'],
        ['get an engine process', 'attempt'],
        ['solve', 'attempt'],
        ['keep the result', 'attempt'],
        ['job CompleteJob', 'attempt'],
      ].sort(),
    );
    const appends = spans.filter(({ name }) => name === 'append').map(({ parentSpanId }) => parentSpanId);
    for (const command of ['job SubmitJob', 'job StartJob', 'job CompleteJob'])
      expect(appends).toContain(spans.find(({ name }) => name === command)?.spanId);
    const root = spans.find(({ name }) => name === 'mutation submitJob');
    expect(root?.links).toMatchObject([CALLER]); // the caller's own trace stays his
    for (const { startTimeUnixNano: from, endTimeUnixNano: to } of spans)
      expect(BigInt(to)).toBeGreaterThanOrEqual(BigInt(from));
  });

  it('tells a collector no payload and no name of a person', () => {
    const everything = JSON.stringify(collector.spans);
    expect(everything).not.toContain(SECRET);
    expect(everything).not.toContain('Administrator');
    expect(everything).not.toContain(api.token);
  });

  it('gives the metrics that docs/operations.md lists, with their types and labels', async () => {
    const { types, labels } = metricsIn(await (await get('/metrics')).text());
    const ours = [...types].filter(([name]) => name.startsWith('openpro_'));
    const table = documented();
    expect(table.map(({ name, type }) => [name, type]).sort()).toEqual(ours.sort());
    for (const { name, labels: expected } of table) {
      const found = [...(labels.get(name) ?? [])].sort();
      if (found.length > 0) expect([name, found]).toEqual([name, expected]);
    }
    expect([...types.keys()]).toEqual(
      expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds']),
    );
  });

  it('counts the job that it has run, and names nobody and nothing of it', async () => {
    const text = await (await get('/metrics')).text();
    for (const line of [
      'openpro_jobs_ended_total{outcome="completed"} 1',
      'openpro_attempt_duration_seconds_count{outcome="completed"} 1',
      'openpro_job_wait_seconds_count 1',
      'openpro_graphql_operation_duration_seconds_count{operation="mutation",field="submitJob"} 1',
      'openpro_queue_jobs{state="waiting"} 0',
      'openpro_leading 1',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).not.toMatch(/adds|Administrator/);
    expect(text).not.toContain(jobId);
    expect(text).not.toContain('NaN');
  });

  it('shows metrics to this machine, to the holder of the token and to administrators only', async () => {
    const elsewhere = { 'x-forwarded-for': '127.0.0.1' }; // through a proxy anybody may have sent it
    const status = async (headers: Record<string, string>) => (await get('/metrics', headers)).status;
    expect(await status({})).toBe(200);
    expect(await status(elsewhere)).toBe(401);
    expect(await status({ ...elsewhere, authorization: `Bearer ${TOKEN}` })).toBe(200);
    expect(await status({ ...elsewhere, authorization: `Bearer ${TOKEN}x` })).toBe(401);
    expect(await status({ ...elsewhere, ...signedIn() })).toBe(200);
  });

  it('says what is missing to everybody, and the details to administrators', async () => {
    const node = readFileSync(path.join(platform.dataDir, 'node-id'), 'utf8').trim();
    mkdirSync(path.join(platform.dataDir, `.health-${node}`)); // in the way of the file that is written to try the disk
    const stranger = await get('/health');
    expect(stranger.status).toBe(500);
    expect(await stranger.json()).toEqual({ ok: false, problems: ['storage: cannot be written to'] });
    const known = (await (await get('/health', signedIn())).json()) as { checks: object[] };
    expect(known.checks).toEqual(
      ['database', 'log', 'read side', 'cluster', 'storage', 'own disk', 'shared disk', 'engines'].map(
        (name) =>
          name === 'storage'
            ? { name, ok: false, problems: [expect.stringContaining(platform.dataDir)] }
            : { name, ok: true },
      ),
    );
    expect((await get('/health/live')).status).toBe(200);
  });

  it('writes log lines that say which server and which of its lives wrote them', () => {
    const lines = platform.log().split('\n').slice(1, -1); // the first may be cut, and the last be still being written
    const parsed = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as object);
    for (const line of parsed) expect(line).toHaveProperty('node', 'server-1');
    expect(parsed.at(-1)).toHaveProperty('epoch', 1); // it has joined by then
  });
});
