import {
  type BadInput,
  checkDigest,
  checkJson,
  checkLabels,
  checkNumber,
  checkText,
  clip,
  type Decider,
  type DomainEvent,
  refuse,
  type Refusal,
} from '@openpro/kernel';
import { type Dependency, endOf, inVain, isMet, type JobEnd, wrongDependencies } from './dependencies.js';
import type { Waited } from './wait-clock.js';

/** Requeues that a job is charged with: servers lost under it, and its own process ending by itself. */
export const MAX_NODE_LOST = 3;
export const MAX_OWN_CRASH = 1;
/** Attempts in all; those given back by a drained server are not counted. */
export const MAX_ATTEMPTS = 4;

/** Lower runs first. */
export const MAX_PRIORITY = 10_000;
/** What a job has, and the best that its owner may ask for, where no rule says anything else. */
export const OWN_PRIORITY = 100;

export const MAX_TIME_LIMIT_S = 30 * 24 * 3600;
export const MAX_ARGS_BYTES = 64 * 1024;
const MAX_STATISTICS_BYTES = 64 * 1024;
const MAX_ERROR_LENGTH = 4000;
/** So many jobs may wait for one, or have waited for it. */
export const MAX_DEPENDENTS = 1000;

/** A published package: what exactly ran can be run again. */
export interface PackageRef {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

/** What was asked for; the same for every attempt. */
export interface QueuedJob {
  readonly environment: string;
  readonly owner: string;
  readonly app: PackageRef;
  readonly engine: PackageRef;
  readonly procedure: string;
  readonly args: object;
  /** Digest of the input case; `null` = the app's own default data. */
  readonly input: string | null;
  readonly description: string;
  /** Lower runs first. */
  readonly priority: number;
  readonly session: string | null;
  /** Seconds. */
  readonly timeLimit: number | null;
  /** Relative, 0.01 = 1 %. */
  readonly gap: number | null;
  readonly seed: number | null;
  /** What its server must have, all of it. */
  readonly labels?: readonly string[];
  /** The job that it does once more, exactly. */
  readonly repeats?: string;
  /** The job that it was made after, with changes. */
  readonly clones?: string;
  /** The batch that it is of, which scenario of it, and by which of its retries: 0 = none. */
  readonly batch?: string;
  readonly scenario?: number;
  readonly round?: number;
  /** The schedule whose run it is. */
  readonly schedule?: string;
  /** The job that submitted it while it ran, the how manieth of it, and how many such jobs are above it. */
  readonly parent?: string;
  readonly child?: number;
  readonly depth?: number;
  /** Its owner then, as the rules of the queue know him. */
  readonly ownerName?: string;
  readonly groups?: readonly string[];
  /** What the rules gave it: the best that its owner may ask for. */
  readonly best?: number;
  /** The worker profile that it runs under. */
  readonly profile?: string;
  /** What it takes of its server, where the profile says nothing else. */
  readonly memoryMiB?: number;
  readonly cores?: number;
  /** It is held until these have ended. */
  readonly after?: readonly Dependency[];
  /** Each attempt takes an optimization seat of this licence. */
  readonly licence?: string;
}

/** What a job does, without whose turn it is and what it came from. */
export const withoutOrigin = ({
  batch,
  scenario,
  round,
  schedule,
  after,
  repeats,
  clones,
  parent,
  child,
  depth,
  ...asked
}: QueuedJob) => asked;

/** Whose job it is: stands in every terminal event, so that its listeners need no other. */
export interface JobOf {
  readonly environment: string;
  readonly owner: string;
  readonly app: string;
  readonly version: string;
  /** The description, or the procedure where there is none. */
  readonly title: string;
  readonly batch?: string;
  /** The schedule whose run it was. */
  readonly schedule?: string;
  /** Its attempts have taken seats of it. */
  readonly licence?: string;
}

/** One attempt on one life of one server: what is reported about any other is stale. */
export interface At {
  readonly attempt: number;
  readonly node: string;
  readonly nodeEpoch: number;
}

/** What the leader adds to a start. */
export interface StartTerms {
  /** What the attempt takes of its server. */
  readonly memoryMiB?: number;
  readonly cores?: number;
  /** How the wait for it was made up. */
  readonly waited?: Waited;
  /** It has a seat of this licence. */
  readonly licence?: string;
}

export interface JobError {
  readonly code: string;
  readonly message: string;
  /** Where in the app, when it is known: file, line, column. */
  readonly where?: string;
}

/** What an attempt has used, as its server measured it. */
export interface AttemptUse {
  /** From its start on the server until its procedure ran. */
  readonly launchMs: number;
  /** CPU time of all its threads. */
  readonly cpuMs: number;
  readonly peakMiB: number;
}

interface Used {
  /** Absent in events of versions that did not measure it. */
  readonly use?: AttemptUse | undefined;
}

/** How an attempt ended that ran to its end; `forced`: it was killed, the last incumbent was kept. */
export interface JobResult {
  readonly outcome: 'completed' | 'interrupted' | 'timeLimit' | 'infeasible' | 'unbounded';
  readonly solverStatus: string;
  readonly objective: number | null;
  readonly bound: number | null;
  readonly gap: number | null;
  /** Digest of the result case. */
  readonly result: string | null;
  readonly forced: boolean;
  readonly statistics: object;
}

/** Charged so far. */
interface Counters {
  readonly nodeLost: number;
  readonly ownCrash: number;
}

export type JobEvent =
  | ({ readonly type: 'JobQueued' } & QueuedJob)
  | ({ readonly type: 'JobStarted' } & At & StartTerms)
  | ({
      readonly type: 'JobRequeued';
      readonly reason: 'node-lost' | 'crashed' | 'drained';
      readonly message?: string;
      readonly licence?: string;
    } & At &
      Counters &
      Used)
  | { readonly type: 'JobPrioritized'; readonly priority: number }
  /** Another one waits for its end; also after that, which is told at once then. */
  | { readonly type: 'JobDependentAdded'; readonly dependent: string; readonly end: JobEnd | null }
  | { readonly type: 'JobDependencyMet'; readonly job: string; readonly outcome: string }
  /** All that it waited for is met. */
  | { readonly type: 'JobReleased' }
  | { readonly type: 'JobInterruptRequested'; readonly attempt: number; readonly reason?: string }
  | ({ readonly type: 'JobCompleted'; readonly of: JobOf } & At & JobResult & Used)
  | ({ readonly type: 'JobFailed'; readonly of: JobOf; readonly error: JobError } & At & Used)
  /** Without attempt and server when it was still waiting. */
  | ({
      readonly type: 'JobCancelled';
      readonly of: JobOf;
      readonly reason: string;
      /** How many jobs it has submitted, which end with it; absent = none. */
      readonly children?: number;
    } & { readonly [Part in keyof At]: At[Part] | null })
  | ({ readonly type: 'JobAbandoned'; readonly of: JobOf; readonly reason: string } & At)
  /** It has submitted another one; said after its end, that one is `cancelled` where the others were. */
  | { readonly type: 'JobChildAdded'; readonly child: number; readonly cancelled?: boolean }
  /** After its end: a job above it was terminated, and what it has submitted ends with that. */
  | { readonly type: 'JobChildrenCancelled'; readonly reason: string; readonly children: number }
  /** What an attempt had used that somebody took away: known only when its process is gone. */
  | ({ readonly type: 'JobAttemptMeasured'; readonly use: AttemptUse } & At);

export type JobCommand =
  | ({ readonly type: 'SubmitJob' } & QueuedJob)
  /** `attempt`: the one that was meant, so that a proposal that comes late does not start the next one. */
  | ({
      readonly type: 'StartJob';
      readonly node: string;
      readonly nodeEpoch: number;
      readonly attempt?: number;
    } & StartTerms)
  | ({ readonly type: 'CompleteJob' } & At & JobResult & Used)
  | ({ readonly type: 'FailJob'; readonly error: JobError } & At & Used)
  | ({ readonly type: 'CrashAttempt'; readonly message: string } & At & Used)
  /** `left`: it left in order, having ended what ran there, and the job is not charged with it. */
  | { readonly type: 'LoseNode'; readonly node: string; readonly nodeEpoch: number; readonly left?: boolean }
  | ({ readonly type: 'DrainAttempt' } & At)
  /** `best`: the lowest number that who asks may give; null = what the rules gave the job, as its owner. */
  | { readonly type: 'PrioritizeJob'; readonly priority: number; readonly best: number | null }
  /** Before a job is submitted that is to wait for this one: is there room? `look`: it takes none yet. */
  | { readonly type: 'AdmitDependent'; readonly dependent: string; readonly look?: boolean }
  /** It is submitted by now. */
  | { readonly type: 'AddDependent'; readonly dependent: string }
  | { readonly type: 'AddChild'; readonly child: number }
  /** Of the attempt that was taken away last; any other is not asked for any more. */
  | ({ readonly type: 'MeasureAttempt'; readonly use: AttemptUse } & At)
  | { readonly type: 'MeetDependency'; readonly job: string; readonly end: JobEnd }
  | { readonly type: 'InterruptJob'; readonly reason?: string }
  /** With its batch, or a job above it: of one that has ended what it has submitted; nothing where it was never made. */
  | { readonly type: 'CancelAlong'; readonly reason: string }
  | { readonly type: 'TerminateJob'; readonly reason: string };

export type JobRefusal =
  | BadInput
  | Refusal<
      | 'JobExists'
      | 'NoSuchJob'
      | 'NotRunning'
      | 'NotWaiting'
      | 'AlreadyEnded'
      | 'StaleAttempt'
      | 'TooManyDependents'
    >;

/**
 * ```
 *        SubmitJob          StartJob              CompleteJob, FailJob, TerminateJob
 *   new ───────────► queued ────────► running ──────────────────────────────────────► ended
 *                     ▲  │               │ │ ▲
 *                     │  │ TerminateJob  │ └─┘ InterruptJob (once)                     ▲
 *                     │  └───────────────┼─────────────────────────────────────────────┤
 *                     │                  │ LoseNode, CrashAttempt, DrainAttempt        │
 *                     └── counters left ─┴─ none left, or an interrupt was asked for ──┘
 * ```
 * Nothing follows the end but what others must know of it: who waits for it, what it has submitted, what it had used.
 */
export type Job =
  | { readonly is: 'new' }
  | ({
      readonly is: 'ended';
      readonly end: JobEnd;
      /** What it has submitted ends, too, also what comes late. */
      readonly cancelled: boolean;
    } & Lasting)
  | ({
      readonly is: 'queued';
      readonly attempts: number;
      /** What it still waits for before it may start. */
      readonly held: readonly Dependency[];
    } & Known &
      Counters)
  | ({ readonly is: 'running'; readonly interrupting: boolean } & At & Known & Counters);

/** What is asked of a job after its end, too. */
interface Lasting {
  /** A job has submitted it. */
  readonly nested: boolean;
  /** How many it has submitted itself. */
  readonly children: number;
  /** Those that wait for its end, or were to. */
  readonly dependents: readonly string[];
  /** The attempt that was taken away last, until somebody says what it had used. */
  readonly unmeasured: At | null;
}

interface Known extends Lasting {
  readonly of: JobOf;
  /** The best priority that its owner may ask for. */
  readonly best: number;
}

type Running = Job & { readonly is: 'running' };
type Queued = Job & { readonly is: 'queued' };

/** Its owner may only make a job wait longer; an administrator may let it pass others. */
const checkPriority = (priority: number, best: number): BadInput | undefined =>
  checkNumber('priority', priority, { min: best, max: MAX_PRIORITY, whole: true });

/** What no job can have, whoever asks for it. */
export const wrongIn = (job: QueuedJob): BadInput | undefined =>
  checkText('procedure', job.procedure, { max: 100 }) ??
  checkJson('args', job.args, MAX_ARGS_BYTES) ??
  (job.input === null ? undefined : checkDigest('input', job.input)) ??
  checkText('description', job.description, { min: 0, max: 500 }) ??
  checkPriority(job.priority, job.best ?? OWN_PRIORITY) ??
  (job.timeLimit === null
    ? undefined
    : checkNumber('timeLimit', job.timeLimit, { above: 0, max: MAX_TIME_LIMIT_S, unit: 'seconds' })) ??
  (job.gap === null ? undefined : checkNumber('gap', job.gap, { min: 0, max: 1 })) ??
  (job.seed === null
    ? undefined
    : checkNumber('seed', job.seed, { min: 0, max: 2 ** 31 - 1, whole: true })) ??
  checkLabels('labels', job.labels ?? []) ??
  (job.profile === undefined ? undefined : checkText('profile', job.profile, { max: 64 })) ??
  wrongDependencies(job.after ?? []);

const at = ({ attempt, node, nodeEpoch }: At): At => ({ attempt, node, nodeEpoch });

const runsAt = (
  job: Job,
  { node, nodeEpoch, attempt }: Omit<At, 'attempt'> & { attempt?: number },
): job is Running =>
  job.is === 'running' &&
  job.node === node &&
  job.nodeEpoch === nodeEpoch &&
  (attempt === undefined || job.attempt === attempt);

/** JSON has no infinity: a solver without incumbent reports none. */
const finite = (value: number | null): number | null =>
  value !== null && Number.isFinite(value) ? value : null;

const used = ({ use }: Used): Used => (use === undefined ? {} : { use });

const completed = (job: Running, result: JobResult & Used): JobEvent => ({
  type: 'JobCompleted',
  ...at(job),
  of: job.of,
  outcome: result.outcome,
  solverStatus: clip(result.solverStatus, 200),
  objective: finite(result.objective),
  bound: finite(result.bound),
  gap: finite(result.gap),
  result: result.result,
  forced: result.forced,
  // A result is worth more than its statistics: they never stop it.
  statistics: checkJson('statistics', result.statistics, MAX_STATISTICS_BYTES) ? {} : result.statistics,
  ...used(result),
});

const failed = (job: Running, { code, message, where }: JobError, by: Used): JobEvent => ({
  type: 'JobFailed',
  ...at(job),
  of: job.of,
  error: {
    code: clip(code, 100),
    message: clip(message, MAX_ERROR_LENGTH),
    ...(where === undefined ? {} : { where: clip(where, 500) }),
  },
  ...used(by),
});

const cancelled = (job: Running | Queued, where: At | null, reason: string): JobEvent => ({
  type: 'JobCancelled',
  ...(where ? at(where) : { attempt: null, node: null, nodeEpoch: null }),
  of: job.of,
  reason,
  ...(job.children > 0 ? { children: job.children } : {}),
});

/** An interrupt asked for the end of this attempt: what ends it otherwise does not start another. */
const cutShort = (job: Running, by: string): JobEvent =>
  cancelled(job, job, `The attempt ended (${by}) before it had answered the interrupt`);

/** One that has ended and is no part of a tree of jobs has nothing to tell. */
const childrenCancelled = (job: Job & { is: 'ended' }, reason: string): readonly JobEvent[] =>
  job.cancelled || (job.children === 0 && !job.nested)
    ? []
    : [{ type: 'JobChildrenCancelled', reason, children: job.children }];

/** One that it waits for has ended; told twice, or late, nothing happens. */
const met = (job: Queued, other: string, end: JobEnd): readonly JobEvent[] => {
  const dependency = job.held.find((one) => one.job === other);
  if (!dependency) return [];
  if (!isMet(dependency, end)) return [cancelled(job, null, inVain(other, end))];
  const last = job.held.length === 1;
  return [
    { type: 'JobDependencyMet', job: other, outcome: end.outcome },
    ...(last ? [{ type: 'JobReleased' } as const] : []),
  ];
};

const interruptRequested = (job: Running, reason = ''): readonly JobEvent[] | BadInput => {
  if (job.interrupting) return [];
  const event = { type: 'JobInterruptRequested', attempt: job.attempt } as const;
  return checkText('reason', reason, { min: 0, max: 500 }) ?? [reason ? { ...event, reason } : event];
};

const mayRunAgain = ({ nodeLost, ownCrash }: Counters): boolean =>
  nodeLost <= MAX_NODE_LOST && ownCrash <= MAX_OWN_CRASH && nodeLost + ownCrash < MAX_ATTEMPTS;

const requeued = (
  job: Running,
  reason: 'node-lost' | 'crashed' | 'drained',
  { nodeLost, ownCrash }: Counters,
  { message, use }: { readonly message?: string } & Used = {},
): JobEvent => ({
  type: 'JobRequeued',
  ...at(job),
  reason,
  ...(message === undefined ? {} : { message: clip(message, MAX_ERROR_LENGTH) }),
  ...(job.of.licence === undefined ? {} : { licence: job.of.licence }),
  nodeLost,
  ownCrash,
  ...used({ use }),
});

/** By a server that ends in order: nobody is charged. */
const givenBack = (job: Running): JobEvent => requeued(job, 'drained', job);

const abandoned = (job: Running): JobEvent => ({
  type: 'JobAbandoned',
  ...at(job),
  of: job.of,
  reason: `Its server was lost in attempt ${job.attempt}, and it has been requeued as often as it may`,
});

const staleAttempt = () =>
  refuse(
    'StaleAttempt',
    'The job does not run as this attempt on this server any more: the report is dropped',
  );

const dependentAdded = (job: Job, dependent: string): JobEvent => ({
  type: 'JobDependentAdded',
  dependent,
  end: job.is === 'ended' ? job.end : null,
});

const tooManyDependents = () =>
  refuse('TooManyDependents', `${MAX_DEPENDENTS} jobs wait for this one already, or have waited for it`, {
    field: 'after',
    limit: `${MAX_DEPENDENTS} jobs`,
  });

const isSame = (one: At | null, other: At): boolean =>
  one?.attempt === other.attempt && one.node === other.node && one.nodeEpoch === other.nodeEpoch;

const alreadyEnded = () => refuse('AlreadyEnded', 'The job has ended already');

const decider: Decider<Job, JobCommand, JobEvent, JobRefusal> = {
  initial: { is: 'new' },

  decide(command, job) {
    if (command.type === 'SubmitJob')
      return job.is === 'new'
        ? (wrongIn(command) ?? [{ ...command, type: 'JobQueued' }])
        : refuse('JobExists', 'There is a job with this id already');
    if (command.type === 'CancelAlong' && job.is === 'new') return [];
    if (job.is === 'new') return refuse('NoSuchJob', 'There is no such job');
    switch (command.type) {
      case 'StartJob': // two leaders may propose: the first start counts
        if (job.is !== 'queued' || job.held.length > 0) return [];
        if ((command.attempt ?? job.attempts + 1) !== job.attempts + 1) return [];
        return [{ ...command, type: 'JobStarted', attempt: job.attempts + 1 }];
      case 'CompleteJob':
        return runsAt(job, command) ? [completed(job, command)] : staleAttempt();
      case 'FailJob':
        return runsAt(job, command) ? [failed(job, command.error, command)] : staleAttempt();
      case 'CrashAttempt': {
        if (!runsAt(job, command)) return staleAttempt();
        if (job.interrupting) return [cutShort(job, 'its process crashed')];
        const { message } = command;
        const charged = { nodeLost: job.nodeLost, ownCrash: job.ownCrash + 1 };
        return [
          mayRunAgain(charged)
            ? requeued(job, 'crashed', charged, command)
            : failed(job, { code: 'AttemptCrashed', message }, command),
        ];
      }
      case 'LoseNode': {
        // No report of the attempt: the process may tell it twice, or late.
        if (!runsAt(job, command)) return [];
        if (job.interrupting) return [cutShort(job, 'its server was lost')];
        if (command.left) return [givenBack(job)];
        const charged = { nodeLost: job.nodeLost + 1, ownCrash: job.ownCrash };
        return [mayRunAgain(charged) ? requeued(job, 'node-lost', charged) : abandoned(job)];
      }
      case 'DrainAttempt':
        if (!runsAt(job, command)) return staleAttempt();
        return [job.interrupting ? cutShort(job, 'its server was drained') : givenBack(job)];
      case 'PrioritizeJob': {
        if (job.is === 'ended') return alreadyEnded();
        const wrong = checkPriority(command.priority, command.best ?? job.best);
        if (wrong) return wrong;
        if (job.is === 'running') return refuse('NotWaiting', 'The job runs already: nothing is ahead of it');
        return [{ type: 'JobPrioritized', priority: command.priority }];
      }
      case 'AdmitDependent': {
        const { dependent, look = false } = command;
        if (job.dependents.includes(dependent)) return [];
        if (job.dependents.length >= MAX_DEPENDENTS) return tooManyDependents();
        return look ? [] : [dependentAdded(job, dependent)];
      }
      case 'AddDependent': {
        // Admitted before: then it is told with the others, if the end did not come before it was there.
        const { dependent } = command;
        const known = job.is !== 'ended' && job.dependents.includes(dependent);
        return known ? [] : [dependentAdded(job, dependent)];
      }
      case 'AddChild': {
        const late = job.is === 'ended' && job.cancelled ? { cancelled: true } : {};
        return [{ type: 'JobChildAdded', child: command.child, ...late }];
      }
      case 'MeasureAttempt': {
        const { type: _type, use, ...where } = command;
        return isSame(job.unmeasured, where) ? [{ type: 'JobAttemptMeasured', ...where, use }] : [];
      }
      case 'MeetDependency':
        return job.is === 'queued' ? met(job, command.job, command.end) : [];
      case 'InterruptJob':
        if (job.is === 'ended') return alreadyEnded();
        if (job.is === 'queued')
          return refuse('NotRunning', 'The job does not run yet: terminate it instead');
        return interruptRequested(job, command.reason);
      case 'CancelAlong':
      case 'TerminateJob': {
        if (job.is === 'ended')
          return command.type === 'CancelAlong' ? childrenCancelled(job, command.reason) : alreadyEnded();
        const wrong = checkText('reason', command.reason, { min: 0, max: 500 });
        if (wrong) return wrong;
        return [cancelled(job, job.is === 'running' ? job : null, command.reason)];
      }
    }
  },

  evolve(job, event) {
    if (event.type === 'JobQueued') {
      const { environment, owner, app, description, procedure, batch, schedule, licence } = event;
      const { best = OWN_PRIORITY } = event;
      const title = description || procedure;
      const of = {
        environment,
        owner,
        app: app.name,
        version: app.version,
        title,
        ...(batch ? { batch } : {}),
        ...(schedule ? { schedule } : {}),
        ...(licence ? { licence } : {}),
      };
      const held = event.after ?? [];
      const lasting = { nested: event.parent !== undefined, children: 0, dependents: [], unmeasured: null };
      return { is: 'queued', of, best, attempts: 0, held, nodeLost: 0, ownCrash: 0, ...lasting };
    }
    if (job.is === 'new') return job;
    const { nested, children, dependents, unmeasured } = job;
    if (event.type === 'JobDependentAdded')
      return dependents.includes(event.dependent)
        ? job
        : { ...job, dependents: [...dependents, event.dependent] };
    if (event.type === 'JobChildAdded') return { ...job, children: Math.max(children, event.child) };
    if (event.type === 'JobAttemptMeasured') return { ...job, unmeasured: null };
    if (event.type === 'JobChildrenCancelled') return job.is === 'ended' ? { ...job, cancelled: true } : job;
    if (job.is === 'ended') return job;
    const { of, best, nodeLost, ownCrash } = job;
    const lasting = { nested, children, dependents, unmeasured };
    switch (event.type) {
      case 'JobStarted':
        return { is: 'running', ...at(event), of, best, nodeLost, ownCrash, interrupting: false, ...lasting };
      case 'JobRequeued':
        return {
          is: 'queued',
          of,
          best,
          attempts: event.attempt,
          held: [],
          nodeLost: event.nodeLost,
          ownCrash: event.ownCrash,
          ...lasting,
          unmeasured: event.use ? null : at(event),
        };
      case 'JobDependencyMet':
        return job.is === 'queued' ? { ...job, held: job.held.filter((one) => one.job !== event.job) } : job;
      case 'JobPrioritized':
      case 'JobReleased':
        return job;
      case 'JobInterruptRequested':
        return job.is === 'running' ? { ...job, interrupting: true } : job;
      case 'JobCompleted':
      case 'JobFailed':
        return { is: 'ended', end: endOf(event), cancelled: false, ...lasting };
      case 'JobCancelled':
      case 'JobAbandoned':
        return {
          is: 'ended',
          end: endOf(event),
          cancelled: event.type === 'JobCancelled',
          ...lasting,
          unmeasured: job.is === 'running' ? at(job) : unmeasured,
        };
    }
  },
};

export const job = { name: 'job', context: 'jobs', decider } as const;

/** What was asked for, from the events of the job's stream. */
export const queuedJob = ([first]: readonly { readonly event: DomainEvent }[]): QueuedJob => {
  const event = first?.event as JobEvent | undefined;
  if (event?.type !== 'JobQueued') throw new Error('This is not the stream of a job');
  return event;
};
