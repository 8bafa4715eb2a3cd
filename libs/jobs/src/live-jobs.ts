import { isUuid } from '@openpro/kernel';
import { LinkError, Listening, type ProLink } from '@openpro/link';
import DataLoader from 'dataloader';
import type { AttemptNews, Attempts } from './attempts.js';
import type { Dispatcher } from './dispatcher.js';
import type { JobRow } from './job-list.projection.js';

/** Where a job runs, as its row says. */
export type JobAt = Pick<JobRow, 'id' | 'node' | 'node_epoch' | 'attempt'>;

const PRO = ['pro'];
/** A page of jobs, and more. */
const MAX_JOBS = 500;
/** A reason for waiting is not worth more of a reader's time. */
const REASON_MS = 300;
/** Between two reasons that one reader is told of: a person's pace. */
const REASON_INTERVAL_MS = 1000;

/** A job that waits, as the leader sees it. */
interface Waiting {
  readonly reason: string;
  readonly place: number | null;
}

/** Serves what this server knows of jobs and nobody else: its attempts' news and, while it leads, why jobs wait. */
export const serveJobs = (
  link: ProLink,
  attempts: Pick<Attempts, 'listen'>,
  dispatcher: Pick<Dispatcher, 'waitingFor' | 'placeOf' | 'onDecided'>,
): void => {
  link.serve('job.listen', {
    accepts: PRO,
    listen: (params, push) => {
      const { job, fromStart } = (params ?? {}) as { job?: unknown; fromStart?: unknown };
      if (!isUuid(job)) throw new LinkError('BadInput', 'The request names no job');
      return attempts.listen(job, fromStart === true, push);
    },
  });
  link.serve('job.reason', {
    accepts: PRO,
    listen: (params, push) => {
      const { job } = (params ?? {}) as { job?: unknown };
      if (!isUuid(job)) throw new LinkError('BadInput', 'The request names no job');
      return onReason(dispatcher, job, push);
    },
  });
  link.serve('job.waitingFor', {
    accepts: PRO,
    call: (params) => {
      const { jobs } = (params ?? {}) as { jobs?: unknown };
      if (!Array.isArray(jobs) || jobs.length > MAX_JOBS)
        throw new LinkError('BadInput', `The request must name at most ${MAX_JOBS} jobs`);
      return Promise.resolve(
        jobs.map(String).map((job): Waiting | null => {
          const reason = dispatcher.waitingFor(job);
          return reason === null ? null : { reason, place: dispatcher.placeOf(job) };
        }),
      );
    },
  });
};

/** Calls back, at a person's pace, when the reason has changed for which a job waits; returns how to stop. */
const onReason = (
  dispatcher: Pick<Dispatcher, 'waitingFor' | 'onDecided'>,
  job: string,
  tell: (reason: string) => void,
): (() => void) => {
  let told = dispatcher.waitingFor(job);
  let later: NodeJS.Timeout | undefined;
  const stop = dispatcher.onDecided(() => {
    later ??= setTimeout(() => {
      later = undefined;
      const reason = dispatcher.waitingFor(job);
      if (reason !== null && reason !== told) tell(reason);
      told = reason;
    }, REASON_INTERVAL_MS);
  });
  return () => {
    clearTimeout(later);
    stop();
  };
};

/** The server that leads, as far as is known here. */
export interface Leader {
  node(): Promise<string | null>;
  onChange(listener: () => void): () => void;
}

/** What only the server knows that runs a job, or the one that leads: asked there, wherever that is. */
export class LiveJobs {
  private readonly waiting = new DataLoader<string, Waiting | null>((jobs) => this.ask(jobs), {
    cache: false,
    maxBatchSize: MAX_JOBS,
  });

  constructor(
    private readonly link: ProLink,
    private readonly leader: Leader,
  ) {}

  /** Why a job waits, in words; null when it does not, or when the leader does not answer at once. */
  async waitingFor(job: string): Promise<string | null> {
    return (await this.waiting.load(job))?.reason ?? null;
  }

  /** Its place in the line of all that wait, 1 for the next. */
  async placeOf(job: string): Promise<number | null> {
    return (await this.waiting.load(job))?.place ?? null;
  }

  /** Calls back when the reason has changed for which a job waits, while it waits: `follow` tells whether it does. */
  reason(job: string, tell: () => void): { follow(row: Pick<JobRow, 'state'>): void; close(): void } {
    let stop: (() => void) | null = null;
    const close = (): void => {
      stop?.();
      stop = null;
    };
    return {
      follow: ({ state }) => {
        if (state === 'queued') stop ??= this.onReason(job, tell);
        else close();
      },
      close,
    };
  }

  /** Whoever leads. */
  private onReason(job: string, tell: () => void): () => void {
    const line = new Listening(this.link, 'job.reason', tell);
    let stopped = false;
    let known: string | null = null;
    const follow = async (): Promise<void> => {
      const node = await this.leader.node().catch(() => null); // the next change of the leader asks again
      if (stopped || node === null) line.close();
      else {
        line.to(node, node, () => ({ job }));
        if (known !== null && known !== node) tell(); // another leader may have other reasons
        known = node;
      }
    };
    void follow();
    const stop = this.leader.onChange(() => void follow());
    return () => {
      stopped = true;
      stop();
      line.close();
    };
  }

  /** Calls back with progress and log of a job, from the server that has it when `follow` tells. */
  line(onNews: (news: AttemptNews) => void): { follow(job: JobAt, first: number): void; close(): void } {
    const line = new Listening(this.link, 'job.listen', (message) => onNews(message as AttemptNews));
    return {
      /** @param first the attempt that ran when listening began: of later ones everything is news */
      follow: ({ id, node, node_epoch: epoch, attempt }, first) => {
        if (node === null) line.close();
        else
          line.to(node, `${node}:${epoch}:${attempt}`, (again) => ({
            job: id,
            fromStart: attempt > first && !again,
          }));
      },
      close: () => line.close(),
    };
  }

  private async ask(jobs: readonly string[]): Promise<(Waiting | null)[]> {
    const unknown = jobs.map(() => null);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, REASON_MS, null)));
    const answer = async (): Promise<unknown> => {
      const leader = await this.leader.node();
      return leader === null ? null : this.link.call(leader, 'job.waitingFor', { jobs });
    };
    try {
      const answers = await Promise.race([answer(), late]);
      return Array.isArray(answers) && answers.length === jobs.length ? answers.map(toWaiting) : unknown;
    } catch {
      return unknown; // the leader is lost, or another one by now
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A leader of the version before says no more than the reason. */
const toWaiting = (answer: unknown): Waiting | null => {
  if (typeof answer === 'string') return { reason: answer, place: null };
  const { reason, place } = (answer ?? {}) as { readonly reason?: unknown; readonly place?: unknown };
  return typeof reason === 'string' ? { reason, place: typeof place === 'number' ? place : null } : null;
};
