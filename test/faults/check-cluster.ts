import type { Facts } from './facts.js';
import { isTerminal } from './check-log.js';
import { idOf, isOf, type LoggedEvent } from './log-event.js';
import { activeTime, Complaints, type Watch } from './watch.js';

/* What must be so about servers, leaders and who runs what. */

/** A life of a server, `node:epoch`. */
const lifeOf = (node: unknown, epoch: unknown): string => `${String(node)}:${String(epoch)}`;

const endsLife = ({ event }: LoggedEvent): boolean =>
  event.type === 'NodeDeclaredDead' || event.type === 'NodeLeft';

/** What was on its way when a server died may still arrive; after so long in a log that lives it may not. */
const ON_ITS_WAY_MS = 3000;

/** I7. A server that had been given up went on, or was given work. */
export const deadStayDead = (): Watch => {
  const wrong = new Complaints('I7');
  const time = activeTime();
  const diedAt = new Map<string, number>();
  const epochs = new Map<string, number>();
  return {
    see(e) {
      const { event, stream, position, actor } = e;
      const now = time(e);
      if (isOf('node', e)) {
        const node = idOf(stream);
        const { epoch = 0 } = event;
        const current = epochs.get(node) ?? 0;
        if (event.type === 'NodeJoined') {
          if (epoch <= current)
            wrong.say(`${node} joins at ${position} with epoch ${epoch} after ${current}`);
          epochs.set(node, epoch);
        } else if (endsLife(e)) {
          const life = lifeOf(node, epoch);
          if (epoch !== current || diedAt.has(life))
            wrong.say(`${event.type} of epoch ${epoch} of ${node} at ${position}, in epoch ${current}`);
          diedAt.set(life, diedAt.get(life) ?? now);
        }
        return;
      }
      const died = diedAt.get(lifeOf(event.node, event.nodeEpoch));
      if (died === undefined || now - died < ON_ITS_WAY_MS) return;
      const givesWork = event.type === 'JobStarted' || event.type === 'SessionPlaced';
      if (givesWork || actor === `node:${event.node}`)
        wrong.say(
          `${event.type} of ${stream} at ${position}: epoch ${event.nodeEpoch} of ${event.node} was over ${now - died} ms before`,
        );
    },
    end: () => wrong.all(),
  };
};

/** How long a lease lasts without renewal, and how long it lasts at least as the log shows it (lease.ts). */
const LEASE_MS = 1500;
const SHORTEST_TERM_MS = 1000;
/** Within such a time a leader who gave his lease back has left the cluster. */
const LEAVING_MS = 20_000;
/** An election that was recorded late looks like one. */
const TOLERATED_HASTE = 1;
/** When the database's clock is back, the log's times stand where they stood: so long before the jump, at most. */
const STOOD_MS = 5000;

/** I8. Two led at once, or a former leader was taken for a later one, or was still believed. */
export const leadersFollowEachOther = ({ wrongClock }: Pick<Facts, 'wrongClock'>): Watch => {
  const wrong = new Complaints('I8');
  const isSure = (at: number): boolean =>
    wrongClock.every(([from, until]) => at < from - STOOD_MS || at > until + LEASE_MS);
  let leader: { node: string; epoch: number; at: number } | undefined;
  /** Took over from one whose lease could not have ended, unless he gave it back and left; that he can do once. */
  const hasty: { from: string; position: number; at: number }[] = [];
  return {
    see(e) {
      const { event, stream, position, at } = e;
      if (event.type === 'LeaderElected') {
        const { node, epoch = 0 } = event;
        if (leader && epoch <= leader.epoch)
          wrong.say(`leader ${node} has epoch ${epoch} at ${position}, after epoch ${leader.epoch}`);
        if (leader && leader.node !== node && at < leader.at + SHORTEST_TERM_MS && isSure(at))
          hasty.push({ from: leader.node, position, at });
        leader = { node: String(node), epoch, at };
      } else if (e.epoch !== undefined && e.epoch > (leader?.epoch ?? 0))
        wrong.say(
          `${event.type} of ${stream} at ${position} is of leader epoch ${e.epoch}, which nobody was elected to`,
        );
      else if (e.epoch !== undefined && e.epoch < (leader?.epoch ?? 0))
        wrong.say(
          `${event.type} of ${stream} at ${position} is of leader epoch ${e.epoch}, and ${leader?.epoch} had begun`,
        );
      if (!isOf('node', e)) return;
      const last = hasty.findLastIndex(
        ({ from, at: since }) => from === idOf(stream) && at < since + LEAVING_MS,
      );
      if (last >= 0) hasty.splice(last, 1);
    },
    end() {
      if (hasty.length > TOLERATED_HASTE)
        wrong.say(
          `${hasty.length} leaders were elected while another one's lease ran, first at ${hasty[0]?.position}`,
        );
      return wrong.all();
    },
  };
};

