import {
  APP_ROLE,
  type EmbeddedPostgres,
  isOutage,
  migrate,
  mustFitTogether,
  readConfig,
  startEmbeddedPostgres,
} from '@openpro/platform/postgres';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { LinkFor } from './messages.js';
import { formerServer, Restarts, ServerProcess } from './server-process.js';
import { version } from './version.js';

/*
 * The launcher behind `npm start`: embedded PostgreSQL (unless DATABASE_URL names another), migrations
 * with the owner's rights, then one or more servers, each a process of its own with the rights of the
 * running program only. A server that dies is started again; Ctrl-C ends everything in order.
 *
 * Without the role `pro` there is no database: the server has joined a cluster before (`openpro server join`).
 */

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const HELP = `Usage: npm start -- [options]

  --port N             where the portal listens (default 4600, or $OPENPRO_PORT; 0 = any free port)
  --host ADDRESS       default 127.0.0.1; any other address needs TLS:
  --tls-cert FILE --tls-key FILE    certificate and key, PEM
  --behind-tls-proxy   a proxy in front does TLS
  --public-url URL     what users type, when it differs from host and port
  --data FOLDER        default .openpro
  --slots N            jobs that run at once, on each server (default 2)
  --servers N          so many servers on this machine, one cluster (default 1); each has the next port,
                       and the name with its number
  --name NAME          of this server (default server-1)
  --roles LIST         what it runs: portal, webui, proxy, pro (default all); without pro it needs no
                       database and must have joined a cluster: openpro server join
  --labels LIST        what it has that others have not, for jobs that ask for it: gpu,site=berlin
  --storage FOLDER     what all servers of a cluster share, a folder or a mounted share (default: as --data)
  --link-host ADDRESS --link-port N    where other servers reach it, over mutual TLS (default loopback, any port)
  --link-advertise HOST:PORT           how they reach it, when that differs
  --no-examples        do not publish the engine and the example apps

  DATABASE_URL=postgres://…  uses an existing PostgreSQL (15 or later) instead of the embedded one;
                             several servers on several machines need one.
  EVENT_STORE=kurrent KURRENTDB_URL=esdb://…  keeps the log in KurrentDB: see docs/kurrentdb.md.
`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const readOptions = () => {
  try {
    return parseArgs({
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        'behind-tls-proxy': { type: 'boolean' },
        'public-url': { type: 'string' },
        data: { type: 'string' },
        slots: { type: 'string' },
        servers: { type: 'string' },
        name: { type: 'string' },
        roles: { type: 'string' },
        labels: { type: 'string' },
        storage: { type: 'string' },
        'link-host': { type: 'string' },
        'link-port': { type: 'string' },
        'link-advertise': { type: 'string' },
        'no-examples': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    say(`✗ ${messageOf(error).replace(/\. To specify.*/, '')}\n\n${HELP}`);
    process.exit(2);
  }
};

const options = readOptions();
if (options.help) {
  say(HELP);
  process.exit(0);
}

const MAX_SERVERS = 16;

const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const began = performance.now();
  if (process.stdout.isTTY) process.stdout.write(`… ${what}\r`);
  const result = await work();
  say(`✓ ${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return result;
};

const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const probe = net
      .createServer()
      .once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
      );
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });

/**
 * The port itself, or any free one for 0; known before anything is started. Systems give out ports from 32768 on
 * by themselves: below, nobody takes it before the server does.
 */
const freePort = async (host: string, wanted: number): Promise<number> => {
  for (;;) {
    const port = wanted || randomInt(20_000, 32_768);
    if (await isFree(host, port)) return port;
    if (wanted)
      throw new Error(
        `Port ${wanted} of ${host} is taken. Is OpenPRO running already? Otherwise choose another port: npm start -- --port 0`,
      );
  }
};

/** A setting by the name that was typed. */
const asTyped = (message: string): string =>
  Object.keys(options).reduce(
    (text, name) => text.replaceAll(`OPENPRO_${name.toUpperCase().replaceAll('-', '_')}`, `--${name}`),
    message,
  );

/** The embedded database knows the running program by a login of its own. */
const asAppLogin = (ownerUrl: string): string => {
  const url = new URL(ownerUrl);
  url.username = APP_ROLE;
  return url.href;
};

/** Of several servers on one machine each has the next port. */
const nthPort = (address: string, n: number): string =>
  address.replace(/:(\d+)$/, (_port, first: string) => `:${Number(first) + n - 1}`);

const serverCount = (text: string): number => {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_SERVERS) return count;
  throw new Error(`--servers is "${text}": it must be a whole number from 1 to ${MAX_SERVERS}`);
};

class Launcher {
  private postgres: EmbeddedPostgres | null = null;
  private servers: ServerProcess[] = [];
  private stopping: Promise<void> | null = null;
  private readonly dataDir = path.resolve(
    options.data ?? process.env['OPENPRO_DATA'] ?? path.join(root, '.openpro'),
  );
  private env: NodeJS.ProcessEnv = {};
  private readonly postgresRestarts = new Restarts();
  private postgresStart: Promise<void> = Promise.resolve();

  async start(): Promise<void> {
    const joined = this.joined();
    this.env = {
      ...joined,
      ...process.env,
      OPENPRO_DATA: this.dataDir,
      ...(options.port ? { OPENPRO_PORT: options.port } : {}),
      ...(options.host ? { OPENPRO_HOST: options.host } : {}),
      ...(options['tls-cert'] ? { OPENPRO_TLS_CERT: path.resolve(options['tls-cert']) } : {}),
      ...(options['tls-key'] ? { OPENPRO_TLS_KEY: path.resolve(options['tls-key']) } : {}),
      ...(options['behind-tls-proxy'] ? { OPENPRO_BEHIND_TLS_PROXY: '1' } : {}),
      ...(options['public-url'] ? { OPENPRO_PUBLIC_URL: options['public-url'] } : {}),
      ...(options.slots ? { OPENPRO_SLOTS: options.slots } : {}),
      ...(options.name ? { OPENPRO_NODE_NAME: options.name } : {}),
      ...(options.roles ? { OPENPRO_ROLES: options.roles } : {}),
      ...(options.labels ? { OPENPRO_LABELS: options.labels } : {}),
      ...(options.storage ? { OPENPRO_STORAGE: path.resolve(options.storage) } : {}),
      ...(options['link-host'] ? { OPENPRO_LINK_HOST: options['link-host'] } : {}),
      ...(options['link-port'] ? { OPENPRO_LINK_PORT: options['link-port'] } : {}),
      ...(options['link-advertise'] ? { OPENPRO_LINK_ADVERTISE: options['link-advertise'] } : {}),
    };
    delete this.env['DATABASE_OWNER_URL'];
    // What is wrong in the settings is said before anything is started.
    const { host, port, roles, storageDir } = readConfig(
      { ...this.env, DATABASE_URL: 'found below' },
      root,
      '',
    );
    const pro = roles.includes('pro');
    for (const [name, given] of [
      ['DATABASE_URL', this.env['DATABASE_URL'] || process.env['DATABASE_OWNER_URL']],
      ['--storage', this.env['OPENPRO_STORAGE']],
    ] as const)
      if (pro && joined && !given)
        throw new Error(
          `${name} is missing: this server has joined a cluster, whose database and storage it shares`,
        );
    const count = serverCount(options.servers ?? process.env['OPENPRO_SERVERS'] ?? '1');
    for (let n = 1; n <= count; n++) {
      const former = formerServer(this.dataDirOf(n));
      if (former) await step('Looked whether the former server ends', () => former.ends());
    }
    this.env['OPENPRO_STORAGE'] = storageDir;
    const ports: number[] = [];
    for (let n = 1; n <= count; n++) ports.push(await freePort(host, port === 0 ? 0 : port + n - 1));
    if (pro) await this.database();
    this.servers = ports.map((each, index) => this.place(index + 1, each, pro ? 'main' : 'front'));
    const [first, ...others] = this.servers as [ServerProcess, ...ServerProcess[]];
    const url = await step('Server is ready', () => first.launch());
    // The first one has made what the others share.
    const more =
      others.length === 0
        ? []
        : await step(`${others.length} more server${others.length > 1 ? 's are' : ' is'} ready`, () =>
            Promise.all(others.map((server) => server.launch())),
          );
    if (pro) {
      await this.writeCliLink();
      this.keepCliLink();
    }
    if (pro && !joined && !options['no-examples'])
      await this.publishExamples().catch((error: unknown) =>
        say(`! The examples are not published; the next start tries again. ${messageOf(error)}`),
      );
    say(`\nOpenPRO is running at ${url}\n`);
    if (pro) say(`  Sign in (works once, for 15 minutes):  ${await this.link('person')}`);
    const data = path.relative(process.cwd(), this.dataDir) || '.';
    const given = data === '.openpro' ? '' : `OPENPRO_DATA=${data} `;
    if (pro) say(`  In a terminal:                         ${given}npx openpro app list`);
    if (more.length > 0) say(`  The same at:                           ${more.join(', ')}`);
    say(`  Data and logs:                         ${data}`);
    say('  Stop:                                  Ctrl-C\n');
  }

  stop(code: number): void {
    this.stopping ??= this.stopAll()
      .then(
        () => {
          if (code === 0) say('Stopped. Everything is kept; npm start goes on where this ended.');
        },
        (error: unknown) => say(`✗ ${messageOf(error)}`),
      )
      .then(() => process.exit(code));
  }

  private async stopAll(): Promise<void> {
    if (this.servers.length > 0 || this.postgres) say('\nStopping …');
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.postgresStart;
    await this.postgres?.stop();
    // Otherwise it is that of another one that runs here.
    if (this.servers.some(({ launched }) => launched))
      rmSync(path.join(this.dataDir, 'cli-link'), { force: true });
  }

  /** What this server was admitted as, when it has joined a cluster by a token. */
  private joined(): NodeJS.ProcessEnv | null {
    const file = path.join(this.dataDir, 'link', 'joined.json');
    if (!existsSync(file)) return null;
    const { name, roles } = JSON.parse(readFileSync(file, 'utf8')) as {
      name: string;
      roles: readonly string[];
    };
    return { OPENPRO_NODE_NAME: name, OPENPRO_ROLES: roles.join(',') };
  }

  private async database(): Promise<void> {
    const ownerUrl =
      process.env['DATABASE_OWNER_URL'] || process.env['DATABASE_URL'] || (await this.embedded());
    const migrated = await step('Database is up to date', async () => {
      await mustFitTogether(ownerUrl, null, version);
      return migrate(ownerUrl);
    }).catch((error: unknown) => {
      if (!isOutage(error)) throw error;
      throw new Error(`The database at ${new URL(ownerUrl).host} does not answer: ${messageOf(error)}`);
    });
    if (migrated.length > 0) say(`  ${migrated.length} migration${migrated.length > 1 ? 's' : ''} applied`);
    this.env['DATABASE_URL'] = process.env['DATABASE_URL'] || asAppLogin(ownerUrl);
  }

  /** The first server's folder is the whole one's; the others have theirs in it. */
  private dataDirOf(n: number): string {
    return n === 1 ? this.dataDir : path.join(this.dataDir, `server-${n}`);
  }

  private place(n: number, port: number, program: 'main' | 'front'): ServerProcess {
    const dataDir = this.dataDirOf(n);
    const env = { ...this.env, OPENPRO_DATA: dataDir, OPENPRO_PORT: String(port) };
    const {
      OPENPRO_NODE_NAME: given,
      OPENPRO_LINK_PORT: link,
      OPENPRO_LINK_ADVERTISE: advertised,
    } = this.env;
    const name = n === 1 && given ? given : `${given || 'server'}-${n}`;
    const logFile = path.join(this.dataDir, 'logs', n === 1 ? 'server.log' : `server-${n}.log`);
    return new ServerProcess(
      {
        name: n === 1 ? 'The server' : `Server ${n}`,
        program: path.join(root, `dist/server/${program}.mjs`),
        dataDir,
        logFile,
        env: {
          ...env,
          OPENPRO_NODE_NAME: name,
          ...(link && Number(link) ? { OPENPRO_LINK_PORT: String(Number(link) + n - 1) } : {}),
          ...(advertised ? { OPENPRO_LINK_ADVERTISE: nthPort(advertised, n) } : {}),
        },
      },
      {
        say,
        back: () => {
          if (program === 'main') void this.writeCliLink();
        },
        givenUp: () => {
          this.servers = this.servers.filter((server) => server.place.dataDir !== dataDir);
          if (this.servers.length === 0) this.stop(1);
        },
      },
    );
  }

  private async embedded(): Promise<string> {
    const dir = path.join(this.dataDir, 'postgres');
    const started = await step('PostgreSQL is running', () => startEmbeddedPostgres({ dir }));
    this.keep(started, dir);
    return started.ownerUrl;
  }

  /** The server waits while its database is away, and must find it where it was. */
  private keep(postgres: EmbeddedPostgres, dir: string): void {
    this.postgres = postgres;
    void postgres.ended.then(() => (this.postgresStart = this.restartPostgres(postgres, dir)));
  }

  private async restartPostgres(at: EmbeddedPostgres, dir: string): Promise<void> {
    for (let why = 'PostgreSQL ended'; !this.stopping;) {
      const pause = this.postgresRestarts.next();
      if (pause === undefined) {
        say(`✗ ${why}. It does not stay up. Nothing is lost: npm start goes on where this ended.`);
        return this.stop(1);
      }
      say(`! ${why} and is started again`);
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (this.stopping) return;
      try {
        this.keep(await startEmbeddedPostgres({ dir, at }), dir);
        return say('✓ PostgreSQL is back');
      } catch (error) {
        why = messageOf(error);
      }
    }
  }

  /** Any server knows the administrator. */
  private link(use: LinkFor): Promise<string> {
    const server = this.servers.find(({ connected }) => connected);
    return server ? server.link(use) : Promise.reject(new Error('No server runs'));
  }

  /** Lets the command line of the same account sign in by itself. */
  private async writeCliLink(): Promise<void> {
    if (!this.servers.some(({ connected }) => connected)) return; // the next one that is back writes it
    const file = path.join(this.dataDir, 'cli-link');
    writeFileSync(`${file}.new`, await this.link('file'), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  /** A link works once: who has used it removes the file, and the next one gets another. */
  private keepCliLink(): void {
    watch(this.dataDir, { persistent: false }, (_event, name) => {
      const gone = name === 'cli-link' && !existsSync(path.join(this.dataDir, 'cli-link'));
      if (gone && !this.stopping) void this.writeCliLink();
    });
  }

  /** The first-party engine and two apps, by the same commands as any user would. */
  private async publishExamples(): Promise<void> {
    const marker = path.join(this.dataDir, 'examples-published');
    if (existsSync(marker)) return;
    const cli = async (...args: string[]): Promise<void> => {
      const child = spawn(process.execPath, [path.join(root, 'dist/cli/main.mjs'), ...args], {
        env: {
          ...process.env,
          OPENPRO_HOME: path.join(this.dataDir, 'publisher'),
          OPENPRO_LINK_FILE: path.join(this.dataDir, 'cli-link'),
          OPENPRO_URL: '', // whatever server the user works with elsewhere, this is about this one
          OPENPRO_TOKEN: '',
          ...(options['tls-cert'] ? { NODE_EXTRA_CA_CERTS: path.resolve(options['tls-cert']) } : {}),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const code = await new Promise((resolve) => child.once('exit', resolve));
      if (code !== 0) throw new Error(`openpro ${args.join(' ')} ended with ${String(code)}:\n${output}`);
    };
    await step('Publisher key is trusted', () => cli('key', 'trust'));
    await step('Engine model-ts is published', () =>
      cli('engine', 'publish', path.join(root, 'dist/engines/model-ts')),
    );
    for (const example of ['supply-network', 'solve-file'])
      await step(`App ${example} is published`, () =>
        cli('app', 'publish', path.join(root, 'dist/examples', example)),
      );
    writeFileSync(marker, new Date().toISOString());
  }
}

const launcher = new Launcher();
process.on('SIGINT', () => launcher.stop(0));
process.on('SIGTERM', () => launcher.stop(0));
process.on('SIGHUP', () => launcher.stop(0));
launcher.start().catch((error: unknown) => {
  say(`✗ ${asTyped(messageOf(error))}`);
  launcher.stop(1);
});
