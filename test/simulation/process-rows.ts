import type { Recorded } from '../../libs/eventstore/src/event-store.js';
import {
  type AnyProcess,
  type IssuedCommand,
  type Kept,
  NOTHING,
  Reactions,
} from '../../libs/eventstore/src/reactions.js';
import type { Bus } from './bus.js';
import type { Random } from './random.js';
import type { Life, Scheduler } from './timeline.js';

/** What the database keeps of one process, for all servers. */
export class ProcessRows {
  /** Events done with. */
  position = 0;
  /** Of the checkpoint: who writes on another one than he has read was too late. */
  revision = 0;
  readonly kept = new Map<string, Kept>();
  /** When the first timer comes due. */
  nextDue = Infinity;
  outbox: IssuedCommand[] = [];

  private readonly on: ReadonlySet<string>;

  constructor(readonly process: AnyProcess) {
    this.on = new Set(process.on);
  }

  /** Where the next event stands that concerns the process: those before it cost no write. */
  next(log: readonly Recorded[], from: number): number {
    let at = from;
    while (at < log.length && !this.on.has(log[at]!.event.type)) at++;
    return at;
  }

  doneWith(log: readonly Recorded[]): boolean {
    return this.outbox.length === 0 && this.next(log, this.position) === log.length;
  }

  /** States, timers, commands and checkpoint together or not at all. */
  write(reactions: Reactions, position: number): void {
    this.position = position;
    this.revision++;
    for (const [key, kept] of reactions.after)
      if (kept.state === undefined) this.kept.delete(key);
      else this.kept.set(key, kept);
    this.outbox.push(...reactions.commands);
    const timers = [...this.kept.values()].flatMap((kept) => [...kept.timers.values()]);
    this.nextDue = Math.min(Infinity, ...timers.map(({ due }) => due));
  }
}

export interface Faulty {
  /** A mutant: the checkpoint is written first, and the rest with a later statement. */
  readonly checkpointFirst?: boolean;
  /** A mutant: a command is sent once and then taken for done. */
  readonly sendOnce?: boolean;
}

/** As the process runner and the outbox of one server do it, on rows that all servers share. */
export class ProcessRunner {
  private writing = false;
  private seen = 0;
  private readonly onTheirWay = new Set<string>();

  constructor(
    private readonly rows: ProcessRows,
    private readonly log: readonly Recorded[],
    private readonly life: Life,
    private readonly database: Scheduler & { readonly now: number },
    private readonly bus: Bus,
    private readonly random: Random,
    private readonly faulty: Faulty,
  ) {}

  /** There may be new events, timers that came due, or rows that another server has left. */
  step(): void {
    this.send();
    if (this.writing) return;
    const { rows, log, random } = this;
    const { revision } = rows;
    this.seen = rows.next(log, Math.max(this.seen, rows.position));
    const page = log.slice(this.seen, this.seen + random.between(1, 40));
    const after = this.seen + page.length;
    const reactions = page.length > 0 ? this.react(page) : this.fire();
    if (!reactions) return;
    this.writing = true;
    const write = () => {
      if (rows.revision === revision) rows.write(reactions, after);
      this.life.after(random.between(1, 20), () => {
        this.writing = false;
        this.step();
      });
    };
    this.database.after(random.between(1, 20), () => {
      if (!this.faulty.checkpointFirst) return write();
      rows.position = Math.max(rows.position, after);
      this.life.after(random.between(1, 20), write);
    });
  }

  private react(page: readonly Recorded[]): Reactions {
    const { process, kept } = this.rows;
    const keyed = page.flatMap((recorded) => {
      const key = process.on.includes(recorded.event.type) ? process.keyOf(recorded) : undefined;
      return key === undefined ? [] : [{ recorded, key }];
    });
    const reactions = new Reactions(
      process,
      new Map(keyed.map(({ key }) => [key, kept.get(key) ?? NOTHING])),
    );
    for (const { recorded, key } of keyed) reactions.meet(recorded, key);
    return reactions;
  }

  private fire(): Reactions | undefined {
    const { process, kept, nextDue } = this.rows;
    const { now } = this.database;
    if (nextDue > now) return undefined;
    const due = [...kept].flatMap(([key, { timers }]) =>
      [...timers].filter(([, timer]) => timer.due <= now).map(([name, timer]) => ({ key, name, timer })),
    );
    const last = this.log.at(-1);
    if (!last) return undefined;
    const reactions = new Reactions(process, new Map(due.map(({ key }) => [key, kept.get(key) ?? NOTHING])));
    for (const { key, name, timer } of due.sort((a, b) => a.timer.due - b.timer.due))
      reactions.fire(key, name, timer, { position: last.position, at: now });
    return reactions;
  }

  /** Of each key the oldest command, until it is answered. */
  private send(): void {
    const begun = new Set<string>();
    for (const issued of this.rows.outbox) {
      const { key, commandId, to, id, command, correlation, causation } = issued;
      if (begun.has(key)) continue;
      begun.add(key);
      if (this.onTheirWay.has(commandId)) continue;
      this.onTheirWay.add(commandId);
      const meta = {
        commandId,
        actor: `process:${this.rows.process.name}`,
        roles: [],
        correlation,
        causation,
      };
      const message = { to, id, command, meta };
      if (this.faulty.sendOnce) {
        void this.bus.post(this.life, message);
        this.remove(issued);
      } else
        void this.bus.insist(this.life, message).then(() => {
          this.remove(issued);
          this.onTheirWay.delete(commandId);
          this.send();
        });
    }
  }

  private remove(issued: IssuedCommand): void {
    this.rows.outbox = this.rows.outbox.filter((one) => one !== issued);
  }
}
