import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type DomainEvent, isRefusal, refuse, type Refusal } from '@openpro/kernel';
import { type Aggregate, streamOf } from './aggregate.js';
import {
  type Append,
  type AppendResult,
  type CommandMeta,
  type EventStore,
  type Position,
  type Recorded,
  StoreUnavailable,
  type StreamName,
} from './event-store.js';
import type { Snapshots } from './snapshots.js';
import { emptyStream, type FoldedStream, foldOn, StreamCache } from './stream-cache.js';

const MAX_CONFLICTS = 3;
/** So long a command repeats an append whose outcome is unknown: a restart of the database fits in. */
const PATIENCE_MS = 5000;
const FIRST_PAUSE_MS = 50;
/** Events of a stream read at once. */
const PAGE = 2000;
/** Of a stream that never ends so many are read again at most, after its last snapshot. */
const SNAPSHOT_EVERY = 10_000;

export type Outcome<State = unknown, Event extends DomainEvent = DomainEvent> =
  | {
      readonly is: 'done';
      readonly state: State;
      readonly version: number;
      /** Of the command's last event; of the stream's last event when nothing had to happen. */
      readonly position: Position;
      readonly events: readonly Recorded<Event>[];
      /** The command had been done before; `events` is what it did then. */
      readonly repeated: boolean;
    }
  | { readonly is: 'refused'; readonly refusal: Refusal };

/** Other servers kept writing this stream first. Safe to repeat with the same command id. */
export class TooBusy extends Error {
  constructor(stream: StreamName) {
    super(`${stream} is being changed by many at once: try again`);
    this.name = 'TooBusy';
  }
}

const fingerprintOf = (actor: string, command: unknown): string =>
  hash('sha256', JSON.stringify([actor, command]), 'base64url');

/** One command on its way. */
interface Task<State, Command, Event extends DomainEvent> {
  readonly aggregate: Aggregate<State, Command, Event>;
  readonly stream: StreamName;
  readonly command: Command;
  readonly meta: CommandMeta;
  readonly fingerprint: string;
  readonly giveUpAt: number;
}

/**
 * The way of every command: read the stream, fold, decide, append at the version seen. After a conflict somebody else was
 * faster: decide again on what he left. A command id that the stream already knows gets its first result.
 *
 * Streams are remembered. That is safe: an append is checked against the log, and every other answer is
 * given only after a look at what has been added since.
 */
export class CommandHandler {
  private readonly cache: StreamCache;
  private readonly turns = new Map<StreamName, Promise<unknown>>();
  private readonly snapshots: Snapshots | undefined;
  private readonly snapshotEvery: number;

  /** @param cacheSize how many streams and command ids to remember, together */
  constructor(
    private readonly store: EventStore,
    {
      cacheSize = 50_000,
      snapshots,
      snapshotEvery = SNAPSHOT_EVERY,
    }: { readonly cacheSize?: number; readonly snapshots?: Snapshots; readonly snapshotEvery?: number } = {},
  ) {
    this.cache = new StreamCache(cacheSize);
    this.snapshots = snapshots;
    this.snapshotEvery = snapshotEvery;
  }

