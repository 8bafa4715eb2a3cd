import { chained, idOf, isOf, type LoggedEvent } from './log-event.js';
import { Complaints, type Watch } from './watch.js';

/* What must be so in any log, whatever was done to the servers. */

const TERMINAL: ReadonlySet<string> = new Set(['JobCompleted', 'JobFailed', 'JobCancelled', 'JobAbandoned']);

export const isTerminal = ({ event }: LoggedEvent): boolean => TERMINAL.has(event.type);

/** What others must know of a job is said after its end, too: who waits for it, what it has submitted, what it used. */
const FOLLOWS: ReadonlySet<string> = new Set([
  'JobDependentAdded',
  'JobChildAdded',
  'JobChildrenCancelled',
  'JobAttemptMeasured',
]);

/** I2. Two servers both said how a job ended, or one went on with it afterwards. */
export const oneEnd = (): Watch => {
  const wrong = new Complaints('I2');
  const ended = new Map<string, number>();
  return {
    see(e) {
      if (!isOf('job', e) || FOLLOWS.has(e.event.type)) return;
      const end = ended.get(e.stream);
      if (end !== undefined)
        wrong.say(`${e.stream} ended at ${end}, and yet ${e.event.type} follows at ${e.position}`);
      else if (isTerminal(e)) ended.set(e.stream, e.position);
    },
    end: () => wrong.all(),
  };
};

const MAX_NODE_LOST = 3;
const MAX_ATTEMPTS = 4;

/** I3. A job was tried without end, or paid for what was not its fault. */
export const attemptsCounted = (): Watch => {
  const wrong = new Complaints('I3');
  const jobs = new Map<string, { starts: number; givenBack: number; lost: number; crashed: number }>();
  return {
    see(e) {
      if (!isOf('job', e) || FOLLOWS.has(e.event.type)) return;
      const { event, stream, position } = e;
      const job = jobs.get(stream) ?? { starts: 0, givenBack: 0, lost: 0, crashed: 0 };
      jobs.set(stream, job);
      if (event.type === 'JobStarted') {
        const charged = ++job.starts - job.givenBack;
        if (charged > MAX_ATTEMPTS)
          wrong.say(`${stream} is at ${position} in its ${charged}th charged attempt`);
      } else if (event.type === 'JobRequeued') {
        if (event.reason === 'node-lost') job.lost++;
        else if (event.reason === 'crashed') job.crashed++;
        else job.givenBack++;
        if (job.lost > MAX_NODE_LOST) wrong.say(`${stream} has lost ${job.lost} servers at ${position}`);
        if (event.nodeLost !== job.lost || event.ownCrash !== job.crashed)
          wrong.say(
            `${stream} is charged ${event.nodeLost} lost servers and ${event.ownCrash} crashes at ${position}; there were ${job.lost} and ${job.crashed}`,
          );
      } else if (isTerminal(e)) jobs.delete(stream);
    },
    end: () => wrong.all(),
  };
};

interface Start {
  readonly attempt: unknown;
  readonly node: unknown;
  readonly nodeEpoch: unknown;
}

const names = ({ event }: LoggedEvent, start: Start): boolean =>
  event.attempt === start.attempt && event.node === start.node && event.nodeEpoch === start.nodeEpoch;

/** Only the server that runs an attempt can know how it went. */
const byItsServer = ({ event, actor }: LoggedEvent): boolean =>
  !['JobCompleted', 'JobFailed'].includes(event.type) || actor === `node:${event.node}`;

