import { execFile } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { createDatabase, withDatabase } from '../../libs/platform/src/database.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../libs/platform/src/embedded-postgres.js';
import { atExit, Disk, kill } from './scratch.js';

/** Four servers with a dozen connections each, those of killed servers that nobody has noticed, and ours. */
const SETTINGS = { max_connections: '300' };
const DISK_MIB = 1024;
const LATE_MS = 10_000;
const SOON_MS = 100;
const BACK_MS = 60_000;

/** Of Debian's package libfaketime; null without it. */
const libfaketime = (): string | null => {
  if (process.platform !== 'linux') return null;
  const found = fs
    .readdirSync('/usr/lib')
    .map((folder) => path.join('/usr/lib', folder, 'faketime/libfaketimeMT.so.1'))
    .find((file) => fs.existsSync(file));
  return found ?? null;
};

/** What libfaketime leaves behind for a process. */
const forgetClock = (pid: number): void => {
  for (const name of ['faketime_shm_', 'sem.faketime_sem_'])
    fs.rmSync(`/dev/shm/${name}${pid}`, { force: true });
};

/** A real PostgreSQL with fsync, which can be hurt. It is started again whenever it has ended. */
export class Postgres {
  /** Where the log's table lies, so that it can be full; null where that cannot be made. */
  readonly disk: Disk | null;
  /** Its clock can be set. */
  readonly hasClock: boolean;
  private readonly env: Readonly<Record<string, string>>;
  private readonly clock: string;
  private running: EmbeddedPostgres | null = null;
  private started: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly dir: string,
    private readonly say: (text: string) => void,
  ) {
    this.disk = Disk.mount(path.join(dir, 'disk'), DISK_MIB);
    this.clock = path.join(dir, 'clock');
    this.setClock(0);
    const library = libfaketime();
    this.hasClock = library !== null;
    // Only the wall clock is wrong; the file is looked at whenever somebody asks for the time.
    this.env = library
      ? {
          LD_PRELOAD: library,
          FAKETIME_TIMESTAMP_FILE: this.clock,
          FAKETIME_NO_CACHE: '1',
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
        }
      : {};
  }

  async start(): Promise<void> {
    this.started = this.launch();
    await this.started;
    atExit(() => {
      if (!this.running || this.stopping) return;
      kill(this.running.pid, 'SIGQUIT');
      forgetClock(this.running.pid);
    });
    if (!this.disk) return;
    await this.asOwner('postgres', `CREATE TABLESPACE small LOCATION '${this.disk.folder}'`);
  }

  /** An empty, migrated database; the owner's URL over the socket. */
  async database(name: string, migrate: string): Promise<string> {
    await createDatabase(this.at.ownerUrl, name);
    const url = withDatabase(this.at.ownerUrl, name);
    await promisify(execFile)(process.execPath, [migrate, url]);
    if (this.disk) await this.asOwner(name, 'ALTER TABLE event_log SET TABLESPACE small');
    return url;
  }

  dial(): net.Socket {
    return net.connect(path.join(this.at.host, `.s.PGSQL.${this.at.port}`));
  }

  /** Its wall clock jumps, for all its processes at once; back with 0. */
  setClock(offsetMs: number): void {
    fs.writeFileSync(`${this.clock}.new`, `${offsetMs < 0 ? '' : '+'}${offsetMs / 1000}\n`);
    fs.renameSync(`${this.clock}.new`, this.clock);
  }

  /** Resolves when it is back. */
  async restart(how: 'fast' | 'immediate'): Promise<void> {
    const { running } = this;
    if (!running) return this.started;
    kill(running.pid, how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    // One that is still recovering from a crash has been seen to wait for ever after SIGINT (PostgreSQL 18).
    const late = setTimeout(() => kill(running.pid, 'SIGQUIT'), LATE_MS);
    await running.ended;
    clearTimeout(late);
    await Promise.resolve();
    await this.started;
  }

  /** SIGKILL of a process that serves one of our servers: PostgreSQL then ends all others, too; resolves when it has recovered. */
  async killBackend(dice: number): Promise<boolean> {
    const { rows } = await this.asOwner<{ pid: number }>(
      'postgres',
      `SELECT pid FROM pg_stat_activity WHERE usename = 'openpro_app' ORDER BY pid`,
    );
    const victim = rows[Math.floor(dice * rows.length)];
    if (victim === undefined || !kill(victim.pid)) return false;
    for (const until = performance.now() + BACK_MS; performance.now() < until;) {
      await delay(SOON_MS); // at first, so that it has noticed
      if (await this.asOwner('postgres', 'SELECT').catch(() => null)) break;
    }
    return true;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.started;
    await this.running?.stop();
  }

  private get at(): EmbeddedPostgres {
    if (!this.running) throw new Error('PostgreSQL has not been started');
    return this.running;
  }

  private async asOwner<R extends pg.QueryResultRow>(
    database: string,
    sql: string,
  ): Promise<pg.QueryResult<R>> {
    const client = new pg.Client({ connectionString: withDatabase(this.at.ownerUrl, database) });
    client.on('error', () => undefined); // it fails as well when it is asked
    await client.connect();
    try {
      return await client.query<R>(sql);
    } finally {
      await client.end();
    }
  }

  private async launch(): Promise<void> {
    const at = this.running;
    for (;;)
      try {
        const running = await startEmbeddedPostgres({
          dir: path.join(this.dir, 'postgres'),
          settings: SETTINGS,
          env: this.env,
          ...(at ? { at: { host: at.host, port: at.port } } : {}),
        });
        this.running = running;
        void running.ended.then(() => {
          forgetClock(running.pid);
          if (!this.stopping) this.started = this.launch();
        });
        return;
      } catch (error) {
        if (!at) throw error;
        this.say(`PostgreSQL does not start, tried again: ${String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
  }
}
