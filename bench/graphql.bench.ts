import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { uuidv5, uuidv7 } from '../libs/kernel/src/index.js';
import { hashSecret, newSecret } from '../libs/platform/src/secrets.js';
import { cpuMs, type Contestant, type Measured, report, withPostgres } from './frame.js';

const CONNECTIONS = 50;
const SECONDS = 4;
const ROWS = 10_000;
const USERS = 20;
const APPS = 5;

const QUERY = `{ jobs(first: 50) {
  nodes { id procedure description state priority queuedAt startedAt endedAt objective gap app { name version title } owner { name } }
  pageInfo { hasNextPage endCursor }
} }`;
const BODY = JSON.stringify({ query: QUERY });

const root = process.cwd();
const here = path.join(root, 'bench');

/** Ten thousand finished jobs of twenty people with five apps, and an administrator's sign-in. */
const fill = async (ownerUrl: string, token: string): Promise<void> => {
  const db = new pg.Client({ connectionString: ownerUrl });
  await db.connect();
  const user = (n: number) => uuidv5('6f70656e-7072-4f00-8000-00000000beac', `user ${n}`);
  for (let n = 0; n < USERS; n += 1)
    await db.query(`INSERT INTO user_list VALUES ($1, 'ROOT', $2, '["user"]', 0)`, [user(n), `Planner ${n}`]);
  await db.query(`INSERT INTO sign_in VALUES ($1, $2, 'ROOT', 'Admin', '["administrator"]', 'cli', 0, $3)`, [
    hashSecret(token),
    user(0),
    Date.now() + 86_400_000,
  ]);
  const manifest = { procedures: [{ name: 'solve', where: 'optimization' }] };
  for (let n = 0; n < APPS; n += 1)
    await db.query(
      `INSERT INTO app_version VALUES ($1, 'ROOT', $2, '1.0.0', $3, 'Plans deliveries', 'Demo', false, 'model-ts', '1.0.0', $4, $4, 1, $5, 0, $6)`,
      [`ROOT:app-${n}:1.0.0`, `app-${n}`, `Application ${n}`, 'a'.repeat(64), manifest, user(0)],
    );
  const [app, owner, engine, attempts] = ['app-', user, 'model-ts', '[]'] as const;
  const rows = Array.from({ length: ROWS }, (_, n) => ({
    id: uuidv7(1_790_000_000_000 + n * 1000),
    environment: 'ROOT',
    owner: owner(n % USERS),
    app: `${app}${n % APPS}`,
    version: '1.0.0',
    app_digest: 'a'.repeat(64),
    engine_name: engine,
    engine_version: '1.0.0',
    engine_digest: 'b'.repeat(64),
    procedure: 'solve',
    description: `Scenario ${n}`,
    args: {},
    priority: 100,
    state: ['completed', 'timeLimit', 'infeasible', 'cancelled'][n % 4],
    interrupting: false,
    queued_at: 1_790_000_000_000 + n * 1000,
    started_at: 1_790_000_000_500 + n * 1000,
    ended_at: 1_790_000_005_000 + n * 1000,
    attempt: 1,
    attempts: JSON.parse(attempts) as unknown[],
    node_lost: 0,
    own_crash: 0,
    repeats: null,
    objective: n * 1.5,
    gap: 0.01,
  }));
  await db.query('INSERT INTO job_list SELECT * FROM jsonb_populate_recordset(null::job_list, $1)', [
    JSON.stringify(rows),
  ]);
  await db.query('ANALYZE');
  await db.end();
};

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
}

const freePort = async (): Promise<number> => {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as net.AddressInfo;
  probe.close();
  return port;
};

