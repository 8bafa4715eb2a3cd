import { type Position, type Recorded, START, type StreamName } from './event-store.js';

/** What the handler knows of one stream. */
export interface FoldedStream<State> {
  state: State;
  version: number;
  /** Of its last event. */
  position: Position;
  /** Every command that changed it, or the last ones: its first event's version and its fingerprint. */
  readonly commands: Map<string, { readonly version: number; readonly fingerprint: string }>;
  /** The version of its last snapshot. */
  kept: number;
}

export const emptyStream = <State>(initial: State): FoldedStream<State> => ({
  state: initial,
  version: 0,
  position: START,
  commands: new Map(),
  kept: 0,
});

export const foldOn = <State>(
  folded: FoldedStream<State>,
  events: readonly Recorded[],
  evolve: (state: State, event: never) => State,
  remembers = Infinity,
): void => {
  for (const { event, version, position, commandId, fingerprint } of events) {
    folded.state = evolve(folded.state, event as never);
    folded.version = version;
    folded.position = position;
    if (!folded.commands.has(commandId)) folded.commands.set(commandId, { version, fingerprint });
    if (folded.commands.size > remembers) folded.commands.delete(folded.commands.keys().next().value ?? '');
  }
};

/** The streams used last, bounded by the number of streams and commands that they remember together. */
export class StreamCache {
  private readonly entries = new Map<
    StreamName,
    { readonly folded: FoldedStream<unknown>; readonly size: number }
  >();
  private size = 0;

  constructor(private readonly limit: number) {}

  get<State>(stream: StreamName): FoldedStream<State> | undefined {
    return this.entries.get(stream)?.folded as FoldedStream<State> | undefined;
  }

  /** Makes it the newest. */
  set(stream: StreamName, folded: FoldedStream<unknown>): void {
    this.delete(stream);
    const size = 1 + folded.commands.size;
    this.entries.set(stream, { folded, size });
    this.size += size;
    for (const oldest of this.entries.keys()) {
      if (this.size <= this.limit) break;
      this.delete(oldest);
    }
  }

  delete(stream: StreamName): void {
    const entry = this.entries.get(stream);
    if (!entry) return;
    this.entries.delete(stream);
    this.size -= entry.size;
  }
}
