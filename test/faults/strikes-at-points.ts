import { setTimeout as delay } from 'node:timers/promises';
import { back, type Blow, pick } from './blow.js';
import { order } from './failpoints.js';
import { kill } from './scratch.js';
import type { Server } from './server.js';

/* F24: servers that are killed or held at a named point of their own code; see failpoints.ts. */

const LOOK_MS = 50;
/** It has begun to stop. */
const STOPPING_MS = 200;
const FAILPOINT_MS = 15_000;
/** Longer than it takes to declare a server dead. */
const DEAD_MS = 8000;
/** A lease that is not renewed ends within this time. */
const LEASE_MS = 3000;

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

/** The server is killed where it was told to, or else after a while: it must not be unnoticed later. */
const killedByOrder = async (
  blow: Blow,
  server: Server,
  ...orders: readonly string[]
): Promise<string | undefined> => {
  const { pid } = server;
  order(server.dataDir, ...orders);
  for (const until = performance.now() + FAILPOINT_MS; server.pid === pid; await delay(LOOK_MS)) {
    if (!blow.maySpare(server)) {
      order(server.dataDir, 'forget');
      return 'it was given a job that had no other chance';
    }
    if (performance.now() > until) kill(pid);
  }
  await back(server, blow.rig);
  return undefined;
};

export const killedAtPoint = async (blow: Blow): Promise<string | undefined> => {
  const { fault, targets, struck } = blow;
  const orders = fault.orders ?? `${pick(POINTS, fault.dice[1])} ${1 + Math.floor(fault.dice[2] * 3)} kill`;
  const [server] = targets;
  if (!server) return 'nobody is there';
  const { pid } = server;
  struck([server.name, orders]);
  if (orders.startsWith('drain')) setTimeout(() => kill(pid, 'SIGTERM'), STOPPING_MS);
  return killedByOrder(blow, server, orders);
};

export const leaderKilledAtPoint = async (blow: Blow): Promise<string | undefined> => {
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
  let spared: string | undefined = 'no server could be spared';
  if (!victim) return spared;
  await blow.alone(victim, async () => {
    if (!blow.maySpare(victim)) return;
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
export const killedWhenElected = (blow: Blow): Promise<string | undefined> => {
  const [server] = blow.targets;
  if (!server) return Promise.resolve('nobody is there');
  blow.struck();
  // Nobody renews and nobody else takes the lease: it ends, and this one gets it.
  for (const { dataDir } of othersOf(blow)) order(dataDir, `renew 1 hold ${(LEASE_MS * 2) / 1000}`);
  return killedByOrder(blow, server, `renew 1 hold ${LEASE_MS / 1000}`, 'elected 1 kill');
};

/** A leader loses the lease while its starts are on their way, and so do the first ones of the next leader. */
export const lateLeader = async (blow: Blow): Promise<void> => {
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
