import type pg from 'pg';
import { CatchUp, type Health, PoisonEvent, type Shared, type Work } from './catch-up.js';
import {
  type Checkpoint,
  commit,
  createCheckpoint,
  loadCheckpoints,
  versionOf,
  type Writes,
} from './checkpoint.js';
import type { Position, Recorded } from './event-store.js';
import { type Dispatch, Outbox } from './outbox.js';
import { type AnyProcess, type Kept, NOTHING, Reactions, type Timer } from './reactions.js';
import { arrayOf, jsonText, numbersFromInt8 } from './rows.js';
import { Recent } from './waiting.js';

/** States kept in memory per process, so that what changes often is not read again each time. */
const REMEMBERED = 5000;
const FIRED_AT_ONCE = 500;
/** The database's clock may be set: so often it is asked again, at least, while a timer runs. */
const LONGEST_WAIT_MS = 60_000;
/** What another runner has set and does not fire so long after it is due, this one fires. */
const OVERDUE_MS = 500;

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/** Runs one process: its states, timers, commands and checkpoint are written together or not at all. */
export class ProcessRunner implements Work {
  private readonly on: ReadonlySet<string>;
  private readonly known = new Recent<Kept>(REMEMBERED);
  private readonly catchUp: CatchUp;
  private readonly outbox: Outbox;
  private ring: () => void = () => undefined;
  private alarm: NodeJS.Timeout | undefined;
  /** When the first timer comes due, by the database's clock; too early is harmless, too late is not. */
  private nextDue = Infinity;
  /** What is known of states and timers is as of this checkpoint: another runner, that goes first, may have moved on. */
  private knownAt: Checkpoint | undefined;
  private goesFirst = true;
  private lookedAt = 0;
  /** A commit had no answer: the outbox may have got commands of ours. */
  private unsure = false;
  /** The database's clock minus this process's monotonic one. */
  private clockOffset = 0;

  constructor(
    private readonly process: AnyProcess,
    private readonly shared: Shared,
    dispatch: Dispatch,
  ) {
    this.on = new Set(process.on);
    this.catchUp = new CatchUp(`${process.name}@${process.version}`, this, shared);
    this.outbox = new Outbox(process.name, shared.pool, dispatch, shared.report);
  }

  get name(): string {
    return this.process.name;
  }

  start(): void {
    this.catchUp.start();
    this.outbox.start();
  }

  async stop(): Promise<void> {
    await this.catchUp.stop();
    await this.outbox.stop();
  }

  resume(): void {
    this.catchUp.resume();
  }

  reached(position: Position, timeoutMs: number): Promise<boolean> {
    return this.catchUp.reached(position, timeoutMs);
  }

  health(): readonly (Health & { readonly commandsWaiting: number })[] {
    const health = this.catchUp.health();
    const { waiting, reason } = this.outbox.health();
    return [{ ...health, reason: health.reason ?? reason, commandsWaiting: waiting }];
  }

  concerns({ event }: Recorded): boolean {
    return this.on.has(event.type);
  }

  async open(ring: () => void): Promise<Checkpoint | string> {
    this.ring = ring;
    const { pool } = this.shared;
    const { name, version } = this.process;
    const checkpointName = `${name}@${version}`;
    const existing = await loadCheckpoints(pool, name);
    const newest = Math.max(...existing.map(versionOf));
    if (newest > version) return `the process is of version ${newest}: this program is older`;
    if (existing.length > 0 && newest < version) await this.takeOver(checkpointName);
    const own = existing.find((checkpoint) => checkpoint.name === checkpointName);
    const opened = own ?? (await createCheckpoint(pool, checkpointName));
    await this.lookAgain(opened);
    this.goesFirst = true;
    return opened;
  }

  async apply(
    events: readonly Recorded[],
    upTo: Position,
    from: Checkpoint,
  ): Promise<Checkpoint | undefined> {
    const keyed: { recorded: Recorded; key: string }[] = [];
    for (const recorded of events) {
      const key = this.keyOf(recorded);
      if (key !== undefined) keyed.push({ recorded, key });
    }
    if (from !== this.knownAt) await this.lookAgain(from);
    const reactions = new Reactions(this.process, await this.load(keyed.map(({ key }) => key)));
    for (const { recorded, key } of keyed)
      reactions.meet(recorded, key, recorded.position <= from.silentUntil);
    return this.write(reactions, upTo, from);
  }

  /** The commands of what another runner has applied are for that one's outbox: ours finds what it leaves lying. */
  applied(): void {
    if (!this.unsure) return;
    this.unsure = false;
    this.outbox.wake();
  }