/** I12. A server got more jobs than it has slots. */
export const slotsKept = (): Watch => {
  const wrong = new Complaints('I12');
  const lives = new Map<string, { readonly slots: number; running: number }>();
  const places = new Map<string, string>();
  const leave = (stream: string): void => {
    const life = lives.get(places.get(stream) ?? '');
    if (life) life.running--;
    places.delete(stream);
  };
  return {
    see(e) {
      const { event, stream, position } = e;
      if (event.type === 'NodeJoined')
        lives.set(lifeOf(idOf(stream), event.epoch), { slots: event.slots ?? 0, running: 0 });
      else if (isOf('node', e) && endsLife(e)) lives.delete(lifeOf(idOf(stream), event.epoch));
      else if (event.type === 'JobStarted') {
        const name = lifeOf(event.node, event.nodeEpoch);
        places.set(stream, name);
        const life = lives.get(name);
        if (life && ++life.running > life.slots)
          wrong.say(`${event.node} has ${life.running} jobs in ${life.slots} slots at ${position}`);
      } else if (isOf('job', e) && (event.type === 'JobRequeued' || isTerminal(e))) leave(stream);
    },
    end: () => wrong.all(),
  };
};

/** A start that was decided on is in the log after so long. */
const DECIDED_MS = 5000;

/** I13. Who should have been next was passed over again and again. */
export const nobodyPassedOver = (): Watch => {
  const wrong = new Complaints('I13');
  const time = activeTime();
  interface Waiting {
    readonly stream: string;
    readonly priority: number;
    readonly since: number;
    /** When a job of lower priority was started first. */
    passed: number | null;
  }
  const priorities = new Map<string, number>();
  /** Those that wait for something of their own. */
  const special = new Set<string>();
  /** By priority, those that any server may run, longest waiting first. */
  const waiting = new Map<number, Map<string, Waiting>>();
  const wait = (stream: string, priority: number, now: number): void => {
    const line = waiting.get(priority) ?? new Map<string, Waiting>();
    waiting.set(priority, line.set(stream, { stream, priority, since: now, passed: null }));
  };
  const pass = (priority: number, now: number, position: number): void => {
    for (const [higher, line] of waiting) {
      if (higher >= priority) continue;
      const [first] = line.values();
      if (!first || now - first.since < DECIDED_MS) continue;
      if (first.passed === null) first.passed = now;
      else if (now - first.passed > DECIDED_MS) {
        wrong.say(
          `${first.stream} of priority ${higher} waits, and jobs of priority ${priority} are started, the last at ${position}`,
        );
        line.delete(first.stream);
      }
    }
  };
  return {
    see(e) {
      const now = time(e);
      if (!isOf('job', e)) return;
      const { event, stream, position } = e;
      const { priority = 0, labels, profile, licence } = event;
      if (event.type === 'JobQueued') {
        priorities.set(stream, priority);
        if (labels?.length || profile !== undefined || licence !== undefined) special.add(stream);
        else wait(stream, priority, now);
        return;
      }
      const own = priorities.get(stream) ?? 0;
      waiting.get(own)?.delete(stream);
      if (event.type === 'JobStarted') pass(own, now, position);
      // One that lost two servers waits for a server of its own.
      else if (event.type === 'JobRequeued' && (event.nodeLost ?? 0) < 2) {
        if (!special.has(stream)) wait(stream, own, now);
      } else if (isTerminal(e)) {
        priorities.delete(stream);
        special.delete(stream);
      }
    },
    end: () => wrong.all(),
  };
};

