import { useEffect, useMemo } from 'react';
import { useSubscription } from 'urql';
import { useLive } from '../api.js';
import {
  JobChangedDocument,
  type JobPageQuery,
  JobPageDocument,
  JobPointsDocument,
  JobProgressDocument,
  type JobProgressSubscription,
  type JobState,
  type PointFieldsFragment,
} from '../generated/graphql.js';
import { mergePoints, thin } from './progress.js';

export type JobDetails = NonNullable<JobPageQuery['job']>;

export const isOver = (state: JobState): boolean => state !== 'QUEUED' && state !== 'RUNNING';

/** One job, as it is now and as it changes. */
export const useJob = (id: string) => {
  const [{ data, error }, again] = useLive(JobPageDocument, { id });
  const [{ data: live }] = useSubscription({
    query: JobChangedDocument,
    variables: { id },
    pause: !data?.job,
  });
  const job: JobDetails | null | undefined = live?.jobChanged ?? data?.job;
  return { job, error: data ? undefined : error, again };
};

interface Live {
  readonly points: readonly PointFieldsFragment[];
  /** Grows with every message: there may be something new in the log as well. */
  readonly pokes: number;
}

/** Progress of one attempt (of the last one, while it runs). */
export const useProgress = (job: JobDetails, attempt: number) => {
  const started = job.attempts.find(({ number }) => number === attempt)?.startedAt ?? 0;
  const running = job.state === 'RUNNING' && attempt === job.attempts.length;
  const variables = { id: job.id, ...(attempt > 0 ? { attempt } : {}) };
  const [{ data }, again] = useLive(JobPointsDocument, variables, attempt === 0);
  const [{ data: live }] = useSubscription<JobProgressSubscription, Live, { id: string }>(
    { query: JobProgressDocument, variables: { id: job.id }, pause: !running },
    (seen = { points: [], pokes: 0 }, { jobProgress }) => ({
      points: thin([...seen.points, ...jobProgress.points]),
      pokes: seen.pokes + 1,
    }),
  );
  const over = isOver(job.state);
  useEffect(() => {
    // What was said between the last reading and the end.
    if (over && attempt > 0) again({ requestPolicy: 'network-only' });
  }, [over, attempt, again]);
  const read = data?.job?.progress;
  const pushed = attempt === job.attempts.length ? live?.points : undefined;
  const points = useMemo(() => mergePoints(read ?? [], pushed ?? [], started), [read, pushed, started]);
  return { points, pokes: live?.pokes ?? 0, running };
};
