import type { SessionRow } from './session-list.projection.js';

type Reached = Pick<
  SessionRow,
  'licence' | 'requested_at' | 'seated_at' | 'placed_at' | 'ready_at' | 'ended_at' | 'steps'
>;

/**
 * How long its owner waited for what, in milliseconds, until it was open or had ended. What has not come yet is left
 * out: while he waits, the reason says that.
 * @param seat what to call the seat that it needed
 */
export const sessionWait = (row: Reached, seat: string): { readonly [what: string]: number } => {
  const { licence, requested_at, seated_at, placed_at, ready_at, ended_at } = row;
  const packages = row.steps.find(({ name }) => name === 'packages');
  const marks: readonly (readonly [what: string, at: number | null])[] = [
    ...(licence === null ? [] : ([[seat, seated_at ?? placed_at]] as const)),
    ['server', placed_at],
    ...(packages && placed_at !== null ? ([['engine and app', placed_at + packages.ms]] as const) : []),
    ['opening', ready_at],
  ];
  const waited: { [what: string]: number } = {};
  let before = requested_at;
  for (const [what, at] of marks) {
    const until = at ?? ended_at;
    if (until === null) break;
    waited[what] = Math.max(0, until - before);
    if (at === null) break;
    before = at;
  }
  return waited;
};
