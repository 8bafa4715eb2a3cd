import type { JobRow } from './job-list.projection.js';

/** What may be changed when a job is made after another one. */
export type Changeable = Pick<JobRow, 'args' | 'priority' | 'profile' | 'time_limit' | 'gap_limit' | 'seed'>;

const MAX_SHOWN = 60;

const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none');
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
};

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const change = (what: string, before: unknown, after: unknown, unit = ''): string[] => {
  if (same(before ?? null, after ?? null)) return [];
  if (after === undefined || after === null) return [`no ${what} instead of ${shown(before)}${unit}`];
  const former = before === undefined || before === null ? 'none' : `${shown(before)}${unit}`;
  return [`${what} ${shown(after)}${unit} instead of ${former}`];
};

/** In words, in what a job differs from the one that it was made after. */
export const differences = (id: string, before: Changeable, after: Changeable): string => {
  const [was, is] = [before.args, after.args] as Readonly<Record<string, unknown>>[];
  const names = [...new Set([...Object.keys(was ?? {}), ...Object.keys(is ?? {})])].sort();
  const all = [
    ...names.flatMap((name) => change(`argument ${name}`, was?.[name], is?.[name])),
    ...change('gap', before.gap_limit, after.gap_limit),
    ...change('time limit', before.time_limit, after.time_limit, ' s'),
    ...change('seed', before.seed, after.seed),
    ...change('priority', before.priority, after.priority),
    ...change('profile', before.profile, after.profile),
  ];
  return all.length > 0 ? `As job ${id} but: ${all.join('; ')}` : `As job ${id}, with no change`;
};
