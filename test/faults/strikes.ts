import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Driver } from './driver.js';
import { order } from './failpoints.js';
import type { JobKind } from './history.js';
import type { PlannedFault, Variant } from './plan.js';
import { type EngineProcess, engineProcesses, staleOn } from './processes.js';
import type { Rig } from './rig.js';
import { kill, seal } from './scratch.js';
import type { Server } from './server.js';
import type { Weather } from './tcp-proxy.js';

/** Whom a fault needs for itself while it lasts. */
export type Target = 'server' | 'leader' | 'half' | 'postgres' | 'storage' | 'round' | 'nobody';

export interface Blow {
  readonly fault: PlannedFault;
  readonly rig: Rig;
  readonly driver: Driver;
  /** Its servers. */
  readonly targets: readonly Server[];
  /** Says in the history that it strikes now, and whom. */
  struck(where?: readonly string[]): void;
  /** Waits until this server is free, and keeps it during the work. */
  alone(server: Server, work: () => Promise<void>): Promise<void>;
  /** It may be lost: no job that runs there, or might be given to it next, would end by that. */
  maySpare(server: Server): boolean;
}

export interface Strike {
  readonly on: Target;
  /** The attempts of its servers are lost: it spares jobs that have no attempt left. */
  readonly costs: boolean;
  /** Why it could not be; nothing when it was. */
  readonly run: (blow: Blow) => Promise<string | undefined | void>;
}

const GONE_MS = 3000;
const LOOK_MS = 200;
const SEARCH_MS = 10_000;
const LONG_MS = 3000;
const TRAP_MS = 10_000;
const FAILPOINT_MS = 15_000;
const HOUR = 3_600_000;
const TEN_MINUTES = 600_000;
/** Longer than it takes to declare a server dead. */
const DEAD_MS = 8000;
/** A lease that is not renewed ends within this time. */
const LEASE_MS = 3000;
const JOB_EVENT = '"event":{"type":"Job';
const COMPLETION = '"event":{"type":"JobCompleted"';

/** Where a server is killed in its own code; see failpoints.ts. */
const POINTS = [
  'before-append',
  'after-commit',
  'attempt-begun',
  'after-blob',
  'before-report',
  'after-report',
  'projection:*',
  'process:*',
  'outbox:*',
  'renew',
  'drain',
] as const;
/** Only the leader comes there. */
const LEADERS_POINTS = ['before-start', 'after-start', 'before-reap', 'after-reap'] as const;

const pick = <T>(from: readonly T[], dice: number): T | undefined => from[Math.floor(dice * from.length)];

const each = async (servers: readonly Server[], work: (server: Server) => Promise<void>): Promise<void> => {
  await Promise.all(servers.map(work));
};

/** After a server that was silent goes on: when the last process of an attempt that it has lost is gone. */
const watchLeftovers = async (server: Server, { watch, options: { history } }: Rig): Promise<void> => {
  const resumedAt = performance.now();
  const since = Date.now();
  let goneMs = 0;
  let stale = staleOn(server, watch, since);
  while (performance.now() - resumedAt < GONE_MS) {
    if (stale.length > 0) goneMs = Math.round(performance.now() - resumedAt);
    await delay(LOOK_MS);
    stale = staleOn(server, watch, since);
  }
  history.add({ kind: 'processes', server: server.name, resumedAt, goneMs, stale });
};

/** A broken one may never be ready again. */
const back = async (server: Server, { options: { patienceMs } }: Rig, away = 0): Promise<void> =>
  void (await server.untilReady(patienceMs + away));

const killed =
  (signal: NodeJS.Signals) =>
  async ({ fault, targets, struck, rig }: Blow): Promise<void> => {
    struck();
    for (const server of targets) server.kill(signal, fault.ms);
    await each(targets, (server) => back(server, rig, fault.ms));
  };

const paused = async ({ fault, targets, struck }: Blow): Promise<void> => {
  struck();
  for (const server of targets) server.kill('SIGSTOP');
  await delay(fault.ms);
  for (const server of targets) server.kill('SIGCONT');
};

const weather =
  (of: Weather) =>
  async ({ fault, targets, struck, rig }: Blow): Promise<void> => {
    struck();
    for (const { proxy } of targets) proxy.change(of);
    await delay(fault.ms);
    for (const { proxy } of targets) proxy.change({ is: 'fair' });
    if (of.is === 'hole' || of.is === 'refuse') await each(targets, (server) => watchLeftovers(server, rig));
  };

