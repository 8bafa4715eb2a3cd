/** Something that must not be. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export const hold = (holds: boolean, what: () => string): void => {
  if (!holds) throw new Violation(what());
};

/** One seed, one history (mulberry32). */
export class Chance {
  constructor(private seed: number) {}

  below(n: number): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  of(percent: number): boolean {
    return this.below(100) < percent;
  }

  some<T>(list: readonly T[], percent: number): readonly T[] {
    return list.filter(() => this.of(percent));
  }
}
