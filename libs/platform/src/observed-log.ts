import {
  type Aggregate,
  type Append,
  type AppendResult,
  CommandHandler,
  type CommandMeta,
  type EventStore,
  type Outcome,
  type Position,
  type StreamName,
} from '@openpro/eventstore';
import type { DomainEvent } from '@openpro/kernel';
import type { Metrics } from './metrics.js';
import { traced, tracedCommand } from './tracing.js';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];
const BATCHES = [1, 2, 5, 10, 25, 50, 100, 250, 500];

/** Any log, with its appends counted, timed and traced. */
export class ObservedStore implements EventStore {
  private readonly appends;

  private constructor(
    metrics: Metrics,
    private readonly inner: EventStore,
  ) {
    this.appends = metrics.histogram(
      'openpro_log_append_duration_seconds',
      'Appends to the log by outcome, from the call to the answer',
      ['outcome'],
      SECONDS,
    );
  }

  /** @param make the log; it tells how many appends shared one commit, where they can */
  static async open(
    metrics: Metrics,
    make: (onBatch: (appends: number) => void) => Promise<EventStore>,
  ): Promise<ObservedStore> {
    const batches = metrics.histogram(
      'openpro_log_batch_appends',
      'Appends that shared one commit',
      [],
      BATCHES,
    );
    return new ObservedStore(metrics, await make((appends) => batches.observe(appends)));
  }

  append(append: Append): Promise<AppendResult> {
    return traced('append', { 'openpro.events': append.events.map(({ type }) => type) }, async (note) => {
      const began = performance.now();
      let outcome: AppendResult['is'] | 'failed' = 'failed';
      try {
        const result = await this.inner.append(append);
        outcome = result.is;
        return result;
      } finally {
        this.appends.observe({ outcome }, (performance.now() - began) / 1000);
        note({ 'openpro.outcome': outcome });
      }
    });
  }

  readStream(stream: StreamName, after?: number, limit?: number) {
    return this.inner.readStream(stream, after, limit);
  }

  readFirst(streams: readonly StreamName[]) {
    return this.inner.readFirst(streams);
  }

  readStreamBack(stream: StreamName, limit: number) {
    return this.inner.readStreamBack(stream, limit);
  }

  readLast(streams: readonly StreamName[], limit: number) {
    return this.inner.readLast(streams, limit);
  }

  readAll(after: Position, limit: number) {
    return this.inner.readAll(after, limit);
  }

  readBack(limit: number, before?: Position) {
    return this.inner.readBack(limit, before);
  }

  head() {
    return this.inner.head();
  }

  onNews(listener: () => void) {
    return this.inner.onNews(listener);
  }

  close() {
    return this.inner.close();
  }
}

/** Every command, a user's, a process's or a server's own, as a span of the trace that it belongs to. */
export class ObservedCommandHandler extends CommandHandler {
  override execute<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    id: string,
    command: Command,
    meta: CommandMeta,
    fingerprint?: string,
  ): Promise<Outcome<State, Event>> {
    const type = (command as { type?: string }).type ?? '';
    const attributes = { 'openpro.stream': `${aggregate.name}-${id}`, 'openpro.command': type };
    return tracedCommand(`${aggregate.name} ${type}`, attributes, meta, async (note) => {
      const outcome = await super.execute(aggregate, id, command, meta, fingerprint);
      if (outcome.is === 'refused') note({ 'openpro.outcome': `refused: ${outcome.refusal.refused}` });
      else
        note({
          'openpro.outcome': outcome.repeated ? 'repeated' : outcome.events.length > 0 ? 'done' : 'nothing',
        });
      return outcome;
    });
  }
}