/** A process of an engine, as soon as there is one of that kind. */
const killedProcess =
  (wanted: (process: EngineProcess, rig: Rig) => boolean) =>
  async ({ fault, rig, struck }: Blow): Promise<string | undefined> => {
    for (const until = performance.now() + SEARCH_MS; performance.now() < until; await delay(LOOK_MS)) {
      const found = rig.servers.flatMap((server) =>
        engineProcesses(server)
          .filter((process) => wanted(process, rig))
          .map(({ pid, job }) => ({ pid, where: [server.name, ...(job === null ? [] : [job])] })),
      );
      const victim = pick(found, fault.dice[0]);
      if (!victim || !kill(victim.pid)) continue;
      struck(victim.where);
      return undefined;
    }
    return 'there was no such process';
  };

const asJob =
  (kind: JobKind, senders = 1) =>
  ({ driver, struck }: Blow): Promise<void> => {
    struck([driver.extra(kind, { senders })]);
    return Promise.resolve();
  };

const onStorage =
  (begin: (rig: Rig) => boolean, end: (rig: Rig) => void) =>
  async ({ fault, rig, struck }: Blow): Promise<string | undefined> => {
    if (!begin(rig)) return 'only root can do that, on Linux';
    struck(['storage']);
    await delay(fault.ms);
    end(rig);
    return undefined;
  };

const parts = ({ storage }: Rig): string => path.join(storage, 'blobs/.part');

/** The server is killed where it was told to, or else after a while: it must not be unnoticed later. */
const killedByOrder = async (
  blow: Blow,
  server: Server,
  ...orders: readonly string[]
): Promise<string | undefined> => {
  const { pid } = server;
  order(server.dataDir, ...orders);
  for (const until = performance.now() + FAILPOINT_MS; server.pid === pid; await delay(LOOK_MS / 4)) {
    if (!blow.maySpare(server)) {
      order(server.dataDir, 'forget');
      return 'it was given a job that had no other chance';
    }
    if (performance.now() > until) kill(pid);
  }
  await back(server, blow.rig);
  return undefined;
};

const failpoint = async (blow: Blow): Promise<string | undefined> => {
  const { fault, targets, struck } = blow;
  const point = pick(POINTS, fault.dice[1]) ?? 'tick';
  const orders = fault.orders ?? `${point} ${1 + Math.floor(fault.dice[2] * 3)} kill`;
  const [server] = targets;
  if (!server) return 'nobody is there';
  const { pid } = server;
  struck([server.name, orders]);
  if (point === 'drain') setTimeout(() => kill(pid, 'SIGTERM'), LOOK_MS);
  return killedByOrder(blow, server, orders);
};

const leadersFailpoint = async (blow: Blow): Promise<string | undefined> => {
  const { fault, rig, targets, struck } = blow;
  const [leader] = targets;
  const point = pick(LEADERS_POINTS, fault.dice[1]) ?? 'before-start';
  if (!leader) return 'nobody leads';
  if (!point.endsWith('reap')) {
    struck([leader.name, point]);
    return killedByOrder(blow, leader, `${point} 1 kill`);
  }
  const victim = pick(
    rig.servers.filter((server) => server !== leader && server.isReady && blow.maySpare(server)),
    fault.dice[2],
  );
  if (!victim) return 'no server could be spared';
  let spared: string | undefined;
  await blow.alone(victim, async () => {
    struck([leader.name, point, victim.name]);
    victim.kill('SIGKILL', DEAD_MS);
    const dead = back(victim, rig, DEAD_MS);
    spared = await killedByOrder(blow, leader, `${point} 1 kill`);
    await dead;
  });
  return spared;
};

const othersOf = ({ rig, targets }: Blow): readonly Server[] =>
  rig.servers.filter((server) => server.isReady && !targets.includes(server));

