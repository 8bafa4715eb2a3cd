/** How many processes of one engine and role are to wait for work. Times in milliseconds. */
export interface WarmPolicy {
  /** Also when nobody has wanted one for long. */
  readonly least: number;
  readonly most: number;
  /** Demand is remembered for so long. */
  readonly memoryMs: number;
  /** Wanted within so long of each other, they come before another one can be ready. */
  readonly burstMs: number;
}

/**
 * As many as came in the largest burst that is remembered: had so many waited, nobody would have had to.
 * @param wanted when processes were asked for, oldest first
 */
export const warmSize = (
  { least, most, memoryMs, burstMs }: WarmPolicy,
  wanted: readonly number[],
  now: number,
): number => {
  let largest = 0;
  let first = 0;
  wanted.forEach((at, i) => {
    while (wanted[first]! < Math.max(at - burstMs, now - memoryMs)) first++;
    largest = Math.max(largest, i - first + 1);
  });
  return Math.max(least, Math.min(most, largest));
};
