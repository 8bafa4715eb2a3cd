/**
 * Many callers, one piece of work at a time: who asks while it runs shares the next run, so that an answer is never
 * older than its question.
 */
export const coalesce = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const start = (): Promise<T> => (running = work().finally(() => (running = undefined)));
  const startNext = (): Promise<T> => {
    next = undefined;
    return start();
  };
  return () => (running ? (next ??= running.then(startNext, startNext)) : start());
};
