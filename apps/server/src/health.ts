import { performance } from 'node:perf_hooks';

/** What is wrong, in words that anybody may read: no names of hosts, no paths, no figures. */
export interface Problem {
  readonly problem: string;
  /** For administrators. */
  readonly detail?: string;
  /** Writes fail, or soon will, for want of room. */
  readonly diskShort?: true;
}

/** One thing that must work. It may hang or throw: both are problems of their own. */
export interface Check {
  readonly name: string;
  look(): Promise<readonly Problem[]> | readonly Problem[];
}

export interface CheckResult {
  readonly name: string;
  readonly problems: readonly Problem[];
}

/** So long a check may take; the answer as a whole takes no longer. */
const CHECK_MS = 2000;
/** So long an answer is given again: a flood of questions costs one look a second. */
const FRESH_MS = 1000;

/** Runs all checks side by side. One that still hangs from an earlier look is not started again. */
export class Health {
  private last: { readonly at: number; readonly results: Promise<readonly CheckResult[]> } | null = null;
  private readonly underWay = new Map<Check, Promise<readonly Problem[]>>();

  constructor(
    private readonly checks: readonly Check[],
    private readonly checkMs = CHECK_MS,
    private readonly now = (): number => performance.now(),
  ) {}

  look(): Promise<readonly CheckResult[]> {
    const now = this.now();
    if (!this.last || now - this.last.at >= FRESH_MS)
      this.last = { at: now, results: Promise.all(this.checks.map((check) => this.run(check))) };
    return this.last.results;
  }

  private async run(check: Check): Promise<CheckResult> {
    const { name } = check;
    const looking = this.underWay.get(check) ?? this.begin(check);
    const late: Problem = { problem: `${name}: no answer in time`, detail: `within ${this.checkMs} ms` };
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<readonly Problem[]>(
      (resolve) => (timer = setTimeout(resolve, this.checkMs, [late])),
    );
    const problems = await Promise.race([looking, tooLate]);
    clearTimeout(timer);
    return { name, problems };
  }

  private begin(check: Check): Promise<readonly Problem[]> {
    const looking = Promise.resolve()
      .then(() => check.look())
      .catch((error: unknown) => [{ problem: `${check.name}: does not work`, detail: String(error) }])
      .finally(() => this.underWay.delete(check));
    this.underWay.set(check, looking);
    return looking;
  }
}

/** 200 when all is well, 507 when room is short, 500 with anything else. */
export const statusOf = (results: readonly CheckResult[]): 200 | 500 | 507 => {
  const problems = results.flatMap((result) => result.problems);
  if (problems.some(({ diskShort }) => diskShort)) return 507;
  return problems.length === 0 ? 200 : 500;
};

/** What a stranger reads; who is trusted also reads the reasons, check by check. */
export const answerOf = (results: readonly CheckResult[], trusted: boolean): object => ({
  ok: statusOf(results) === 200,
  problems: results.flatMap(({ problems }) => problems.map(({ problem }) => problem)),
  ...(trusted
    ? {
        checks: results.map(({ name, problems }) => ({
          name,
          ok: problems.length === 0,
          ...(problems.length > 0
            ? { problems: problems.map(({ problem, detail }) => detail ?? problem) }
            : {}),
        })),
      }
    : {}),
});

/** A check that costs something: its outcome holds for a while. */
export const every = (ms: number, check: Check, now = (): number => performance.now()): Check => {
  let last: { readonly at: number; readonly problems: readonly Problem[] } | null = null;
  return {
    name: check.name,
    look: async () => {
      if (!last || now() - last.at >= ms) last = { problems: await check.look(), at: now() };
      return last.problems;
    },
  };
};
