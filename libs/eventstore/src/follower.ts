import { type EventStore, LogGap, type Position, type Recorded } from './event-store.js';
import { Backoff, Bell, messageOf, type Report } from './waiting.js';

const BATCH = 1000;

export interface Following {
  /** Resolves when no more events will be delivered; never rejects. */
  stop(): Promise<void>;
  /** Resolves when following has ended: stopped, or with the gap in the log that ended it. */
  readonly ended: Promise<LogGap | undefined>;
}

/**
 * An in-memory consumer of the log: delivers every event after `after`, in order, in batches of at most 1000,
 * one batch at a time. An error of the store or of `onEvents` is reported and the batch delivered again, so
 * a batch may come twice but none is left out. A gap in the log ends it.
 */
export const follow = (
  store: EventStore,
  after: Position,
  onEvents: (events: readonly Recorded[]) => Promise<void> | void,
  report: Report = () => undefined,
): Following => {
  const stopping = new AbortController();
  const bell = new Bell();
  const backoff = new Backoff();
  const unlisten = store.onNews(bell.ring);

  const run = async (): Promise<LogGap | undefined> => {
    let position = after;
    while (!stopping.signal.aborted) {
      try {
        const events = await store.readAll(position, BATCH);
        const last = events.at(-1);
        if (last && !stopping.signal.aborted) {
          await onEvents(events);
          position = last.position;
        }
        backoff.reset();
        if (events.length < BATCH && !stopping.signal.aborted) await bell.wait();
      } catch (error) {
        report({
          level: error instanceof LogGap ? 'error' : 'warn',
          source: 'follower',
          message: messageOf(error),
          error,
        });
        if (error instanceof LogGap) return error;
        await backoff.wait(stopping.signal);
      }
    }
    return undefined;
  };

  const ended = run().finally(unlisten);
  return {
    ended,
    stop: async () => {
      stopping.abort();
      bell.ring();
      await ended;
    },
  };
};
