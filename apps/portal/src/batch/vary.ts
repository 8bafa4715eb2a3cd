/** An argument and its values, as somebody types them. */
export interface Vary {
  readonly argument: string;
  readonly values: readonly unknown[];
}

const LINE = /^\s*([\p{L}_][\p{L}\p{N}_.]*)\s*=\s*(.+)$/u;
const RANGE = /^(-?\d+)\.\.(-?\d+)$/;
export const MAX_SCENARIOS = 10_000;

/** Numbers, true, false and quoted texts are what they look like; all else is text. */
const valueOf = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? text : value;
  } catch {
    return text;
  }
};

/** One argument a line: `price=1,2.5,4`, `seed=1..20`. A text says what is wrong. */
export const parseVary = (text: string): readonly Vary[] | string => {
  const grid: Vary[] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, argument = '', values = ''] = LINE.exec(line) ?? [];
    if (argument === '') return `"${line.trim()}" is not like price=1,2,3 or seed=1..20`;
    if (grid.some((axis) => axis.argument === argument)) return `${argument} is there twice`;
    const [, first, last] = RANGE.exec(values.trim()) ?? [];
    if (first === undefined || last === undefined)
      grid.push({ argument, values: values.split(',').map((value) => valueOf(value.trim())) });
    else {
      const count = Number(last) - Number(first) + 1;
      if (count < 1 || count > MAX_SCENARIOS) return `${values.trim()} are ${count} values`;
      grid.push({ argument, values: Array.from({ length: count }, (_, n) => Number(first) + n) });
    }
  }
  const count = scenariosOf(grid);
  return count > MAX_SCENARIOS
    ? `These are ${count.toLocaleString('en')} scenarios: at most ${MAX_SCENARIOS.toLocaleString('en')}`
    : grid;
};

/** How many jobs that makes; 0 where nothing varies. */
export const scenariosOf = (grid: readonly Vary[]): number =>
  grid.length === 0 ? 0 : grid.reduce((count, { values }) => count * values.length, 1);
