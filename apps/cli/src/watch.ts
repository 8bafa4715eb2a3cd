import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api.js';
import { EXIT, type ExitCode, Failure } from './failure.js';
import { bar, duration, fields, number, percent, words } from './format.js';
import {
  JobByIdDocument,
  type JobFieldsFragment as Job,
  JobProgressDocument,
  type PointFieldsFragment as Point,
} from './generated/graphql.js';
import type { Screen } from './screen.js';
import { follow } from './subscribe.js';

export const hasEnded = ({ state }: Pick<Job, 'state'>): boolean => state !== 'QUEUED' && state !== 'RUNNING';

export const noSuchJob = (id: string): Failure =>
  new Failure(EXIT.notFound, `There is no job ${id}, or you may not see it`, {
    code: 'NoSuchJob',
    field: 'id',
  });

export const exitOf = ({ state, objective }: Job): ExitCode => {
  switch (state) {
    case 'QUEUED':
    case 'RUNNING':
    case 'COMPLETED':
      return EXIT.ok;
    case 'INTERRUPTED':
    case 'TIME_LIMIT':
      return objective === null ? EXIT.noSolution : EXIT.stoppedEarly;
    case 'INFEASIBLE':
    case 'UNBOUNDED':
    case 'FAILED':
    case 'CANCELLED':
    case 'ABANDONED':
      return EXIT.noSolution;
  }
};

/** `optimal` rather than `completed`, where the solver has said so. */
export const statusOf = ({ state, solverStatus }: Job): string => {
  const said = solverStatus ? words(solverStatus) : null;
  if (state === 'COMPLETED') return said ?? 'completed';
  return said && said !== words(state) ? `${words(state)} (${said})` : words(state);
};

export const summary = (job: Job): string =>
  fields([
    ['job', job.id],
    ['app', `${job.app.id} ${job.procedure}`],
    ['description', job.description],
    ['status', statusOf(job)],
    ['profile', job.profile],
    ['waiting for', job.waitingFor],
    ['place', job.place],
    ['waited', job.waited],
    ['objective', job.objective === null ? null : number(job.objective)],
    ['bound', job.bound === null || job.bound === job.objective ? null : number(job.bound)],
    ['gap', job.gap ? percent(job.gap) : null],
    ['time', job.startedAt && job.endedAt ? duration((job.endedAt - job.startedAt) / 1000) : null],
    ['differs', job.differs],
    ['stopped by', job.stoppedBy],
    ['stop reason', job.state === 'CANCELLED' ? null : job.stopReason],
    ['repeats', job.repeats],
    ['compared', job.compared],
    ['attempts', job.attempts.length > 1 ? job.attempts.length : null],
    [
      job.state === 'CANCELLED' ? 'reason' : 'error',
      job.error && [job.error.message, job.error.where].filter(Boolean).join(' at '),
    ],
  ]);

/** Gaps close by powers of ten: 100 % is an empty bar, 0.01 % a full one. */
const closed = (gap: number): number => (gap <= 0 ? 1 : -Math.log10(Math.min(1, Math.max(gap, 1e-4))) / 4);

const figures = ({ objective, bound, gap, nodes, incumbents }: Point): string[] => [
  ...(objective === null ? [] : [`best ${number(objective)}`]),
  ...(bound === null ? [] : [`bound ${number(bound)}`]),
  ...(gap === null ? [] : [`gap ${percent(gap)}`]),
  ...(nodes ? [`${number(nodes)} nodes`] : []),
  ...(incumbents > 1 ? [`${incumbents} solutions`] : []),
];

/** A job's way on the screen: a live line, or a plain one whenever something new is to be said. */
class Progress {
  #job: Job | null = null;
  #point: Point | null = null;
  #heardAt = 0;
  #said = '';
  readonly #ticks: NodeJS.Timeout;

  constructor(private readonly screen: Screen) {
    this.#ticks = setInterval(() => this.#draw(), 250).unref();
  }

