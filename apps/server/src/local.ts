import {
  APP_ROLE,
  type EmbeddedPostgres,
  migrate,
  readConfig,
  startEmbeddedPostgres,
} from '@openpro/platform/postgres';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { FromServer, LinkFor, ToServer } from './messages.js';

/*
 * The launcher behind `npm start`: embedded PostgreSQL (unless DATABASE_URL names another), migrations
 * with the owner's rights, then the server as a process of its own with the rights of the running
 * program only. A server that dies is started again; Ctrl-C ends everything in order.
 */

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const HELP = `Usage: npm start -- [options]

  --port N             where the portal listens (default 4600, or $OPENPRO_PORT; 0 = any free port)
  --host ADDRESS       default 127.0.0.1; any other address needs TLS:
  --tls-cert FILE --tls-key FILE    certificate and key, PEM
  --behind-tls-proxy   a proxy in front does TLS
  --public-url URL     what users type, when it differs from host and port
  --data FOLDER        default .openpro
  --slots N            jobs that run at once (default 2)
  --no-examples        do not publish the engine and the example apps

  DATABASE_URL=postgres://…  uses an existing PostgreSQL (15 or later) instead of the embedded one.
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

const RESTART_MS = [0, 500, 1000, 2000, 5000];
const STABLE_MS = 60_000;
const STOP_MS = 15_000;
const REAPED_MS = 5_000;

const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const began = performance.now();
  if (process.stdout.isTTY) process.stdout.write(`… ${what}\r`);
  const result = await work();
  say(`✓ ${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return result;
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
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

/** What ends by itself is started again, at first at once; what does not stay up is given up. */
class Restarts {
  private ends: number[] = [];

  /** Milliseconds until the next try; undefined after too many. */
  next(): number | undefined {
    const now = Date.now();
    this.ends = [...this.ends.filter((at) => now - at < STABLE_MS), now];
    return RESTART_MS[this.ends.length - 1];
  }
}

class Launcher {
  private postgres: EmbeddedPostgres | null = null;
  private server: ChildProcess | null = null;
  private stopping: Promise<void> | null = null;
  private readonly dataDir = path.resolve(
    options.data ?? process.env['OPENPRO_DATA'] ?? path.join(root, '.openpro'),
  );
  private env: NodeJS.ProcessEnv = {};
  private readonly serverRestarts = new Restarts();
  private readonly postgresRestarts = new Restarts();
  private postgresStart: Promise<void> = Promise.resolve();

  async start(): Promise<void> {
    this.env = {
      ...process.env,
      OPENPRO_DATA: this.dataDir,
      ...(options.port ? { OPENPRO_PORT: options.port } : {}),
      ...(options.host ? { OPENPRO_HOST: options.host } : {}),
      ...(options['tls-cert'] ? { OPENPRO_TLS_CERT: path.resolve(options['tls-cert']) } : {}),
      ...(options['tls-key'] ? { OPENPRO_TLS_KEY: path.resolve(options['tls-key']) } : {}),
      ...(options['behind-tls-proxy'] ? { OPENPRO_BEHIND_TLS_PROXY: '1' } : {}),
      ...(options['public-url'] ? { OPENPRO_PUBLIC_URL: options['public-url'] } : {}),
      ...(options.slots ? { OPENPRO_SLOTS: options.slots } : {}),
    };
    delete this.env['DATABASE_OWNER_URL'];
    // What is wrong in the settings is said before anything is started.
    const { host, port } = readConfig({ ...this.env, DATABASE_URL: 'found below' }, root, '');
    await this.formerServerHasEnded();
    this.env['OPENPRO_PORT'] = String(await freePort(host, port));
    mkdirSync(path.join(this.dataDir, 'logs'), { recursive: true });
    const ownerUrl =
      process.env['DATABASE_OWNER_URL'] || process.env['DATABASE_URL'] || (await this.embedded());
    const migrated = await step('Database is up to date', () => migrate(ownerUrl));
    if (migrated.length > 0) say(`  ${migrated.length} migration${migrated.length > 1 ? 's' : ''} applied`);
    this.env['DATABASE_URL'] = process.env['DATABASE_URL'] || asAppLogin(ownerUrl);
    const url = await step('Server is ready', () => this.launch());
    await this.writeCliLink();
    this.keepCliLink();
    if (!options['no-examples'])
      await this.publishExamples().catch((error: unknown) =>
        say(`! The examples are not published; the next start tries again. ${messageOf(error)}`),
      );
    say(`\nOpenPRO is running at ${url}\n`);
    say(`  Sign in (works once, for 15 minutes):  ${await this.link('person')}`);
    const data = path.relative(process.cwd(), this.dataDir) || '.';
    const given = data === '.openpro' ? '' : `OPENPRO_DATA=${data} `;
    say(`  In a terminal:                         ${given}npx openpro app list`);
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
    const { server } = this;
    if (server || this.postgres) say('\nStopping …');
    if (server && server.exitCode === null && server.signalCode === null) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      const kill = setTimeout(() => server.kill('SIGKILL'), STOP_MS);
      server.kill('SIGTERM');
      await ended;
      clearTimeout(kill);
    }
    await this.postgresStart;
    await this.postgres?.stop();
    if (!server) return; // the files are those of another one that runs here
    for (const name of ['cli-link', 'server.json']) rmSync(path.join(this.dataDir, name), { force: true });
  }

  /** After a `kill -9` of the launcher its server ends by itself, in order; the port is free then. */
  private async formerServerHasEnded(): Promise<void> {
    const file = path.join(this.dataDir, 'server.json');
    if (!existsSync(file)) return;
    const { pid, launcher } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; launcher: number };
    if (!isAlive(pid)) return;
    const began = Date.now();
    // A launcher that was killed may look alive until it is reaped; one that is alive keeps its server.
    const patience = () => (isAlive(launcher) ? REAPED_MS : STOP_MS);
    await step('Looked whether the former server ends', async () => {
      while (isAlive(pid) && Date.now() - began < patience()) await delay(100);
    });
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

  /** Starts the server; resolves with its address once it is ready. */
  private launch(): Promise<string> {
    const log = createWriteStream(path.join(this.dataDir, 'logs', 'server.log'), { flags: 'a' });
    const server = spawn(
      process.execPath,
      ['--enable-source-maps', path.join(root, 'dist/server/main.mjs')],
      {
        env: this.env,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        detached: true, // Ctrl-C reaches the launcher only, which stops the server in order
      },
    );
    this.server = server;
    server.stdout?.pipe(log, { end: false });
    server.stderr?.pipe(log, { end: false });
    return new Promise((resolve, reject) => {
      server.on('message', (message: FromServer) => {
        if (message.is === 'ready') {
          const about = { url: message.url, pid: server.pid, launcher: process.pid };
          writeFileSync(path.join(this.dataDir, 'server.json'), JSON.stringify(about), { mode: 0o600 });
          resolve(message.url);
        }
        if (message.is === 'failed') reject(new Error(message.message));
      });
      server.once('exit', (code, signal) => {
        reject(
          new Error(
            `The server ended (${signal ?? code}); see ${path.join(this.dataDir, 'logs', 'server.log')}`,
          ),
        );
        this.restart(code, signal);
      });
    });
  }

  private restart(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.stopping) return;
    const pause = this.serverRestarts.next();
    if (code === 2 || pause === undefined) {
      say(`✗ The server does not stay up; see ${path.join(this.dataDir, 'logs', 'server.log')}`);
      return this.stop(1);
    }
    say(`! The server ended (${signal ?? code}) and is started again`);
    setTimeout(() => {
      if (this.stopping) return;
      this.launch().then(
        async () => {
          say('✓ The server is back');
          await this.writeCliLink();
        },
        () => undefined, // its exit has been handled
      );
    }, pause);
  }

  private link(use: LinkFor): Promise<string> {
    return new Promise((resolve) => {
      const listen = (message: FromServer): void => {
        if (message.is !== 'sign-in-link' || message.for !== use) return;
        this.server?.off('message', listen);
        resolve(message.link);
      };
      this.server?.on('message', listen);
      this.server?.send({ ask: 'sign-in-link', for: use } satisfies ToServer);
    });
  }

  /** Lets the command line of the same account sign in by itself. */
  private async writeCliLink(): Promise<void> {
    const file = path.join(this.dataDir, 'cli-link');
    writeFileSync(`${file}.new`, await this.link('file'), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  /** A link works once: who has used it removes the file, and the next one gets another. */
  private keepCliLink(): void {
    watch(this.dataDir, { persistent: false }, (_event, name) => {
      const gone = name === 'cli-link' && !existsSync(path.join(this.dataDir, 'cli-link'));
      if (gone && !this.stopping && this.server?.connected) void this.writeCliLink();
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
