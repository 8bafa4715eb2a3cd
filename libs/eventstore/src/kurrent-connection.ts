import { setTimeout as delay } from 'node:timers/promises';
import type { CallOptions, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type {
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import { BadAppend, type Position, START } from './event-store.js';
import { AppendCall, uuidText } from './kurrent-append-call.js';
import { failure, isPassing, PERMISSION_DENIED, storeError } from './kurrent-errors.js';
import { type KurrentAppend, type KurrentEvent, placesOf, positionAt } from './kurrent-record.js';

/** Pauses before a call is made again, for the time in which the client finds the new leader. */
const PAUSES_MS = [25, 100, 400];
/** Records that the server looks through before it sends a checkpoint, or the next part of a read. */
const WINDOW = 1000;

/**
 * What the client does for its own commands: connection, TLS, credentials, discovery, and a new connection after an
 * error. Its types keep that to subclasses, but a client made from a URL is none. Why not its commands: its
 * `appendToStream` shares one table of pending appends between all connections, and after a change of leader an
 * answer that is no longer in it ends the process; its `readAll` cannot filter.
 */
interface Calls {
  callArguments(options: { requiresLeader: boolean }, call: CallOptions): [Metadata, CallOptions];
  GRPCStreamCreator<T>(
    client: typeof StreamsClient,
    name: string,
    creator: (client: StreamsClient) => T,
  ): () => Promise<T>;
  dispose(): Promise<void>;
}

/** Loaded when it is used: the client takes 150 ms and 30 MB. */
const load = async () => {
  const [client, grpc, streams, shared] = await Promise.all([
    import('@eventstore/db-client'),
    import('@eventstore/db-client/generated/streams_grpc_pb.js'),
    import('@eventstore/db-client/generated/streams_pb.js'),
    import('@eventstore/db-client/generated/shared_pb.js'),
  ]);
  return {
    ...client.default,
    StreamsClient: grpc.default.StreamsClient,
    streams: streams.default,
    shared: shared.default,
  };
};
type Protocol = Awaited<ReturnType<typeof load>>;

export type Answer =
  | { readonly is: 'written'; readonly last: Position | undefined }
  | { readonly is: 'conflict'; readonly version: number }
  /** Only a look at the stream tells whether it was written. */
  | { readonly is: 'unclear'; readonly why: string };

export interface Subscription {
  /** Resolves when the server ends it; rejects when it breaks. */
  readonly ended: Promise<void>;
  cancel(): void;
}

export interface Subscriber {
  event(event: KurrentEvent): void;
  /** Everything up to here was looked at. */
  checkpoint(position: Position): void;
  /** From now on what is appended arrives at once. */
  confirmed(): void;
}

export interface ReadFrom {
  /** Forwards the first one itself, backwards the first one below; undefined = from the beginning or end. */
  readonly from: Position | undefined;
  readonly backwards: boolean;
  readonly limit: number;
}

/** The log's calls on the wire. Every one asks for the leader: a follower may not have heard yet of what we wrote. */
export class KurrentConnection {
  private readonly calls: Calls;
  private appends: Promise<AppendCall> | undefined;
  private closed = false;

  static async open(url: string, prefix: string, answerMs: number): Promise<KurrentConnection> {
    return new KurrentConnection(await load(), url, prefix, answerMs);
  }

  private constructor(
    private readonly protocol: Protocol,
    url: string,
    /** Of every stream of ours: what else lies in this KurrentDB is nobody's business here. */
    private readonly prefix: string,
    /** So long an answer may take before it counts as lost. */
    private readonly answerMs: number,
  ) {
    this.calls = protocol.EventStoreDBClient.connectionString(url) as unknown as Calls;
  }

  /** Safe to repeat with the same ids. */
  append(append: KurrentAppend): Promise<Answer> {
    return this.persist(async () => this.answerOf(await this.send(append)));
  }

  /** The events of a stream from a version on. */
  readStream(stream: string, from: number, limit?: number): Promise<readonly KurrentEvent[]> {
    const { ReadReq } = this.protocol.streams;
    const options = new ReadReq.Options.StreamOptions().setStreamIdentifier(this.identifier(stream));
    return this.page(
      this.readOptions()
        .setStream(options.setRevision(String(from - 1)))
        .setNoFilter(new this.protocol.shared.Empty())
        .setCount(String(limit ?? Number.MAX_SAFE_INTEGER)),
    );
  }

  /** The version of a stream's last event. */
  async versionOf(stream: string): Promise<number> {
    const [last] = await this.readStreamBack(stream, 1);
    return last ? Number(last.revision) + 1 : 0;
  }

  /** The last events of a stream, newest first. */
  readStreamBack(stream: string, limit: number): Promise<readonly KurrentEvent[]> {
    const { ReadReq } = this.protocol.streams;
    const options = new ReadReq.Options.StreamOptions().setStreamIdentifier(this.identifier(stream));
    return this.page(
      this.readOptions()
        .setStream(options.setEnd(new this.protocol.shared.Empty()))
        .setReadDirection(ReadReq.Options.ReadDirection.BACKWARDS)
        .setNoFilter(new this.protocol.shared.Empty())
        .setCount(String(limit)),
    );
  }

  readAll({ from, backwards, limit }: ReadFrom): Promise<readonly KurrentEvent[]> {
    const { FORWARDS, BACKWARDS } = this.protocol.streams.ReadReq.Options.ReadDirection;
    return this.page(
      this.readOptions()
        .setAll(this.allFrom(from, backwards))
        .setReadDirection(backwards ? BACKWARDS : FORWARDS)
        .setFilter(this.filter())
        .setCount(String(limit)),
    );
  }

  /** Everything of ours after a position, as it comes. */
  async subscribe(after: Position, subscriber: Subscriber): Promise<Subscription> {
    const { ReadReq } = this.protocol.streams;
    const stream = await this.read(
      this.readOptions()
        .setAll(this.allFrom(after === START ? undefined : after, false))
        .setFilter(this.filter())
        .setSubscription(new ReadReq.Options.SubscriptionOptions()),
      Infinity,
    );
    const ended = new Promise<void>((resolve, reject) => {
      stream.on('error', reject).on('end', resolve);
      stream.on('data', (response: ReadResp) => {
        const checkpoint = response.getCheckpoint();
        try {
          for (const event of this.eventsOf(response)) subscriber.event(event);
          if (response.hasConfirmation() || response.hasCaughtUp()) subscriber.confirmed();
          if (checkpoint)
            subscriber.checkpoint(
              positionAt(checkpoint.getCommitPosition(), checkpoint.getPreparePosition()),
            );
        } catch (error) {
          reject(error);
          stream.cancel();
        }
      });
    });
    return { ended, cancel: () => stream.cancel() };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.calls.dispose(); // ends all calls; a connection without any keeps no process alive
  }

  private async persist<T>(work: () => Promise<T>): Promise<T> {
    for (const pause of PAUSES_MS) {
      try {
        return await work();
      } catch (error) {
        if (this.closed || !isPassing(error)) throw storeError(error);
        await delay(pause);
      }
    }
    return work().catch((error: unknown) => Promise.reject(storeError(error)));
  }

  // ── appends ──

  private async send(append: KurrentAppend): Promise<BatchAppendResp> {
    const call = await (this.appends ??= this.openAppends());
    return call.send((correlation) => this.requestOf(append, correlation));
  }

  private async openAppends(): Promise<AppendCall> {
    const forget = (): void => void (this.appends = undefined);
    try {
      const stream = await this.calls.GRPCStreamCreator(this.protocol.StreamsClient, 'append', (client) =>
        client.batchAppend(...this.calls.callArguments({ requiresLeader: true }, { deadline: Infinity })),
      )();
      return new AppendCall(stream, this.answerMs, forget);
    } catch (error) {
      forget();
      throw error;
    }
  }

  private requestOf({ stream, expected, events }: KurrentAppend, correlation: string): BatchAppendReq {
    const { streams, shared } = this.protocol;
    const options = new streams.BatchAppendReq.Options().setStreamIdentifier(this.identifier(stream));
    if (expected === 0) options.setNoStream(new shared.Empty());
    else options.setStreamPosition(String(expected - 1));
    return new streams.BatchAppendReq()
      .setCorrelationId(new shared.UUID().setString(correlation))
      .setOptions(options)
      .setIsFinal(true)
      .setProposedMessagesList(
        events.map(({ id, type, data, metadata }) => {
          const message = new streams.BatchAppendReq.ProposedMessage()
            .setId(new shared.UUID().setString(id))
            .setData(data)
            .setCustomMetadata(metadata);
          message.getMetadataMap().set('type', type).set('content-type', 'application/json');
          return message;
        }),
      );
  }

  private answerOf(response: BatchAppendResp): Answer {
    const { shared } = this.protocol;
    const status = response.getError();
    if (!status) {
      const last = response.getSuccess()?.getPosition();
      return {
        is: 'written',
        last: last && positionAt(last.getCommitPosition(), last.getPreparePosition()),
      };
    }
    const details = status.getDetails();
    switch (details?.getTypeName()) {
      case 'event_store.client.WrongExpectedVersion': {
        const wrong = shared.WrongExpectedVersion.deserializeBinary(details.getValue_asU8());
        if (!wrong.hasCurrentStreamRevision()) return { is: 'conflict', version: 0 };
        return { is: 'conflict', version: Number(wrong.getCurrentStreamRevision()) + 1 };
      }
      case 'event_store.client.AccessDenied':
        throw failure(PERMISSION_DENIED, 'access denied');
      case 'event_store.client.MaximumAppendSizeExceeded':
        throw new BadAppend(
          'it is larger than this KurrentDB accepts: its MaxAppendSize must be 1 MiB at least',
        );
      default:
        return { is: 'unclear', why: status.getMessage() };
    }
  }

  // ── reads ──

  private page(options: ReadReq.Options): Promise<readonly KurrentEvent[]> {
    return this.persist(async () => {
      const stream = await this.read(options, Date.now() + this.answerMs);
      const events: KurrentEvent[] = [];
      return new Promise((resolve, reject) => {
        stream.on('data', (response: ReadResp) => events.push(...this.eventsOf(response)));
        stream.on('error', reject).on('end', () => resolve(events));
      });
    });
  }

  private read(options: ReadReq.Options, deadline: number): Promise<ClientReadableStream<ReadResp>> {
    const request = new this.protocol.streams.ReadReq().setOptions(options);
    return this.calls.GRPCStreamCreator(this.protocol.StreamsClient, 'read', (client) =>
      client.read(request, ...this.calls.callArguments({ requiresLeader: true }, { deadline })),
    )();
  }

  private readOptions(): ReadReq.Options {
    const { streams, shared } = this.protocol;
    return new streams.ReadReq.Options()
      .setResolveLinks(false)
      .setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(new shared.Empty()));
  }

  private allFrom(from: Position | undefined, backwards: boolean): ReadReq.Options.AllOptions {
    const { streams, shared } = this.protocol;
    const options = new streams.ReadReq.Options.AllOptions();
    if (from === undefined)
      return backwards ? options.setEnd(new shared.Empty()) : options.setStart(new shared.Empty());
    const { commit, prepare } = placesOf(from);
    return options.setPosition(
      new streams.ReadReq.Options.Position().setCommitPosition(commit).setPreparePosition(prepare),
    );
  }

  private filter(): ReadReq.Options.FilterOptions {
    const { FilterOptions } = this.protocol.streams.ReadReq.Options;
    return new FilterOptions()
      .setStreamIdentifier(new FilterOptions.Expression().setPrefixList([this.prefix]))
      .setMax(WINDOW)
      .setCheckpointintervalmultiplier(1);
  }

  private identifier(stream: string) {
    return new this.protocol.shared.StreamIdentifier().setStreamName(Buffer.from(this.prefix + stream));
  }

  /** None in a message about something else. */
  private eventsOf(response: ReadResp): readonly KurrentEvent[] {
    const event = response.getEvent()?.getEvent();
    if (!event) return [];
    const about = event.getMetadataMap();
    const name = Buffer.from(event.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
    return [
      {
        id: uuidText(event.getId()),
        stream: name.slice(this.prefix.length),
        revision: event.getStreamRevision(),
        commit: event.getCommitPosition(),
        prepare: event.getPreparePosition(),
        type: about.get('type') ?? '',
        data: Buffer.from(event.getData_asU8()).toString(),
        metadata: Buffer.from(event.getCustomMetadata_asU8()).toString(),
        created: about.get('created') ?? '0',
      },
    ];
  }
}
