import {
  type Append,
  type AppendResult,
  type EventStore,
  type Recorded,
} from '../../libs/eventstore/src/event-store.js';
import { MemoryEventStore } from '../../libs/eventstore/src/memory-event-store.js';
import type { Mutant } from './mutants.js';
import type { Random } from './random.js';
import type { Life, Timeline } from './timeline.js';

/** The one log of the world, with the rules of every adapter; each server sees it through a port of its own. */
export class SharedLog {
  readonly events: Recorded[] = [];
  /** How often the answer to an append that was made is lost. */
  ambiguous = 0;
  private readonly store: MemoryEventStore;
  private readonly ports = new Set<LogPort>();

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Random,
    private readonly onAppended: (events: readonly Recorded[]) => void,
    /** Whether a leader of this epoch has lost the lease to another. */
    private readonly deposed: (epoch: number) => boolean,
    private readonly mutant: Pick<Mutant, 'anyVersion' | 'forgetsCommands' | 'fencesNobody'>,
  ) {
    this.store = new MemoryEventStore(() => timeline.now);
  }

  port(life: Life): EventStore {
    const append = (one: Append) => this.append(life, one);
    const port = new LogPort(life, this.store, this.events, this.random, append, this.mutant);
    this.ports.add(port);
    return port;
  }

  /** Sent is sent: the append is made even if its server dies or stands still meanwhile. */
  private append(life: Life, append: Append): Promise<AppendResult> {
    const { random } = this;
    return new Promise((resolve, reject) =>
      this.timeline.after(random.between(1, 15), () => {
        void this.write(append).then((result) => {
          if (result.is === 'appended') this.appended(result.events);
          const lost = random.chance(this.ambiguous);
          life.after(random.between(1, 15), () =>
            lost ? reject(new Error('The connection broke before the answer')) : resolve(result),
          );
        });
      }),
    );
  }

  /** Looks at the lease and writes in one moment, as the database does behind the lock of its head row. */
  private write(append: Append): Promise<AppendResult> {
    const { epoch } = append.meta;
    if (epoch !== undefined && !this.mutant.fencesNobody && this.deposed(epoch))
      return Promise.resolve({ is: 'deposed' });
    const expected = this.mutant.anyVersion ? this.versionOf(append.stream) : append.expected;
    return this.store.append({ ...append, expected });
  }

  private versionOf(stream: string): number {
    return this.events.filter((event) => event.stream === stream).length;
  }

  private appended(events: readonly Recorded[]): void {
    this.events.push(...events);
    this.onAppended(events);
    for (const port of this.ports)
      if (port.gone) this.ports.delete(port);
      else port.hear();
  }
}

class LogPort implements EventStore {
  private readonly listeners = new Set<() => void>();
  private ringing = false;
  /** How many events this server has heard of. */
  private heard = 0;

  constructor(
    private readonly life: Life,
    private readonly store: MemoryEventStore,
    private readonly events: readonly Recorded[],
    private readonly random: Random,
    readonly append: EventStore['append'],
    private readonly mutant: Pick<Mutant, 'forgetsCommands'>,
  ) {}

  get gone(): boolean {
    return this.life.over;
  }

  readStream: EventStore['readStream'] = async (stream, after, limit) => {
    const events = await this.store.readStream(stream, after, limit);
    return this.mutant.forgetsCommands ? events.map((event) => ({ ...event, commandId: '' })) : events;
  };
  readFirst: EventStore['readFirst'] = (streams) => this.store.readFirst(streams);
  readStreamBack: EventStore['readStreamBack'] = (stream, limit) => this.store.readStreamBack(stream, limit);
  readLast: EventStore['readLast'] = (streams, limit) => this.store.readLast(streams, limit);
  /** As PostgreSQL's: what this server knows is shown without a look whether there is more. */
  readAll: EventStore['readAll'] = (after, limit) => {
    const known = this.heard - Number(after);
    if (known <= 0) this.heard = this.events.length;
    return this.store.readAll(after, known <= 0 ? limit : Math.min(limit, known));
  };
  readBack: EventStore['readBack'] = (limit, before) => this.store.readBack(limit, before);
  head: EventStore['head'] = () => this.store.head();

  onNews(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  close(): Promise<void> {
    this.listeners.clear();
    return Promise.resolve();
  }

  /** News travel for a while, and what comes meanwhile travels along; what got lost is found by the next look. */
  hear(): void {
    if (this.ringing) return;
    this.ringing = true;
    const { random } = this;
    this.life.after(random.between(2, random.chance(0.1) ? 1000 : 60), () => {
      this.ringing = false;
      this.heard = this.events.length;
      for (const listener of this.listeners) listener();
    });
  }
}