  /** Fires what has come due: all that was due before the newest event seen, and at the log's end all that is due now. */
  async between(
    from: Checkpoint,
    { position, at, atEnd }: { position: Position; at: number; atEnd: boolean },
  ): Promise<Checkpoint | undefined> {
    // Until a new version has caught up with the former one, timers may be set that a later event has cleared.
    if (position < from.silentUntil) return from;
    if (from !== this.knownAt) {
      const rest = this.lookedAt + OVERDUE_MS - performance.now();
      if (rest > 0) {
        this.setAlarm(rest);
        return from;
      }
      await this.lookAgain(from);
    }
    const due = this.nextDue + (this.goesFirst ? 0 : OVERDUE_MS);
    if (due > (atEnd ? this.now() : at)) {
      this.setAlarm(due - this.now());
      return from;
    }
    const next = await this.fire(from, position, atEnd ? null : at);
    if (next) {
      await this.askForNextTimer();
      this.setAlarm(this.nextDue - this.now());
    }
    return next;
  }

  close(): void {
    clearTimeout(this.alarm);
  }

  private keyOf(recorded: Recorded): string | undefined {
    try {
      return this.process.keyOf(recorded);
    } catch (error) {
      throw new PoisonEvent(recorded, error);
    }
  }

  private async fire(
    from: Checkpoint,
    position: Position,
    until: number | null,
  ): Promise<Checkpoint | undefined> {
    const { rows } = await this.shared.pool.query<Timer & { key: string; timer: string; now: number }>({
      name: 'due_timers',
      text: `SELECT key, timer, due, correlation, causation, ${NOW} AS now FROM process_timer
             WHERE process = $1 AND due <= coalesce($2, ${NOW}) ORDER BY due, key, timer LIMIT ${FIRED_AT_ONCE}`,
      values: [this.process.name, until],
      types: numbersFromInt8,
    });
    if (rows.length === 0) return from;
    const reactions = new Reactions(this.process, await this.load(rows.map(({ key }) => key)));
    // The log's clock may be ahead of the database's: no timer fires before its own time.
    for (const { key, timer, now, ...set } of rows)
      reactions.fire(key, timer, set, { position, at: Math.max(now, set.due) });
    return this.write(reactions, from.position, from);
  }

  private async load(keys: readonly string[]): Promise<Map<string, Kept>> {
    const found = new Map<string, Kept>();
    const missing = new Set<string>();
    for (const key of keys) {
      const kept = this.known.get(key);
      if (kept) found.set(key, kept);
      else missing.add(key);
    }
    if (missing.size === 0) return found;
    const { rows } = await this.shared.pool.query<{
      key: string;
      state: unknown;
      timers: Record<string, Timer> | null;
    }>({
      name: 'load_process_states',
      text: `SELECT key, state, (
               SELECT jsonb_object_agg(timer, jsonb_build_object(
                 'due', due, 'correlation', correlation, 'causation', causation))
               FROM process_timer t WHERE t.process = s.process AND t.key = s.key) AS timers
             FROM process_state s WHERE process = $1 AND key = ANY ($2::text[])`,
      values: [this.process.name, arrayOf('text', [...missing])],
    });
    for (const key of missing) found.set(key, NOTHING);
    for (const { key, state, timers } of rows)
      found.set(key, { state, timers: new Map(Object.entries(timers ?? {})) });
    return found;
  }

  private async write(
    reactions: Reactions,
    position: Position,
    from: Checkpoint,
  ): Promise<Checkpoint | undefined> {
    this.unsure = true;
    const next = await commit(this.shared.pool, from, { position }, writesOf(this.process.name, reactions));
    this.unsure = false;
    if (!next) return undefined;
    this.knownAt = next;
    this.goesFirst = true;
    if (reactions.commands.length > 0) this.outbox.wake();
    for (const [key, kept] of reactions.after) {
      this.known.set(key, kept);
      for (const { due } of kept.timers.values()) this.nextDue = Math.min(this.nextDue, due);
    }
    return next;
  }

  /**
   * A new version makes its states from the whole log, in its own form, but issues no command again up to where the
   * former version has come; then it goes on from there.
   */
  private async takeOver(checkpointName: string): Promise<void> {
    await this.shared.pool.query(
      `WITH former AS (
         DELETE FROM checkpoint WHERE split_part(name, '@', 1) = $1 AND name <> $2 RETURNING position, silent_until
       ), states AS (
         DELETE FROM process_state WHERE process = $1 AND EXISTS (SELECT FROM former)
       ), timers AS (
         DELETE FROM process_timer WHERE process = $1 AND EXISTS (SELECT FROM former)
       )
       INSERT INTO checkpoint (name, silent_until)
       SELECT $2, max(greatest(position, silent_until)) FROM former HAVING count(*) > 0
       ON CONFLICT DO NOTHING`,
      [this.process.name, checkpointName],
    );
  }

