import type { Refusal } from '@openpro/kernel';
import type pg from 'pg';
import type { CommandMeta } from './event-store.js';
import type { ProcessCommand } from './read-side.js';
import { numbersFromInt8 } from './rows.js';
import { Backoff, Bell, messageOf, type Report } from './waiting.js';

/**
 * Executes a process's command; the platform routes it to its aggregate. After a crash the same command comes again
 * under the same id. An error = try again later.
 */
export type Dispatch = (
  command: ProcessCommand,
  meta: CommandMeta,
) => Promise<{ readonly is: 'done' } | { readonly is: 'refused'; readonly refusal: Refusal }>;

const PAGE = 500;
const MAX_HELD = 2000;
const AT_ONCE = 32;
const LONGEST_PAUSE_MS = 10_000;
/** So often it looks for what a server left lying that has died since. */
const LOOK_AGAIN_MS = 1000;

interface Row {
  seq: number;
  key: string;
  command_id: string;
  target: string;
  target_id: string;
  command: object;
  correlation: string;
  causation: string;
}

/** The commands of one key, oldest first; the first one may be on its way. */
interface Line {
  readonly key: string;
  readonly rows: Row[];
  readonly backoff: Backoff;
}

/**
 * Takes one process's commands out of its outbox: those of one key one after the other, those of different keys side
 * by side. A command leaves the outbox when it is done or refused; after an error it is tried again. So each is
 * executed at least once, and its id, derived from the event that caused it, makes that exactly once.
 */
export class Outbox {
  private readonly lines = new Map<string, Line>();
  private readonly ready: Line[] = [];
  private readonly onTheirWay = new Set<Promise<void>>();
  private readonly pauses = new Set<NodeJS.Timeout>();
  private readonly stopping = new AbortController();
  private readonly bell = new Bell();
  private finished: number[] = [];
  private removing: Promise<void> | undefined;
  private running: Promise<void> | undefined;
  private pulledTo = 0;
  private held = 0;
  private trouble: string | null = null;

  constructor(
    private readonly process: string,
    private readonly pool: pg.Pool,
    private readonly dispatch: Dispatch,
    private readonly report: Report,
  ) {}

  start(): void {
    this.running ??= this.pull();
  }

  /** There may be new rows. */
  readonly wake = this.bell.ring;

  /** Waits for the commands that are on their way; the others stay in the outbox. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.bell.ring();
    for (const pause of this.pauses) clearTimeout(pause);
    await this.running;
    await Promise.all(this.onTheirWay);
    await this.removing;
  }

  /** Commands that wait or are on their way, and the error that holds one up. */
  health(): { readonly waiting: number; readonly reason: string | null } {
    return { waiting: this.held, reason: this.held > 0 ? this.trouble : null };
  }

  private async pull(): Promise<void> {
    const backoff = new Backoff();
    const again = setInterval(this.wake, LOOK_AGAIN_MS).unref();
    while (!this.stopping.signal.aborted)
      try {
        const room = this.held <= MAX_HELD - PAGE;
        const rows = room ? await this.read() : [];
        for (const row of rows) this.enqueue(row);
        backoff.reset();
        if (rows.length < PAGE) await this.bell.wait();
      } catch (error) {
        this.warn(error, 'cannot be read');
        await backoff.wait(this.stopping.signal);
      }
    clearInterval(again);
  }

  private async read(): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>({
      name: 'read_outbox',
      text: `SELECT seq, key, command_id, target, target_id, command, correlation, causation
             FROM outbox WHERE process = $1 AND seq > $2 ORDER BY seq LIMIT ${PAGE}`,
      values: [this.process, this.pulledTo],
      types: numbersFromInt8,
    });
    this.pulledTo = rows.at(-1)?.seq ?? this.pulledTo;
    return rows;
  }

  private enqueue(row: Row): void {
    this.held++;
    const line = this.lines.get(row.key);
    if (line) return void line.rows.push(row);
    const fresh: Line = { key: row.key, rows: [row], backoff: new Backoff(50, LONGEST_PAUSE_MS) };
    this.lines.set(row.key, fresh);
    this.go(fresh);
  }

  private go(line: Line): void {
    if (this.stopping.signal.aborted) return;
    if (this.onTheirWay.size >= AT_ONCE) return void this.ready.push(line);
    const way = this.deliver(line).finally(() => {
      this.onTheirWay.delete(way);
      const next = this.ready.shift();
      if (next) this.go(next);
    });
    this.onTheirWay.add(way);
  }

  /** Until the line is empty, or an error makes it wait. */
  private async deliver(line: Line): Promise<void> {
    for (let row = line.rows[0]; row && !this.stopping.signal.aborted; row = line.rows[0])
      try {
        await this.execute(row);
        line.rows.shift();
        line.backoff.reset();
      } catch (error) {
        this.warn(
          error,
          `command ${row.command_id} to ${row.target}-${row.target_id} failed, will be tried again`,
        );
        const pause = setTimeout(() => {
          this.pauses.delete(pause);
          this.go(line);
        }, line.backoff.next());
        this.pauses.add(pause);
        return;
      }
    if (line.rows.length === 0) this.lines.delete(line.key);
  }

  private async execute(row: Row): Promise<void> {
    const { command_id: commandId, target: to, target_id: id, command, correlation, causation } = row;
    const meta = { commandId, actor: `process:${this.process}`, roles: [], correlation, causation };
    const outcome = await this.dispatch({ to, id, command }, meta);
    if (outcome.is === 'done') {
      this.removeSoon(row.seq); // executing it again after a crash would change nothing: no need to wait
      return;
    }
    const { refused, message } = outcome.refusal;
    this.report({
      level: 'info',
      source: this.process,
      message: `command ${commandId} to ${to}-${id} was refused: ${refused}: ${message}`,
    });
    // Executing it again after the next command of this key could turn the no into a yes.
    await this.pool.query('DELETE FROM outbox WHERE seq = $1', [row.seq]);
    this.release(1);
  }

  private removeSoon(seq: number): void {
    this.finished.push(seq);
    this.removing ??= this.removeFinished().finally(() => (this.removing = undefined));
  }

  private async removeFinished(): Promise<void> {
    const backoff = new Backoff();
    while (this.finished.length > 0) {
      const batch = this.finished;
      this.finished = [];
      try {
        await this.pool.query('DELETE FROM outbox WHERE seq = ANY ($1::bigint[])', [batch]);
        this.release(batch.length);
      } catch (error) {
        this.warn(error, 'cannot be emptied');
        if (this.stopping.signal.aborted) return; // the next start executes them again, to no effect
        this.finished.push(...batch);
        await backoff.wait(this.stopping.signal);
      }
    }
  }

  private release(rows: number): void {
    this.held -= rows;
    if (this.held <= MAX_HELD - PAGE) this.bell.ring();
  }

  private warn(error: unknown, what: string): void {
    this.trouble = `${what}: ${messageOf(error)}`;
    this.report({ level: 'warn', source: `outbox of ${this.process}`, message: this.trouble, error });
  }
}
