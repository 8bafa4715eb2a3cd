import { idOf, isOf, type LoggedEvent } from './log-event.js';
import { isTerminal } from './check-log.js';
import { Complaints, type Watch } from './watch.js';

/* What must be so where the queue has a policy, apps need licences, and schedules submit jobs. */

interface Kind {
  readonly owner: string;
  readonly profile: string | undefined;
}

/**
 * I12. More jobs of a user or of a worker profile ran at once than the policy lets. A decision may be a moment older
 * than the policy in force: the larger one of the last two counts.
 */
export const limitsKept = (): Watch => {
  const wrong = new Complaints('I12');
  const kinds = new Map<string, Kind>();
  const running = new Map<string, Set<string>>();
  let policies: readonly LoggedEvent['event'][] = [];
  const most = (of: (policy: NonNullable<LoggedEvent['event']['policy']>) => number | undefined): number =>
    Math.max(
      ...policies.map(({ policy }) => (policy && of(policy)) ?? Infinity),
      policies.length ? 0 : Infinity,
    );
  const check = (what: string, stream: string, limit: number, position: number): void => {
    const some = running.get(what) ?? new Set<string>();
    running.set(what, some.add(stream));
    if (some.size > limit)
      wrong.say(`${what} has ${some.size} jobs running at ${position}, and may have ${limit}`);
  };
  return {
    see(e) {
      const { event, stream, position } = e;
      if (event.type === 'QueuePolicySet') policies = [...policies.slice(-1), event];
      if (!isOf('job', e)) return;
      if (event.type === 'JobQueued') kinds.set(stream, { owner: event.owner ?? '', profile: event.profile });
      const { owner = '', profile } = kinds.get(stream) ?? {};
      if (event.type === 'JobStarted') {
        const perUser = most(
          ({ limits }) => limits.find(({ per, pattern }) => per === 'user' && pattern === '*')?.running,
        );
        check(`user ${owner}`, stream, perUser, position);
        if (profile !== undefined)
          check(
            `profile ${profile}`,
            stream,
            most(({ profiles }) => profiles.find(({ name }) => name === profile)?.capacity),
            position,
          );
      } else if (event.type === 'JobRequeued' || isTerminal(e)) {
        running.get(`user ${owner}`)?.delete(stream);
        running.get(`profile ${profile}`)?.delete(stream);
        if (isTerminal(e)) kinds.delete(stream);
      }
    },
    end: () => wrong.all(),
  };
};

/** I12. A licence had more holders than seats, or an attempt of an app that needs a seat ran without one. */
export const seatsKept = (): Watch => {
  const wrong = new Complaints('I12');
  const seats = new Map<string, number>();
  /** By licence and kind, by holder: what it is counted as. */
  const held = new Map<string, Map<string, string>>();
  const licences = new Map<string, string>();
  const optimizing = new Set<string>();
  const running = new Map<string, string>();
  return {
    see(e) {
      const { event, stream, position } = e;
      if (isOf('licence', e)) {
        const pool = `${idOf(stream)} ${event.kind}`;
        if (event.type === 'LicenceDefined') {
          seats.set(`${idOf(stream)} data`, event.dataSeats ?? 0);
          seats.set(`${idOf(stream)} optimization`, event.optimizationSeats ?? 0);
        } else if (event.type === 'SeatGranted') {
          const holders = held.get(pool) ?? new Map<string, string>();
          held.set(pool, holders);
          const { holder = '', user, device } = event;
          if (holders.has(holder)) wrong.say(`${holder} has two seats of ${pool} at ${position}`);
          holders.set(holder, event.kind === 'data' ? `${user} ${device}` : holder);
          if (event.kind === 'optimization') optimizing.add(holder);
          const taken = new Set(holders.values()).size;
          if (taken > (seats.get(pool) ?? 0))
            wrong.say(`${pool} has ${taken} seats taken of ${seats.get(pool)} at ${position}`);
        } else if (['SeatReleased', 'SeatExpired', 'SeatFreed'].includes(event.type)) {
          held.get(pool)?.delete(event.holder ?? '');
          optimizing.delete(event.holder ?? '');
        }
        return;
      }
      if (!isOf('job', e)) return;
      const job = idOf(stream);
      if (event.type === 'JobQueued' && event.licence !== undefined) licences.set(job, event.licence);
      else if (event.type === 'JobStarted' && licences.has(job)) {
        const holder = `${job}:${event.attempt}`;
        running.set(job, holder);
        if (!optimizing.has(holder)) wrong.say(`${holder} is started at ${position} without a seat`);
      } else if (event.type === 'JobRequeued' || isTerminal(e)) {
        running.delete(job);
        if (isTerminal(e)) licences.delete(job);
      }
    },
    end() {
      for (const [pool, holders] of held)
        for (const holder of holders.keys())
          if (pool.endsWith(' optimization') && running.get(holder.split(':')[0] ?? '') !== holder)
            wrong.say(`${holder} has ended, and still has its seat of ${pool}`);
      return wrong.all();
    },
  };
};

/** I15. A time of a schedule was met twice, or its job was never queued. */
export const schedulesKept = (): Watch => {
  const wrong = new Complaints('I15');
  const met = new Set<string>();
  const fired = new Map<string, number>();
  return {
    see(e) {
      const { event, stream, position } = e;
      if (event.type === 'ScheduleFired') {
        const time = `${stream} at ${event.due}`;
        if (met.has(time)) wrong.say(`${time} was met twice, the second time at ${position}`);
        met.add(time);
        if (typeof event.job === 'string') fired.set(event.job, position);
      } else if (event.type === 'JobQueued') fired.delete(idOf(stream));
    },
    end() {
      for (const [job, position] of fired) wrong.say(`job ${job}, fired at ${position}, was never queued`);
      return wrong.all();
    },
  };
};

/** I20. A session has no end, or more than one. */
export const sessionsEnd = (): Watch => {
  const wrong = new Complaints('I20');
  const open = new Map<string, number>();
  return {
    see(e) {
      const { event, stream, position } = e;
      if (event.type === 'SessionRequested') open.set(stream, position);
      else if (event.type === 'SessionEnded' && !open.delete(stream))
        wrong.say(`${stream} ended at ${position}, and was not open`);
    },
    end() {
      for (const [stream, position] of open) wrong.say(`${stream}, asked for at ${position}, has no end`);
      return wrong.all();
    },
  };
};