  /** Forgets what another runner may have changed. */
  private async lookAgain(at: Checkpoint): Promise<void> {
    this.known.clear();
    this.knownAt = at;
    this.goesFirst = false;
    this.lookedAt = performance.now();
    await this.askForNextTimer();
  }

  private now(): number {
    return performance.now() + this.clockOffset;
  }

  private async askForNextTimer(): Promise<void> {
    const { rows } = await this.shared.pool.query<{ due: number | null; now: number }>({
      name: 'next_timer',
      text: `SELECT min(due) AS due, ${NOW} AS now FROM process_timer WHERE process = $1`,
      values: [this.process.name],
      types: numbersFromInt8,
    });
    const { due, now } = rows[0]!;
    this.nextDue = due ?? Infinity;
    this.clockOffset = now - performance.now();
  }

  private setAlarm(ms: number): void {
    clearTimeout(this.alarm);
    if (ms === Infinity) return;
    const wait = Math.min(LONGEST_WAIT_MS, Math.max(1, Math.ceil(ms)));
    this.alarm = setTimeout(this.ring, wait).unref();
  }
}

const writesOf = (process: string, { before, after, commands }: Reactions): Writes => {
  const changed = [...after].filter(([key, { state }]) => state !== before.get(key)?.state);
  const kept = changed.filter(([, { state }]) => state !== undefined);
  const forgotten = changed.filter(([, { state }]) => state === undefined).map(([key]) => key);
  const cleared: { key: string; timer: string }[] = [];
  const set: (Timer & { key: string; timer: string })[] = [];
  for (const [key, { timers }] of after) {
    const former = (before.get(key) ?? NOTHING).timers;
    for (const timer of former.keys()) if (!timers.has(timer)) cleared.push({ key, timer });
    for (const [timer, value] of timers) if (former.get(timer) !== value) set.push({ key, timer, ...value });
  }
  const texts = <T>(rows: readonly T[], of: (row: T) => string): string => arrayOf('text', rows.map(of));
  return {
    name: 'process',
    ctes: `
      forgotten AS (
        DELETE FROM process_state WHERE process = $7 AND key = ANY ($8::text[]) AND EXISTS (SELECT FROM moved)
      ),
      kept AS (
        INSERT INTO process_state (process, key, state)
        SELECT $7, * FROM unnest($9::text[], $10::jsonb[]) WHERE EXISTS (SELECT FROM moved)
        ON CONFLICT (process, key) DO UPDATE SET state = excluded.state
      ),
      cleared AS (
        DELETE FROM process_timer t USING unnest($11::text[], $12::text[]) AS gone (key, timer)
        WHERE t.process = $7 AND t.key = gone.key AND t.timer = gone.timer AND EXISTS (SELECT FROM moved)
      ),
      timed AS (
        INSERT INTO process_timer (process, key, timer, due, correlation, causation)
        SELECT $7, * FROM unnest($13::text[], $14::text[], $15::bigint[], $16::text[], $17::text[])
        WHERE EXISTS (SELECT FROM moved)
        ON CONFLICT (process, key, timer) DO UPDATE
        SET due = excluded.due, correlation = excluded.correlation, causation = excluded.causation
      ),
      issued AS (
        INSERT INTO outbox (process, key, command_id, target, target_id, command, correlation, causation)
        SELECT $7, key, command_id, target, target_id, command, correlation, causation
        FROM unnest($18::text[], $19::uuid[], $20::text[], $21::text[], $22::jsonb[], $23::text[], $24::text[])
          WITH ORDINALITY AS c (key, command_id, target, target_id, command, correlation, causation, n)
        WHERE EXISTS (SELECT FROM moved) ORDER BY n
      )`,
    values: [
      process,
      arrayOf('text', forgotten),
      texts(kept, ([key]) => key),
      arrayOf(
        'jsonb',
        kept.map(([, { state }]) => state),
      ),
      texts(cleared, ({ key }) => key),
      texts(cleared, ({ timer }) => timer),
      texts(set, ({ key }) => key),
      texts(set, ({ timer }) => timer),
      arrayOf(
        'int8',
        set.map(({ due }) => due),
      ),
      texts(set, ({ correlation }) => correlation),
      texts(set, ({ causation }) => causation),
      texts(commands, ({ key }) => key),
      texts(commands, ({ commandId }) => commandId),
      texts(commands, ({ to }) => to),
      texts(commands, ({ id }) => id),
      arrayOf(
        'jsonb',
        commands.map(({ command }) => command),
      ),
      texts(commands, ({ correlation }) => correlation),
      texts(commands, ({ causation }) => causation),
    ],
  };
};
