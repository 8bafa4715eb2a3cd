import fs from 'node:fs';
import path from 'node:path';
import { publishApp, setUpPolicies } from './app.js';
import { signIn } from './client.js';
import { Driver } from './driver.js';
import type { History } from './history.js';
import { LogWatch } from './log-watch.js';
import type { ServerBuild } from './mutated-build.js';
import type { Postgres } from './postgres.js';
import { Disk, freePorts } from './scratch.js';
import { Server } from './server.js';
import { TcpProxy } from './tcp-proxy.js';

const STORAGE_MIB = 2048;
const START_MS = 60_000;

export interface RigOptions {
  /** Of its own. */
  readonly folder: string;
  readonly postgres: Postgres;
  /** A new name. */
  readonly database: string;
  readonly build: ServerBuild;
  readonly servers: number;
  readonly slots: number;
  readonly jobs: number;
  readonly jobMs?: number | undefined;
  readonly seed: number;
  readonly patienceMs: number;
  readonly sessions: boolean;
  /** Whether the queue has a policy, apps need licences and a schedule runs, too. */
  readonly policies: boolean;
  readonly history: History;
}

/** A cluster on one machine: servers behind a door each to one PostgreSQL, one storage, somebody who submits jobs. */
export class Rig {
  readonly storage: string;
  /** Null where a disk of its own cannot be made. */
  readonly storageDisk: Disk | null;

  private constructor(
    readonly options: RigOptions,
    readonly url: string,
    readonly servers: readonly Server[],
    readonly watch: LogWatch,
    disk: { readonly folder: string; readonly mounted: Disk | null },
  ) {
    this.storage = disk.folder;
    this.storageDisk = disk.mounted;
  }

  /** Running, with the app published. */
  static async start(options: RigOptions): Promise<Rig> {
    const { folder, postgres, database, build, history } = options;
    fs.mkdirSync(folder, { recursive: true });
    const url = await postgres.database(database, build.migrate);
    const mounted = Disk.mount(path.join(folder, 'storage-disk'), STORAGE_MIB);
    const storage = path.join(mounted?.folder ?? folder, 'storage'); // in it, not at its top: it can be renamed
    fs.mkdirSync(storage, { recursive: true, mode: 0o700 });
    const ports = await freePorts(options.servers * 2);
    const servers = await Promise.all(
      Array.from({ length: options.servers }, async (_, n) => {
        const proxy = new TcpProxy(() => postgres.dial());
        await proxy.listen(ports[n * 2] ?? 0);
        return new Server({
          ...{ name: `server-${n + 1}`, folder, storage, port: ports[n * 2 + 1] ?? 0 },
          ...{ slots: options.slots, main: build.main, database, proxy, history },
        });
      }),
    );
    const watch = new LogWatch(url);
    watch.start();
    const rig = new Rig(options, url, servers, watch, { folder: storage, mounted });
    await rig.startServers();
    return rig;
  }

  token = '';

  driver(): Driver {
    const { servers, token, watch } = this;
    const { history, jobs, jobMs: ms, seed, patienceMs, sessions, policies } = this.options;
    return new Driver({ servers, token, history, watch, seed, jobs, ms, patienceMs, sessions, policies });
  }

  get logs(): string[] {
    return this.servers.map(({ log }) => log);
  }

  get leader(): Server | undefined {
    return this.servers.find(({ node }) => node === this.watch.leader?.node);
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.watch.stop();
    await Promise.all(this.servers.map(({ proxy }) => proxy.close()));
  }

  /** The first alone: it makes what all share. */
  private async startServers(): Promise<void> {
    const [first, ...others] = this.servers;
    if (!first) return;
    const ready = async (server: Server): Promise<void> => {
      server.start();
      if (!(await server.untilReady(START_MS)))
        throw new Error(
          `${server.name} does not start:\n${fs.readFileSync(server.log, 'utf8').slice(-3000)}`,
        );
    };
    await ready(first);
    this.token = await signIn(first.url, await first.link());
    await publishApp(first.url, this.token);
    if (this.options.policies)
      await setUpPolicies(first.url, this.token, this.options.slots * this.options.servers);
    await Promise.all(others.map(ready));
  }
}
