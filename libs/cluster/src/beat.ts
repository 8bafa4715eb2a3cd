/** A life of a server: what is declared dead is this life, not the machine. */
export interface Life {
  readonly node: string;
  readonly epoch: number;
}

/** Every server of a cluster should have the same. */
export interface BeatTimes {
  readonly beatMs: number;
  /** Without a beat for so long a server is shown as suspected. */
  readonly suspectMs: number;
  /** Without a beat for so long it is dead. */
  readonly deadMs: number;
  /** Without contact for so long a server ends itself although nobody has told it that it is dead. */
  readonly fenceMs: number;
}

/** What the thread is started with. */
export interface BeatThreadData extends BeatTimes {
  readonly life: Life;
  /** With the rights of the running program. */
  readonly databaseUrl: string;
  /** After a fence the main thread has so long to end the process; then the thread kills it. */
  readonly endMs: number;
  /** Process groups that must not outlive this life. */
  readonly groups: Int32Array;
}

export type FromBeat =
  | { readonly is: 'beating' }
  | { readonly is: 'failing'; readonly reason: string }
  | { readonly is: 'fenced'; readonly reason: string };

export interface ToBeat {
  readonly ask: 'stop';
}

/** A connection to PostgreSQL whose questions fail when no answer comes in time. */
export interface BeatConnection {
  query(text: string, values: unknown[]): Promise<{ rowCount: number | null }>;
  end(): Promise<void>;
}

export interface BeatNeeds extends Pick<BeatTimes, 'beatMs' | 'fenceMs'> {
  readonly life: Life;
  connect(): Promise<BeatConnection>;
  /** Told after the first beat that counted, and after each that counted again after failures. */
  beating(): void;
  /** Told after the first of a series of failures. */
  failing(error: unknown): void;
  /** This life is over; no beat follows. */
  fenced(reason: string): void;
}

/** A row with this beat is a life that was found silent; nothing makes it beat again, only a later life. */
export const CONDEMNED = -1;

/** Of a life by node and epoch; each concerns one row, or none when that life is over. */
export const FIRST_BEAT = `
  INSERT INTO node_beat VALUES ($1, $2, 1)
  ON CONFLICT (node) DO UPDATE SET epoch = excluded.epoch,
         beat = CASE WHEN node_beat.epoch = excluded.epoch THEN node_beat.beat + 1 ELSE 1 END
   WHERE node_beat.epoch < excluded.epoch
      OR (node_beat.epoch = excluded.epoch AND node_beat.beat > ${CONDEMNED})`;

export const NEXT_BEAT = `
  UPDATE node_beat SET beat = beat + 1 WHERE node = $1 AND epoch = $2 AND beat > ${CONDEMNED}`;

export const LAST_BEAT = `
  DELETE FROM node_beat WHERE node = $1 AND epoch = $2 AND beat > ${CONDEMNED}`;

/**
 * Counts up a server's row for as long as this life of it lasts. A beat that is refused, because the life was declared
 * dead or a later one has begun, ends it for good: it must not revive. Failures end it only after `fenceMs`, because a
 * server cannot know whether it is cut off alone or the database is away for all, and while it is away nobody can be
 * declared dead (docs/adr/005). Runs in a thread of its own: a blocked main thread is no reason to die.
 */
export class Beat {
  private connection: BeatConnection | null = null;
  private counted = false;
  private failing = false;
  /** When the last beat that counted began, by the monotonic clock. */
  private contact = performance.now();
  private stopped = false;
  private wake = (): void => undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly needs: BeatNeeds) {}

  start(): void {
    this.running = this.run();
  }

  /** No beat any more, and nothing left that somebody could find silent. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.running;
    await this.ask(LAST_BEAT).catch(() => undefined);
    await this.drop();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const began = performance.now();
      try {
        if (!(await this.ask(this.counted ? NEXT_BEAT : FIRST_BEAT)))
          return this.needs.fenced('the others have declared it dead, or a later start has taken its place');
        this.succeeded(began);
      } catch (error) {
        await this.drop();
        this.failed(error);
        const aloneMs = performance.now() - this.contact;
        if (aloneMs > this.needs.fenceMs)
          return this.needs.fenced(`it could not reach the database for ${(aloneMs / 1000).toFixed(1)} s`);
      }
      await this.pause(began + this.needs.beatMs - performance.now());
    }
  }

  private succeeded(began: number): void {
    const changed = !this.counted || this.failing;
    this.contact = began;
    this.counted = true;
    this.failing = false;
    if (changed) this.needs.beating();
  }

  private failed(error: unknown): void {
    if (!this.failing) this.needs.failing(error);
    this.failing = true;
  }

  private async ask(text: string): Promise<boolean> {
    const { life, connect } = this.needs;
    this.connection ??= await connect();
    const { rowCount } = await this.connection.query(text, [life.node, life.epoch]);
    return rowCount === 1;
  }

  /** A connection that has failed once is never asked again. */
  private async drop(): Promise<void> {
    const { connection } = this;
    this.connection = null;
    await connection?.end().catch(() => undefined);
  }

  private pause(ms: number): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, ms));
      this.wake = () => [clearTimeout(timer), resolve()];
    });
  }
}
