import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { back, type Blow, pick, type Strike, type Target } from './blow.js';
import { order } from './failpoints.js';
import type { JobKind } from './history.js';
import type { Variant } from './plan.js';
import { type EngineProcess, engineProcesses, staleOn } from './processes.js';
import type { Rig } from './rig.js';
import { kill, seal } from './scratch.js';
import type { Server } from './server.js';
import { killedAtPoint, killedWhenElected, lateLeader, leaderKilledAtPoint } from './strikes-at-points.js';
import type { Weather } from './tcp-proxy.js';

const GONE_MS = 3000;
const LOOK_MS = 200;
const SEARCH_MS = 10_000;
const LONG_MS = 3000;
const TRAP_MS = 10_000;
const HOUR = 3_600_000;
const TEN_MINUTES = 600_000;
const JOB_EVENT = '"event":{"type":"Job';
const COMPLETION = '"event":{"type":"JobCompleted"';

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
  'F03 long pause': strike('server', false, paused),
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
  'F24 kill': strike('server', true, killedAtPoint),
  'F24 leader': strike('leader', true, leaderKilledAtPoint),
  'F24 elected': strike('server', true, killedWhenElected),
  'F24 late leader': strike('leader', false, lateLeader),
};