const startOurs = async (databaseUrl: string, dataDir: string): Promise<Server> => {
  const server = fork(path.join(root, 'dist/server/main.mjs'), {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      OPENPRO_DATA: dataDir,
      OPENPRO_PORT: String(await freePort()),
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [message] = (await once(server, 'message')) as [{ is: string; url: string }];
  return { process: server, url: message.url };
};

const startPeer = async (kind: string, databaseUrl: string): Promise<Server> => {
  const server = fork(path.join(here, 'peer-graphql.mjs'), [kind, databaseUrl], {
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const [port] = (await once(server, 'message')) as [number];
  return { process: server, url: `http://127.0.0.1:${port}` };
};

/** The load comes from autocannon in a process of its own. */
const load = async ({ process: server, url }: Server, token: string, seconds: number): Promise<Measured> => {
  const args = ['-c', CONNECTIONS, '-d', seconds, '-m', 'POST', '-b', BODY, '--json', '-n'].map(String);
  const headers = ['-H', 'content-type=application/json', '-H', `authorization=Bearer ${token}`];
  const before = cpuMs(server.pid);
  const cannon = fork(
    path.join(here, 'node_modules/autocannon/autocannon.js'),
    [...args, ...headers, `${url}/graphql`],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  );
  let output = '';
  cannon.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  await once(cannon, 'close');
  const result = JSON.parse(output) as {
    requests: { total: number };
    duration: number;
    latency: { p50: number; p99: number };
    errors: number;
    non2xx: number;
  };
  if (result.errors + result.non2xx > 0)
    throw new Error(`${url}: ${result.errors} errors, ${result.non2xx} refused`);
  return {
    'pages/s': result.requests.total / result.duration,
    'p50 ms': result.latency.p50,
    'p99 ms': result.latency.p99,
    'CPU ms/page': (cpuMs(server.pid) - before) / result.requests.total,
  };
};

const ask = async (url: string, token: string): Promise<string> => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return (await fetch(`${url}/graphql`, { method: 'POST', headers, body: BODY })).text();
};

execFileSync(process.execPath, ['apps/server/build.mjs', 'server'], { cwd: root });
const dataDir = fs.mkdtempSync(path.join(here, 'node_modules/.data-'));
await withPostgres(async ({ migrated }) => {
  const { ownerUrl } = await migrated('ours');
  const token = newSecret();
  await fill(ownerUrl, token);
  const appUrl = new URL(ownerUrl);
  appUrl.username = 'openpro_app';
  const servers: [string, Server][] = [
    ['**OpenPRO**, signed in', await startOurs(appUrl.href, dataDir)],
    ['Apollo Server 5 on Express 5', await startPeer('express', ownerUrl)],
    ['Apollo Server 5 on Fastify 5', await startPeer('fastify', ownerUrl)],
    ['Mercurius on Fastify 5, with JIT', await startPeer('mercurius', ownerUrl)],
  ];
  try {
    const [expected, ...others] = await Promise.all(servers.map(([, { url }]) => ask(url, token)));
    if (!expected?.includes('"Application 4"') || others.some((other) => other.trim() !== expected.trim()))
      throw new Error(
        `The answers differ:\n${[expected, ...others].map((text) => text?.slice(0, 300)).join('\n')}`,
      );
    for (const [, server] of servers) await load(server, token, 3); // compiled, connected, planned
    await report({
      name: 'graphql',
      title: 'GraphQL: a page of 50 jobs with apps and owners',
      about:
        `The newest 50 of ${ROWS.toLocaleString('en')} finished jobs, each with its app and its owner, from ` +
        `PostgreSQL, asked for over ${CONNECTIONS} keep-alive connections by autocannon in a process of its own. ` +
        'Ours is the whole server: sign-in checked, rights, limits, read model kept up to date. The peers are small ' +
        'programs for this one list on the same table with data loaders, without sign-in and limits; all answer the ' +
        'same bytes. CPU is that of the server process.',
      rounds: 5,
      contestants: servers.map(([name, server]): Contestant => ({
        name,
        measure: () => load(server, token, SECONDS),
      })),
    });
  } finally {
    await Promise.all(
      servers.map(([, { process: server }]) => {
        const ended = once(server, 'exit');
        server.kill();
        return ended;
      }),
    );
    fs.rmSync(dataDir, { recursive: true, force: true });
  }
});
process.exit();