  /**
   * @param fingerprint tells two requests under one command id apart; by default actor and command do
   * @throws TooBusy, StoreUnavailable: safe to repeat with the same command id
   */
  execute<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    id: string,
    command: Command,
    meta: CommandMeta,
    fingerprint: string = fingerprintOf(meta.actor, command),
  ): Promise<Outcome<State, Event>> {
    const stream = streamOf(aggregate, id);
    const giveUpAt = performance.now() + PATIENCE_MS;
    return this.inTurn(stream, () =>
      this.handle({ aggregate, stream, command, meta, fingerprint, giveUpAt }),
    );
  }

  private async handle<State, Command, Event extends DomainEvent>(
    task: Task<State, Command, Event>,
  ): Promise<Outcome<State, Event>> {
    const { aggregate, stream, command, meta, fingerprint } = task;
    const { initial, decide, evolve } = aggregate.decider;
    const { remembers } = aggregate;
    // What is not remembered is most likely new; if not, the append or the look at the log tells.
    const folded = this.cache.get<State>(stream) ?? emptyStream(initial);
    for (let conflicts = 0, fresh = false; conflicts < MAX_CONFLICTS; fresh = true) {
      if (fresh) {
        await this.catchUp(task, folded);
      }
      if (folded.commands.has(meta.commandId)) return this.repeat(task, folded);
      const decision = decide(command, folded.state);
      if (isRefusal(decision)) {
        if (fresh) return { is: 'refused', refusal: decision };
      } else if (decision.length === 0) {
        const { state, version, position } = folded;
        if (fresh) return { is: 'done', state, version, position, events: [], repeated: false };
      } else {
        const { context } = aggregate;
        const append = { stream, expected: folded.version, context, events: decision, meta, fingerprint };
        const result = await this.appendSurely(append, task.giveUpAt);
        if (result.is === 'appended') {
          foldOn(folded, result.events, evolve, remembers);
          this.keep(task, folded);
          const { state, version, position } = folded;
          const events = result.events as readonly Recorded<Event>[];
          return { is: 'done', state, version, position, events, repeated: false };
        }
        if (result.is === 'deposed' && fresh)
          return { is: 'refused', refusal: refuse('NotLeading', 'Another server leads by now') };
        if (result.is === 'conflict' && fresh) conflicts += 1;
      }
    }
    this.cache.delete(stream);
    throw new TooBusy(stream);
  }

  /** In pages: a stream that never ends is too much for one answer. */
  private async catchUp<State, Command, Event extends DomainEvent>(
    task: Task<State, Command, Event>,
    folded: FoldedStream<State>,
  ): Promise<void> {
    const { aggregate, stream } = task;
    if (folded.version === 0) await this.startFromSnapshot(task, folded);
    for (let read = PAGE; read >= PAGE;) {
      const events = await this.store.readStream(stream, folded.version, PAGE);
      foldOn(folded, events, aggregate.decider.evolve, aggregate.remembers);
      read = events.length;
    }
    this.keep(task, folded);
  }

  private async startFromSnapshot<State, Command, Event extends DomainEvent>(
    { aggregate: { snapshot }, stream }: Task<State, Command, Event>,
    folded: FoldedStream<State>,
  ): Promise<void> {
    if (snapshot === undefined) return;
    const found = await this.snapshots?.load<State>(stream, snapshot).catch(() => undefined);
    const [last] = found ? await this.store.readStream(stream, found.version - 1, 1) : [];
    // Of this very log, which may have been put back to what it was before.
    if (found && last && found.commands.has(last.commandId))
      Object.assign(folded, found, { position: last.position, kept: found.version });
  }

  private keep<State, Command, Event extends DomainEvent>(
    { aggregate: { snapshot }, stream }: Task<State, Command, Event>,
    folded: FoldedStream<State>,
  ): void {
    this.cache.set(stream, folded);
    if (snapshot === undefined || folded.version - folded.kept < this.snapshotEvery) return;
    folded.kept = folded.version;
    // Where it cannot be kept now, that is tried again as many events later.
    void this.snapshots?.save(stream, snapshot, folded).catch(() => undefined);
  }

  /** The stream knows this command id. */
  private async repeat<State, Command, Event extends DomainEvent>(
    { stream, meta, fingerprint }: Task<State, Command, Event>,
    { state, commands }: FoldedStream<State>,
  ): Promise<Outcome<State, Event>> {
    const known = commands.get(meta.commandId);
    if (!known || known.fingerprint !== fingerprint)
      return {
        is: 'refused',
        refusal: refuse('CommandIdReused', 'This commandId was used for another request: take a new one', {
          field: 'commandId',
        }),
      };
    const since = await this.store.readStream(stream, known.version - 1);
    const events = since.filter(({ commandId }) => commandId === meta.commandId) as Recorded<Event>[];
    const { version, position } = events.at(-1) as Recorded<Event>;
    return { is: 'done', state, version, position, events, repeated: true };
  }

  /** The same ids each time: what an earlier try has written after all shows as a conflict, then as a known command. */
  private async appendSurely(append: Append, giveUpAt: number): Promise<AppendResult> {
    for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
      try {
        return await this.store.append(append);
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || performance.now() + pause > giveUpAt) throw error;
        await delay(pause);
      }
    }
  }

  /** Commands of one stream wait for each other here, instead of colliding in the log. */
  private async inTurn<T>(stream: StreamName, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(stream);
    const turn = before ? before.then(work, work) : work();
    this.turns.set(stream, turn);
    try {
      return await turn;
    } finally {
      if (this.turns.get(stream) === turn) this.turns.delete(stream);
    }
  }
}
