import type pg from 'pg';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

type Labels<L extends string> = { readonly [name in L]: string };
/** A value for each combination of labels; a number alone where there are no labels. */
type Samples<L extends string> = number | readonly (readonly [value: number, labels: Labels<L>])[];

/** Buckets for requests over HTTP, seconds: the same on every server, so that they add up. */
export const HTTP_SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 300];

/** So long a value may take that has to be fetched; then it is left out of the answer. */
const READ_MS = 2000;

/**
 * What a server tells Prometheus of itself: one flat list. Whoever has a number registers how to read it, and it is
 * read when somebody asks. Labels have few values, known beforehand: no users, no names of jobs or apps.
 */
export class Metrics {
  private readonly registry = new Registry();
  private readonly pools = new Map<string, pg.Pool>();

  constructor() {
    const pool = <T extends string>(state: T, read: (of: pg.Pool) => number) =>
      [...this.pools].map(([name, of]) => [read(of), { pool: name, state }] as const);
    this.gauge(
      'openpro_pg_connections',
      'Connections to PostgreSQL, and requests that wait for one',
      ['pool', 'state'],
      () => [
        ...pool('used', ({ totalCount, idleCount }) => totalCount - idleCount),
        ...pool('idle', ({ idleCount }) => idleCount),
        ...pool('waiting', ({ waitingCount }) => waitingCount),
      ],
    );
  }

  /** Memory, processor and event loop of this process; costs a timer and an observer. */
  ofProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** A value of now. What it throws, or does not tell in time, leaves it out of the answer. */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[],
    read: () => Samples<L> | Promise<Samples<L>>,
  ): void {
    new Gauge<L>({
      name,
      help,
      labelNames,
      registers: [this.registry],
      async collect() {
        const samples = await samplesOf(read);
        this.reset();
        if (labelNames.length === 0) this.remove(); // where there are no labels a reset leaves a 0
        for (const [value, labels] of samples) this.set(labels, value);
      },
    });
  }

  /** A total that something else counts. */
  total(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) {
    return new Counter<L>({ name, help, labelNames, registers: [this.registry] });
  }

  /** @param buckets upper bounds, in the unit that the name says */
  histogram<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: readonly number[],
  ) {
    return new Histogram<L>({ name, help, labelNames, buckets: [...buckets], registers: [this.registry] });
  }

  /** Watches a pool under a short name, which becomes a label. */
  pool(name: string, pool: pg.Pool): pg.Pool {
    this.pools.set(name, pool);
    return pool;
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}

const samplesOf = async <L extends string>(
  read: () => Samples<L> | Promise<Samples<L>>,
): Promise<readonly (readonly [value: number, labels: Labels<L>])[]> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<[]>((resolve) => (timer = setTimeout(resolve, READ_MS, [])));
  const found = Promise.resolve().then(read);
  const samples = await Promise.race([found, late]).catch((): [] => []);
  clearTimeout(timer);
  return typeof samples === 'number' ? [[samples, {} as Labels<L>]] : samples;
};