/** I4. A report about an attempt that the job had already lost was believed. */
export const transitionsAllowed = (): Watch => {
  const wrong = new Complaints('I4');
  /** Where a job runs, or after how many attempts it waits. */
  const jobs = new Map<string, { start: Start | null; attempts: number; interrupted: boolean }>();
  return {
    see(e) {
      if (!isOf('job', e) || FOLLOWS.has(e.event.type)) return;
      const { event, stream, position } = e;
      const job = jobs.get(stream);
      const no = (why: string): void => wrong.say(`${event.type} of ${stream} at ${position}: ${why}`);
      if (event.type === 'JobQueued') {
        if (job) no('it was queued before');
        else jobs.set(stream, { start: null, attempts: 0, interrupted: false });
        return;
      }
      if (!job) return no('it was never queued, or has ended');
      switch (event.type) {
        case 'JobStarted': {
          if (job.start) no(`its attempt ${job.attempts} runs`);
          if (event.attempt !== job.attempts + 1)
            no(`attempt ${event.attempt} follows attempt ${job.attempts}`);
          const { attempt, node, nodeEpoch } = event;
          job.start = { attempt, node, nodeEpoch };
          job.attempts++;
          job.interrupted = false;
          return;
        }
        case 'JobInterruptRequested':
          if (event.attempt !== job.start?.attempt || job.interrupted)
            no('this attempt does not run, or was told already');
          job.interrupted = true;
          return;
        case 'JobCancelled':
          if (!names(e, job.start ?? { attempt: null, node: null, nodeEpoch: null }))
            no('it names another attempt than the last start');
          break;
        case 'JobRequeued':
        case 'JobCompleted':
        case 'JobFailed':
        case 'JobAbandoned':
          if (!job.start) no('no attempt runs');
          else if (!names(e, job.start)) no('it names another attempt, server or epoch than the last start');
          else if (!byItsServer(e)) no(`${e.actor} says so, but ${event.node} runs it`);
          job.start = null;
      }
      if (isTerminal(e)) jobs.delete(stream);
    },
    end: () => wrong.all(),
  };
};

/** I5. An event was lost or slipped in behind a reader; the order of positions, versions and times is not one. */
export const contiguous = (): Watch => {
  const wrong = new Complaints('I5');
  const versions = new Map<string, number>();
  let last = 0;
  let lastAt = 0;
  return {
    see({ position, stream, version, at }) {
      if (position !== last + 1) wrong.say(`position ${position} follows ${last}`);
      last = position;
      const before = versions.get(stream) ?? 0;
      if (version !== before + 1)
        wrong.say(`${stream} has version ${version} at ${position}, after version ${before}`);
      versions.set(stream, version);
      if (at < lastAt)
        wrong.say(`the event at ${position} is ${lastAt - at} ms older than the one before it`);
      lastAt = at;
    },
    end: () => wrong.all(),
  };
};

/** I6. A command that was sent twice was done twice. */
export const oneEffect = (): Watch => {
  const wrong = new Complaints('I6');
  const last = new Map<string, { stream: string; position: number }>();
  return {
    see({ commandId, stream, position, event }) {
      const before = last.get(commandId);
      if (before && (before.stream !== stream || before.position !== position - 1))
        wrong.say(
          `command ${commandId} wrote ${before.stream} at ${before.position}, and again ${event.type} in ${stream} at ${position}`,
        );
      last.set(commandId, { stream, position });
    },
    end: () => wrong.all(),
  };
};

/** I14, first half: which digests must be there. */
export const results = (): Watch & { readonly of: ReadonlyMap<string, string> } => {
  const of = new Map<string, string>();
  return {
    of,
    see({ event, stream }) {
      if (event.type === 'JobCompleted' && typeof event.result === 'string')
        of.set(idOf(stream), event.result);
    },
    end: () => [],
  };
};

/** I19. Somebody changed what had happened. */
export const chainHolds = (): Watch & { readonly head: () => { position: number; hash: Buffer } } => {
  const wrong = new Complaints('I19');
  let hash: Buffer = Buffer.alloc(32);
  let position = 0;
  return {
    see(e) {
      if (!chained(hash, e).equals(e.hash))
        wrong.say(`the event at ${e.position} is not the one that was hashed`);
      ({ hash, position } = e); // one broken link is told once
    },
    end: () => wrong.all(),
    head: () => ({ position, hash }),
  };
};