  show(job: Job, points: readonly Point[]): void {
    const [before, now] = [this.#job?.attempts.length, job.attempts.length];
    if (before && now > before) {
      const outcome = job.attempts[before - 1]?.outcome;
      this.screen.note(
        `Attempt ${before} was lost${outcome ? ` (${words(outcome)})` : ''}; this is attempt ${now}.`,
      );
      this.#point = null;
    }
    this.#job = job;
    if (job.state !== 'RUNNING') this.#point = null;
    for (const point of points) {
      this.#point = point;
      this.#heardAt = Date.now();
      this.#draw();
    }
    if (!points.length) this.#draw();
  }

  end(): void {
    clearInterval(this.#ticks);
    this.screen.endProgress();
  }

  #draw(): void {
    const [job, point] = [this.#job, this.#point];
    if (!job || hasEnded(job)) return;
    const ago = (at: number): number => Math.max(0, Date.now() - at) / 1000;
    if (job.state === 'QUEUED') {
      const why = job.waitingFor ? `queued: ${job.waitingFor}` : 'queued';
      return this.screen.progress(`${why}, ${duration(ago(job.queuedAt))}`, this.#news(why));
    }
    if (!point) {
      const started = duration(ago(job.startedAt ?? job.queuedAt));
      return this.screen.progress(`starting, ${started}`, this.#news('starting'));
    }
    const since = duration(point.elapsed + ago(this.#heardAt));
    const parts = figures(point);
    const share = point.gap === null ? '' : ` ${bar(closed(point.gap))}`;
    const news = this.#news(`${point.phase} ${point.objective === null ? '' : number(point.objective)}`);
    this.screen.progress(
      [`${point.phase}${share} ${since}`, ...parts].join(' · '),
      news && [`${point.phase}, ${duration(point.elapsed)}`, ...parts].join(' · '),
    );
  }

  /** The text, if it was not said last. */
  #news(text: string): string | null {
    if (text === this.#said) return null;
    this.#said = text;
    return text;
  }
}

export interface WatchOptions {
  /** Prints every step as JSON, one per line. */
  readonly stream: boolean;
  /** On Ctrl-C; true = stop watching. */
  readonly onInterrupt: () => boolean;
}

/** Follows a job to its end, over any number of lost connections; null when the user has stopped watching. */
export const watch = async (
  api: Api,
  screen: Screen,
  id: string,
  options: WatchOptions,
): Promise<Job | null> => {
  const stop = new AbortController();
  const interrupt = (): void => {
    if (options.onInterrupt()) stop.abort();
  };
  const progress = new Progress(screen);
  let told = '';
  const tell = (job: Job, points: readonly Point[]): void => {
    progress.show(job, points);
    if (!options.stream) return;
    for (const point of points) screen.item({ progress: point }, () => '');
    const text = JSON.stringify(job);
    if (text !== told) screen.item({ job }, () => '');
    told = text;
  };
  process.on('SIGINT', interrupt);
  try {
    for (
      ;
      !stop.signal.aborted;
      await sleep(200, undefined, { signal: stop.signal }).catch(() => undefined)
    ) {
      const messages = follow(api, JobProgressDocument, () => ({ id }), {
        signal: stop.signal,
        onLost: () => screen.progress('The connection is lost; connecting again …', 'Connecting again …'),
      });
      for await (const { jobProgress } of messages) {
        tell(jobProgress.job, jobProgress.points);
        if (hasEnded(jobProgress.job)) return jobProgress.job;
      }
      if (stop.signal.aborted) break;
      // The stream ended before the job: the server is going down, or there is no such job.
      const { job } = await api.query(JobByIdDocument, { id });
      if (!job) throw noSuchJob(id);
      tell(job, []);
      if (hasEnded(job)) return job;
    }
    return null;
  } finally {
    process.off('SIGINT', interrupt);
    progress.end();
  }
};
