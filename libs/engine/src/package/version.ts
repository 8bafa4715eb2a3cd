/**
 * Versions after semver.org 2.0 with one difference: in `1.15.3-2` the part after the dash is a build of the
 * same release, as in engine packages, so ranges take it like any other version (it sorts before `1.15.3`).
 */
interface Version {
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
}

const NUMBER = '(0|[1-9]\\d{0,8})';
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?$`);

const parse = (text: string): Version | undefined => {
  const match = VERSION.exec(text);
  return match
    ? {
        numbers: [Number(match[1]), Number(match[2]), Number(match[3])],
        pre: match[4]?.split('.') ?? [],
      }
    : undefined;
};

export const isVersion = (text: string): boolean => parse(text) !== undefined;

/** Numbers before words, fewer before more: semver.org 2.0, item 11. */
const comparePre = (a: readonly string[], b: readonly string[]): number => {
  if (!a.length || !b.length) return b.length - a.length;
  for (const [i, left] of a.entries()) {
    const right = b[i];
    if (right === undefined) return 1;
    const numbers = [left, right].map((part) => (/^\d+$/.test(part) ? Number(part) : Infinity));
    if (numbers[0] !== numbers[1]) return numbers[0]! - numbers[1]!;
    if (left !== right && numbers[0] === Infinity) return left < right ? -1 : 1;
  }
  return a.length - b.length;
};

const compare = (a: Version, b: Version): number =>
  a.numbers[0] - b.numbers[0] ||
  a.numbers[1] - b.numbers[1] ||
  a.numbers[2] - b.numbers[2] ||
  comparePre(a.pre, b.pre);

/** Negative when `a` is older than `b`. Both must be versions. */
export const compareVersions = (a: string, b: string): number => {
  const [left, right] = [parse(a), parse(b)];
  if (!left || !right) throw new TypeError(`Not a version: ${left ? b : a}`);
  return compare(left, right);
};

type Test = (version: Version) => boolean;

/** `^` keeps the first number that is not zero, `~` the second one. */
const within = (base: Version, fixed: number): Test => {
  const same = ({ numbers }: Version): boolean =>
    numbers.slice(0, fixed).every((number, i) => number === base.numbers[i]);
  return (version) => same(version) && compare(version, base) >= 0;
};

const comparator = (text: string): Test | undefined => {
  if (text === '*') return () => true;
  const [, operator = '', rest = ''] = /^(\^|~|>=|<=|>|<|=|)(.+)$/.exec(text) ?? [];
  // `>=20.9` means `>=20.9.0`; a bare `20.9` would be a guess between one version and many.
  const missing = ['^', '~', '>=', '<'].includes(operator) ? 3 - rest.split('.').length : 0;
  const base = parse(rest + '.0'.repeat(Math.max(0, missing)));
  if (!base) return undefined;
  switch (operator) {
    case '^': {
      const first = base.numbers.findIndex((number) => number > 0);
      return within(base, first < 0 ? 3 : first + 1);
    }
    case '~':
      return within(base, 2);
    case '>=':
      return (version) => compare(version, base) >= 0;
    case '>':
      return (version) => compare(version, base) > 0;
    case '<=':
      return (version) => compare(version, base) <= 0;
    case '<':
      return (version) => compare(version, base) < 0;
    default:
      return (version) => compare(version, base) === 0;
  }
};

const parseRange = (range: string): readonly Test[] | undefined => {
  const tests = range.trim().split(/ +/).map(comparator);
  return tests.every((test) => test !== undefined) ? tests : undefined;
};

export const isRange = (text: string): boolean => parseRange(text) !== undefined;

/** Whether an engine's version lies in a range: `*`, exact, `^ ~ >= > <= < =`; several parted by spaces must all hold. */
export const satisfies = (version: string, range: string): boolean => {
  const parsed = parse(version);
  return (parsed && parseRange(range)?.every((test) => test(parsed))) ?? false;
};