/** The next leader dies when its election stands in the log, and nothing else of it does. */
const elected = (blow: Blow): Promise<string | undefined> => {
  const [server] = blow.targets;
  if (!server) return Promise.resolve('nobody is there');
  blow.struck();
  // Nobody renews and nobody else takes the lease: it ends, and this one gets it.
  for (const { dataDir } of othersOf(blow)) order(dataDir, `renew 1 hold ${(LEASE_MS * 2) / 1000}`);
  return killedByOrder(blow, server, `renew 1 hold ${LEASE_MS / 1000}`, 'elected 1 kill');
};

/** A leader loses the lease while its starts are on their way, and so do the first ones of the next leader. */
const lateLeader = async (blow: Blow): Promise<void> => {
  const { fault, rig, targets, struck } = blow;
  const late = (ms: number): string[] =>
    Array.from({ length: rig.options.slots * rig.servers.length }, () => `before-start 1 hold ${ms / 1000}`);
  const others = othersOf(blow);
  struck();
  for (const { dataDir } of targets)
    order(dataDir, `renew 1 hold ${(fault.ms + 1000) / 1000}`, ...late(fault.ms));
  for (const { dataDir } of others) order(dataDir, ...late(fault.ms - 500));
  await delay(fault.ms * 2);
  for (const { dataDir } of [...targets, ...others]) order(dataDir, 'forget');
};

const strike = (on: Target, costs: boolean, run: Strike['run']): Strike => ({ on, costs, run });

