import type { FailAction } from './failpoints.js';
import type { FaultKind } from './history.js';

/*
 * Which faults come, in which order, at which pace: all of it follows from a seed. Where a fault strikes depends on
 * what runs by then, so the plan holds dice for that instead of names.
 */

/** A kind of fault and how it is done; the numbers give its share and what it lasts, in milliseconds. */
const VARIANTS = [
  ['F01', 'server', 2.5, 0, 0],
  ['F01', 'server for longer', 1, 6000, 9000],
  ['F01', 'leader', 3, 0, 0],
  ['F01', 'attempt', 9, 0, 0],
  ['F01', 'session', 5, 0, 0],
  ['F02', 'stop', 1.5, 6500, 9000],
  ['F03', 'pause', 8, 300, 2000],
  ['F03', 'long pause', 2, 1800, 2200],
  ['F04', 'block', 0.6, 10_000, 10_000],
  ['F05', 'restart', 1, 0, 0],
  ['F05', 'immediate', 1, 0, 0],
  ['F05', 'backend', 2, 0, 0],
  ['F06', 'cut', 12, 0, 0],
  ['F07', 'hole', 1.5, 1000, 7000],
  ['F07', 'reset', 2, 500, 6000],
  ['F07', 'half-open', 2, 1000, 4000],
  ['F08', 'delay', 4, 1000, 4000],
  ['F08', 'slow', 3, 1000, 4000],
  ['F09', 'one', 1, 6000, 9000],
  ['F09', 'half', 0.5, 6000, 9000],
  ['F10', 'commit', 13, 0, 0],
  ['F11', 'hold', 1, 7000, 8000],
  ['F12', 'senders', 12, 0, 0],
  ['F13', 'full', 0.6, 1500, 4000],
  ['F14', 'full', 0.6, 1000, 3000],
  ['F14', 'read-only', 0.6, 1000, 3000],
  ['F14', 'gone', 0.6, 1000, 3000],
  ['F16', 'hour', 2, 3000, 15_000],
  ['F16', 'half ahead', 0.6, 3000, 8000],
  ['F17', 'ten minutes', 0.6, 3000, 10_000],
  ['F18', 'memory', 1.5, 0, 0],
  ['F19', 'exhausted', 1.5, 0, 0],
  ['F20', 'restart', 1, 0, 0],
  ['F20', 'drain', 1, 2000, 5000],
  ['F20', 'rolling', 0.3, 0, 0],
  ['F24', 'kill', 3, 0, 0],
  ['F24', 'leader', 1, 0, 0],
  ['F24', 'elected', 0.6, 0, 0],
  ['F24', 'late leader', 0.6, 3000, 3000],
] as const satisfies readonly (readonly [FaultKind, string, number, number, number])[];

type NameOf<V> = V extends readonly [infer Kind extends string, infer How extends string, ...unknown[]]
  ? `${Kind} ${How}`
  : never;
export type Variant = NameOf<(typeof VARIANTS)[number]>;

export interface PlannedFault {
  /** From 1. */
  readonly number: number;
  readonly is: FaultKind;
  readonly variant: Variant;
  /** Milliseconds between the former fault's begin and this one's. */
  readonly gap: number;
  /** What it lasts; 0 for a blow. */
  readonly ms: number;
  /** From 0 to 1: whom it strikes, among those it may. */
  readonly dice: readonly [number, number, number];
  /** Of F24, where it is not up to the dice. */
  readonly orders?: string;
}

export interface Plan {
  /** Faults that must not cost an attempt (I18), by themselves. */
  readonly gentle: readonly PlannedFault[];
  readonly rough: readonly PlannedFault[];
}

const KILL = ['F24', 'kill', 3, 0, 0] as const;

const GENTLE: ReadonlySet<FaultKind> = new Set(['F03', 'F05', 'F16', 'F17']);
const GENTLE_SHARE = 0.1;
/** Of the gaps, which are distributed exponentially and cut at four times this. */
const MEAN_GAP = 750;

/** Mulberry32: 32 bits of state, the same sequence everywhere. */
export const random = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** So many of each variant that the shares are met; the largest rests get what is left over. */
const deal = (
  variants: readonly (typeof VARIANTS)[number][],
  count: number,
): readonly (typeof VARIANTS)[number][] => {
  const all = variants.reduce((sum, [, , share]) => sum + share, 0);
  const exact = variants.map((variant) => ({ variant, of: (variant[2] / all) * count }));
  const rest = count - exact.reduce((sum, { of }) => sum + Math.floor(of), 0);
  const favoured = new Set(
    [...exact]
      .sort((a, b) => (b.of % 1) - (a.of % 1) || (a.variant[1] < b.variant[1] ? -1 : 1))
      .slice(0, rest),
  );
  return exact.flatMap((entry) =>
    Array.from({ length: Math.floor(entry.of) + (favoured.has(entry) ? 1 : 0) }, () => entry.variant),
  );
};

const shuffled = <T>(items: readonly T[], next: () => number): T[] => {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(next() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
};

const laid = (
  [is, how, , shortest, longest]: (typeof VARIANTS)[number],
  number: number,
  next: () => number,
): PlannedFault => ({
  number,
  is,
  variant: `${is} ${how}` as Variant,
  gap: Math.round(Math.min(-Math.log(1 - next()), 4) * MEAN_GAP),
  ms: Math.round(shortest + next() * (longest - shortest)),
  dice: [next(), next(), next()],
});

/** A way of a fault, or what a server is told at its failpoints (failpoints.ts): `after-blob 1 kill`. */
export type Step = Variant | `${string} ${number} ${FailAction}${'' | ` ${number}`}`;

/** These in turn: to bring out one bug. */
export const planInTurn = (seed: number, steps: readonly Step[]): PlannedFault[] => {
  const next = random(seed);
  return steps.map((step, index) => {
    const way = VARIANTS.find(([is, how]) => step === `${is} ${how}`);
    return way ? laid(way, index + 1, next) : { ...laid(KILL, index + 1, next), orders: step };
  });
};

/** Kinds and ways: what `--only` takes. */
export const WAYS: ReadonlySet<string> = new Set(VARIANTS.flatMap(([is, how]) => [is, `${is} ${how}`]));

/**
 * @param only some kinds or ways instead of all
 * @param without kinds that this machine cannot bring about
 */
export const planFaults = (
  seed: number,
  count: number,
  only?: ReadonlySet<string>,
  without: ReadonlySet<string> = new Set(),
): Plan => {
  const next = random(seed);
  const wanted = VARIANTS.filter(
    ([is, how]) => !without.has(is) && (only === undefined || only.has(is) || only.has(`${is} ${how}`)),
  );
  if (wanted.length === 0) return { gentle: [], rough: [] };
  const mild = wanted.filter(([is]) => GENTLE.has(is));
  const gentleCount =
    mild.length === wanted.length ? count : mild.length === 0 ? 0 : Math.round(count * GENTLE_SHARE);
  let number = 0;
  const lay = (variants: readonly (typeof VARIANTS)[number][], many: number): PlannedFault[] =>
    shuffled(deal(variants, many), next).map((variant) => laid(variant, (number += 1), next));
  return { gentle: lay(mild, gentleCount), rough: lay(wanted, count - gentleCount) };
};