/** I15. What a process had decided got lost on its way, or was told a second time as something new. */
export const everythingTold = (): Watch => {
  const wrong = new Complaints('I15');
  const places = new Map<string, string>();
  const over = new Map<string, number>();
  const told = new Map<string, string>();
  return {
    see(e) {
      const { event, stream, position, actor, causation, commandId } = e;
      if (isOf('node', e) && endsLife(e)) over.set(lifeOf(idOf(stream), event.epoch), position);
      if (isOf('job', e)) {
        if (event.type === 'JobStarted') places.set(stream, lifeOf(event.node, event.nodeEpoch));
        else if (event.type === 'JobRequeued' || isTerminal(e)) places.delete(stream);
      }
      if (isOf('session', e)) {
        if (event.type === 'SessionPlaced') places.set(stream, lifeOf(event.node, event.nodeEpoch));
        else if (event.type === 'SessionEnded') places.delete(stream);
      }
      if (!actor.startsWith('process:') || causation === undefined) return;
      const what = `${actor} ${causation} ${stream} ${event.type}`;
      const before = told.get(what);
      if (before !== undefined && before !== commandId)
        wrong.say(`${actor} told ${stream} the same twice under two ids, the second time at ${position}`);
      told.set(what, commandId);
    },
    end() {
      for (const [stream, life] of places) {
        const position = over.get(life);
        if (position !== undefined)
          wrong.say(`${stream} still runs on ${life}, whose end at ${position} it was never told`);
      }
      return wrong.all();
    },
  };
};

/** I17. Nobody took the lead after the faults. */
export const somebodyLeads = ({ overAt }: Pick<Facts, 'overAt'>): Watch => {
  const wrong = new Complaints('I17');
  const until = overAt === null ? Infinity : overAt + 2 * LEASE_MS;
  let leader: string | null = null;
  let looked = false;
  return {
    see(e) {
      const { event, stream, position, at } = e;
      if (!looked && at > until) {
        looked = true;
        if (leader === null)
          wrong.say(
            `nobody leads ${Math.round(at - until)} ms after two leases from the last fault, at ${position}`,
          );
      }
      if (event.type === 'LeaderElected') leader = String(event.node);
      // Who starts again is no leader until he is elected again.
      else if (isOf('node', e) && leader === idOf(stream) && (endsLife(e) || event.type === 'NodeJoined'))
        leader = null;
    },
    end: () => wrong.all(),
  };
};

/** I18. A server was given up that had only been slow, or a job was charged with one that left in order. */
export const nothingRequeued = ({
  calmUntil,
  isOrderly,
  hopeless,
}: Pick<Facts, 'calmUntil' | 'isOrderly' | 'hopeless'>): Watch => {
  const wrong = new Complaints('I18');
  return {
    see({ event, stream, position, at }) {
      const isRequeued = event.type === 'JobRequeued' && !hopeless.has(idOf(stream));
      if (at > calmUntil) {
        if (isOrderly && isRequeued && event.reason !== 'drained')
          wrong.say(`${stream} was charged at ${position} (${event.reason}), but all servers left in order`);
        return;
      }
      if (event.type === 'NodeDeclaredDead')
        wrong.say(`${stream} was declared dead at ${position} (${event.reason}), but nobody died`);
      if (isRequeued) wrong.say(`${stream} was requeued at ${position} (${event.reason}), but nobody died`);
    },
    end: () => wrong.all(),
  };
};

/** I22. A job paid with its life for what happened to its servers. */
export const healthyJobsLive = ({ hopeless, kills }: Pick<Facts, 'hopeless' | 'kills'>): Watch => {
  const wrong = new Complaints('I22');
  return {
    see({ event, stream, position }) {
      const job = idOf(stream);
      if (hopeless.has(job)) return;
      const crashed = event.type === 'JobFailed' && event.error?.code === 'AttemptCrashed';
      // Twice killed by the nemesis itself: then a job may take itself for the cause.
      if (event.type === 'JobAbandoned' || (crashed && (kills.get(job) ?? 0) < 2))
        wrong.say(
          `${stream} was healthy, and was given up at ${position}: ${event.reason ?? event.error?.code}`,
        );
    },
    end: () => wrong.all(),
  };
};