export const STRIKES: Readonly<Record<Variant, Strike>> = {
  'F01 server': strike('server', true, killed('SIGKILL')),
  'F01 server for longer': strike('server', true, killed('SIGKILL')),
  'F01 leader': strike('leader', true, async (blow) => {
    const done = killed('SIGKILL')(blow);
    blow.driver.extra('trivial'); // somebody waits for the next leader
    await done;
  }),
  'F01 attempt': strike('nobody', false, (blow) => {
    blow.driver.extra('trivial', { ms: LONG_MS }); // most jobs are too short to be hit
    return killedProcess(({ job }, { watch }) => {
      const { nodeLost = 3, ownCrash = 1 } = watch.running.get(job ?? '') ?? {};
      return ownCrash === 0 && nodeLost < 3; // a second crash is an outcome, not an accident
    })(blow);
  }),
  'F01 session': strike(
    'nobody',
    false,
    killedProcess(({ role, opened }) => role === 'data' && opened),
  ),
  'F02 stop': strike('server', true, async (blow) => {
    await paused(blow);
    await each(blow.targets, (server) => watchLeftovers(server, blow.rig));
  }),
  'F03 pause': strike('server', false, paused),
  'F04 block': strike('server', true, async ({ fault, targets, struck, rig }) => {
    struck();
    for (const { dataDir } of targets) order(dataDir, `tick 1 block ${fault.ms / 1000}`);
    await delay(fault.ms);
    await each(targets, (server) => watchLeftovers(server, rig));
  }),
  'F05 restart': strike('postgres', false, async ({ rig, struck }) => {
    struck(['postgres']);
    await rig.options.postgres.restart('fast');
  }),
  'F05 immediate': strike('postgres', false, async ({ rig, struck }) => {
    struck(['postgres']);
    await rig.options.postgres.restart('immediate');
  }),
  'F05 backend': strike('postgres', false, async ({ fault, rig, struck }) => {
    struck(['postgres']);
    return (await rig.options.postgres.killBackend(fault.dice[1])) ? undefined : 'nobody is connected';
  }),
  'F06 cut': strike('nobody', false, async ({ fault, rig, struck }) => {
    const connected = rig.servers.filter(({ proxy }) => proxy.open > 0);
    const server = pick(connected, fault.dice[0]);
    if (!server) return 'nobody is connected';
    struck([server.name]);
    server.proxy.cut();
    return undefined;
  }),
  'F07 hole': strike('server', true, weather({ is: 'hole' })),
  'F07 reset': strike('server', true, weather({ is: 'refuse' })),
  'F07 half-open': strike('server', true, async ({ fault, targets, struck }) => {
    struck();
    const ends = targets.map(({ proxy }) => proxy.halfOpen());
    await delay(fault.ms);
    for (const end of ends) end();
  }),
  'F08 delay': strike('server', false, (blow) =>
    weather({ is: 'delay', ms: 10 + Math.round(blow.fault.dice[1] * 240) })(blow),
  ),
  'F08 slow': strike('server', false, (blow) =>
    weather({ is: 'slow', bytesPerSecond: 20_000 + blow.fault.dice[1] * 100_000 })(blow),
  ),
  'F09 one': strike('server', true, weather({ is: 'hole' })),
  'F09 half': strike('half', true, weather({ is: 'hole' })),
  'F10 commit': strike('nobody', false, async ({ fault, rig, struck }) => {
    const server = pick(
      rig.servers.filter(({ isReady }) => isReady),
      fault.dice[0],
    );
    if (!(await server?.proxy.cutBeforeReply(JOB_EVENT, TRAP_MS))) return 'nothing was appended there';
    struck([server?.name ?? '']);
    return undefined;
  }),
  'F11 hold': strike('server', true, async ({ fault, targets, struck, rig, driver }) => {
    const [server] = targets;
    for (const _ of rig.servers) driver.extra('trivial'); // one of them there
    if (!(await server?.proxy.holdFrom(COMPLETION, TRAP_MS))) return 'nothing was completed there';
    struck();
    await delay(fault.ms);
    server?.proxy.change({ is: 'fair' });
    await each(targets, (one) => watchLeftovers(one, rig));
    return undefined;
  }),
  'F12 senders': strike('nobody', false, asJob('trivial', 8)),
  'F13 full': strike('postgres', false, async ({ fault, rig, struck }) => {
    const { disk } = rig.options.postgres;
    if (!disk) return 'only root can make a small disk';
    struck(['postgres']);
    disk.fill();
    await delay(fault.ms);
    disk.free();
    return undefined;
  }),
  'F14 full': strike(
    'storage',
    false,
    onStorage(
      ({ storageDisk }) => {
        storageDisk?.fill();
        return storageDisk !== null;
      },
      ({ storageDisk }) => storageDisk?.free(),
    ),
  ),
  'F14 read-only': strike(
    'storage',
    false,
    onStorage(
      (rig) => seal(parts(rig), true),
      (rig) => void seal(parts(rig), false),
    ),
  ),
  'F14 gone': strike(
    'storage',
    false,
    onStorage(
      ({ storage }) => {
        fs.renameSync(storage, `${storage}.gone`);
        return true;
      },
      ({ storage }) => {
        fs.rmSync(storage, { recursive: true, force: true }); // what was written meanwhile is on nobody's disk
        fs.renameSync(`${storage}.gone`, storage);
      },
    ),
  ),
  'F16 half ahead': strike('half', false, async ({ fault, targets, struck }) => {
    struck();
    for (const server of targets) server.setClock(HOUR);
    await delay(fault.ms);
    for (const server of targets) server.setClock(0);
  }),
  'F16 hour': strike('server', false, async ({ fault, targets, struck }) => {
    struck();
    for (const server of targets) server.setClock(fault.dice[1] < 0.5 ? HOUR : -HOUR);
    await delay(fault.ms);
    for (const server of targets) server.setClock(0);
  }),
  // Back and forth again: a jump ahead would leave the log's times there for ten minutes, and nothing could be measured.
  'F17 ten minutes': strike('postgres', false, async ({ fault, rig, struck }) => {
    const { postgres } = rig.options;
    struck(['postgres']);
    postgres.setClock(-TEN_MINUTES);
    await delay(fault.ms);
    postgres.setClock(0);
  }),
  'F18 memory': strike('nobody', false, asJob('memory')),
  'F19 exhausted': strike('nobody', false, asJob('descriptors')),
  'F20 restart': strike('server', false, killed('SIGTERM')),
  'F20 drain': strike('server', false, async ({ fault, driver, targets, struck }) => {
    struck();
    await each(targets, async ({ node }) => {
      if (!(await driver.drain('drainNode', node))) return;
      await delay(fault.ms);
      await driver.drain('resumeNode', node);
    });
  }),
  'F20 rolling': strike('round', false, async ({ fault, rig, struck, alone }) => {
    struck(rig.servers.map(({ name }) => name));
    for (const server of rig.servers)
      await alone(server, async () => {
        server.kill('SIGTERM', fault.ms);
        await back(server, rig);
      });
  }),
  'F24 kill': strike('server', true, failpoint),
  'F24 leader': strike('leader', true, leadersFailpoint),
  'F24 elected': strike('server', true, elected),
  'F24 late leader': strike('leader', false, lateLeader),
};
