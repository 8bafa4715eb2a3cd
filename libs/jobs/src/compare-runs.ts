import type { JobRow } from './job-list.projection.js';

type Run = Pick<JobRow, 'state' | 'ended_at' | 'objective' | 'result'>;

/** Where the solver stops by the clock or by a person, what it has by then depends on the machine. */
const CUT_SHORT = new Set(['timeLimit', 'interrupted']);

const shown = (objective: number | null): string => (objective === null ? 'none' : String(objective));

/** In words, what a job found compared with the one that it repeats; null while one of them has not ended. */
export const compareRuns = (before: Run, after: Run): string | null => {
  if (before.ended_at === null || after.ended_at === null) return null;
  const differences = [
    ...(after.state === before.state ? [] : [`it ended ${after.state}, the first run ${before.state}`]),
    ...(after.objective === before.objective
      ? []
      : [`its objective is ${shown(after.objective)}, that of the first run ${shown(before.objective)}`]),
    ...(after.result === before.result ? [] : ['its data is not the same, byte for byte']),
  ];
  if (differences.length === 0) return 'The same end, objective and data as the first run';
  const why = [before, after].some(({ state }) => CUT_SHORT.has(state))
    ? ' (a run that is cut short finds what its machine finds by then)'
    : '';
  return `It differs: ${differences.join('; ')}${why}`;
};
