/** What is shown of a running solver. Pure. */
export interface Point {
  readonly at: number;
  readonly elapsed: number;
}

/**
 * Points that were read and points that were pushed, each once, in order. Points before `since` are
 * those of an earlier attempt.
 */
export const mergePoints = <P extends Point>(
  read: readonly P[],
  pushed: readonly P[],
  since: number,
): P[] => {
  const known = new Map<string, P>();
  for (const point of [...read, ...pushed])
    if (point.at >= since) known.set(`${point.at} ${point.elapsed}`, point);
  return [...known.values()].sort((a, b) => a.elapsed - b.elapsed || a.at - b.at);
};

const MAX_DRAWN = 2000;

/** A long run pushes for hours: keep the newest, and every other one of the older. */
export const thin = <P>(points: readonly P[], limit = MAX_DRAWN): readonly P[] => {
  if (points.length <= limit) return points;
  const half = Math.floor(points.length / 2);
  return [...points.slice(0, half).filter((_, index) => index % 2 === 0), ...points.slice(half)];
};

const KEPT_CHARS = 400_000;

/** The end of a log, cut at a line. */
export const keepTail = (text: string, limit = KEPT_CHARS): string => {
  if (text.length <= limit) return text;
  const start = text.indexOf('\n', text.length - limit);
  return text.slice(start < 0 ? text.length - limit : start + 1);
};

const TITLES: Record<string, string> = {
  JobQueued: 'Queued',
  JobPrioritized: 'Priority changed',
  JobDependentAdded: 'Another job waits for it',
  JobDependencyMet: 'A job that it waited for has ended',
  JobChildAdded: 'It has submitted another job',
  JobChildrenCancelled: 'What it has submitted is cancelled',
  JobAttemptMeasured: 'What the attempt had used is known',
  JobReleased: 'Released: it waits for no other job any more',
  JobStarted: 'Started',
  JobRequeued: 'Put back into the queue',
  JobInterruptRequested: 'Interrupt asked for',
  JobCompleted: 'Ended',
  JobFailed: 'Failed',
  JobCancelled: 'Cancelled',
  JobAbandoned: 'Given up',
};

/** "jobs.JobStarted" → "Started"; a type that is not known is spelled out. */
export const eventTitle = (type: string): string => {
  const name = type.split('.').at(-1) ?? type;
  return (
    TITLES[name] ??
    name
      .replace(/^Job/, '')
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .replace(/^./, (first) => first.toUpperCase())
  );
};

const OUTCOMES: Record<string, string> = {
  'node-lost': 'its server was lost: it ran again elsewhere, or was given up',
  drained: 'its server gave it back to the queue; not charged',
  crashed: 'its process crashed',
  timeLimit: 'time limit',
};

/** How an attempt ended, or why it moved. */
export const outcomeText = (outcome: string | null): string =>
  outcome === null ? 'running' : (OUTCOMES[outcome] ?? outcome);

const DETAILS = ['attempt', 'node', 'reason', 'outcome', 'solverStatus', 'message', 'procedure'];
const LABELS: Record<string, string> = { node: 'on', solverStatus: 'solver', message: 'says' };

/** The few facts of an event that a person asks for. */
export const eventDetails = (data: unknown, nameOf: (id: string) => string = String): string =>
  typeof data !== 'object' || data === null
    ? ''
    : DETAILS.flatMap((key) => {
        const value = (data as Record<string, unknown>)[key];
        if (typeof value !== 'string' && typeof value !== 'number') return [];
        const text = key === 'node' ? nameOf(String(value)) : String(value);
        return [`${LABELS[key] ?? key} ${text}`];
      }).join(' · ');
