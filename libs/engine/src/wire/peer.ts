import type { Duplex } from 'node:stream';
import { EngineError } from './engine-error.js';
import { encodeFrame, FRAME_LIMITS, FrameDecoder, FrameError, type Frame } from './frame.js';
import type { Reply } from './protocol.js';

/** Requests and notifications by name, as one side of a connection understands them. */
export type Methods<M> = { [K in keyof M]: { readonly params: unknown; readonly result: unknown } };

/** What a handler learns besides its parameters. */
export interface Call {
  readonly binary: Uint8Array;
  /** Aborts when the caller no longer waits. */
  readonly signal: AbortSignal;
}

export type Handlers<M extends Methods<M>> = {
  readonly [K in keyof M]?: (
    params: M[K]['params'],
    call: Call,
  ) => Reply<M[K]['result']> | Promise<Reply<M[K]['result']>> | void;
};

export interface RequestOptions {
  readonly binary?: readonly Uint8Array[];
  /** Milliseconds; no limit where absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A message whose binary part does not fit into a frame comes in chunks, 1 GiB at most. */
const CHUNK = FRAME_LIMITS.frame - FRAME_LIMITS.json - 64;
const MAX_BINARY = 1024 ** 3;
const NO_BYTES = new Uint8Array(0);

interface Waiting {
  readonly resolve: (reply: { result: unknown; binary: Uint8Array }) => void;
  readonly reject: (error: Error) => void;
}

interface RpcMessage {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message?: unknown; readonly data?: { code?: unknown; where?: unknown } } | null;
  /** Size of a binary part that follows in frames of kind 2. */
  readonly size?: unknown;
}

/**
 * One side of a JSON-RPC 2.0 connection with binary parts. Both sides send requests and notifications; what one
 * sends comes in that order, except that small messages overtake chunks.
 */
export class Peer<Out extends Methods<Out>, In extends Methods<In>> {
  readonly #decoder = new FrameDecoder();
  readonly #waiting = new Map<number, Waiting>();
  readonly #serving = new Map<unknown, AbortController>();
  /** A message whose binary part is still coming. */
  #partial: { message: RpcMessage; binary: Uint8Array; filled: number } | undefined;
  #credit: (() => void) | undefined;
  #sending: Promise<void> = Promise.resolve();
  #lastId = 0;
  #closed: Error | undefined;

  /** Settles when the connection has ended, with the reason where it was an error. */
  readonly closed: Promise<Error | undefined>;

  constructor(
    private readonly stream: Duplex,
    private readonly handlers: Handlers<In>,
  ) {
    this.closed = new Promise((resolve) => {
      const end = (error?: Error): void => {
        if (this.#closed) return;
        this.#closed = new EngineError('ConnectionClosed', error?.message ?? 'The connection has ended');
        this.stream.destroy();
        this.#credit?.();
        for (const { reject } of this.#waiting.values()) reject(this.#closed);
        for (const serving of this.#serving.values()) serving.abort();
        this.#waiting.clear();
        resolve(error);
      };
      stream.on('error', end);
      stream.on('close', () => end());
      stream.on('end', () => end());
      stream.on('data', (chunk: Uint8Array) => {
        try {
          for (const frame of this.#decoder.push(chunk)) this.#receive(frame);
        } catch (error) {
          end(error as Error);
        }
      });
    });
  }

  /**
   * @throws EngineError with the other side's code, or `TimeOut`, `Cancelled`, `ConnectionClosed`.
   * @throws FrameError when the parameters are larger than a message may be.
   */
  request<M extends keyof Out & string>(
    method: M,
    params: Out[M]['params'],
    { binary, timeoutMs, signal }: RequestOptions = {},
  ): Promise<{ result: Out[M]['result']; binary: Uint8Array }> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      const done = (): void => {
        this.#waiting.delete(id);
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
      };
      const giveUp = (error: EngineError): void => {
        done();
        this.#send({ method: '$/cancel', params: { id } });
        reject(error);
      };
      const cancel = (): void => giveUp(new EngineError('Cancelled', `${method} was cancelled`));
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(
              () =>
                giveUp(new EngineError('TimeOut', `${method} had no answer within ${timeoutMs / 1000} s`)),
              timeoutMs,
            );
      signal?.addEventListener('abort', cancel);
      this.#waiting.set(id, {
        resolve: (reply) => (done(), resolve(reply)),
        reject: (error) => (done(), reject(error)),
      });
      if (signal?.aborted) return cancel();
      try {
        this.#send({ id, method, params }, binary);
      } catch (error) {
        done();
        reject(error as Error);
      }
    });
  }

  /** @throws FrameError when the parameters are larger than a message may be. */
  notify<M extends keyof Out & string>(
    method: M,
    params: Out[M]['params'],
    binary?: readonly Uint8Array[],
  ): void {
    this.#send({ method, params }, binary);
  }

  close(): void {
    this.stream.end();
  }

  #send(message: object, binary: readonly Uint8Array[] = []): void {
    if (this.#closed) return;
    const size = binary.reduce((sum, part) => sum + part.byteLength, 0);
    const rpc = { jsonrpc: '2.0', ...message };
    if (size <= CHUNK) return this.#write(encodeFrame(size ? 1 : 0, rpc, binary));
    if (size > MAX_BINARY)
      throw new FrameError(`The message has ${size} bytes of data: at most ${MAX_BINARY} are allowed`);
    const head = encodeFrame(1, { ...rpc, size });
    this.#sending = this.#sending.then(() => this.#sendChunks(head, binary));
  }

  async #sendChunks(head: Uint8Array[], binary: readonly Uint8Array[]): Promise<void> {
    this.#write(head);
    for (const part of binary)
      for (let at = 0; at < part.byteLength; at += CHUNK) {
        if (this.#closed) return;
        const credit = new Promise<void>((resolve) => (this.#credit = resolve));
        this.#write(encodeFrame(2, {}, [part.subarray(at, at + CHUNK)]));
        await credit;
      }
  }

  #write(parts: readonly Uint8Array[]): void {
    this.stream.cork();
    for (const part of parts) this.stream.write(part);
    this.stream.uncork();
  }

  #receive({ kind, message, binary }: Frame): void {
    if (kind === 2) return this.#receiveChunk(binary);
    const rpc: RpcMessage = message;
    if (rpc.size === undefined) return this.#dispatch(rpc, binary);
    if (typeof rpc.size !== 'number' || !(rpc.size > 0 && rpc.size <= MAX_BINARY))
      throw new FrameError(
        `A message claims ${String(rpc.size)} bytes of data: at most ${MAX_BINARY} are allowed`,
      );
    if (this.#partial) throw new FrameError('A message in chunks starts before the last one has ended');
    this.#partial = { message: rpc, binary: new Uint8Array(rpc.size), filled: 0 };
  }

  #receiveChunk(chunk: Uint8Array): void {
    const partial = this.#partial;
    if (!partial || partial.filled + chunk.length > partial.binary.length)
      throw new FrameError('A chunk came that belongs to no message');
    partial.binary.set(chunk, partial.filled);
    partial.filled += chunk.length;
    this.#send({ method: '$/credit' });
    if (partial.filled < partial.binary.length) return;
    this.#partial = undefined;
    this.#dispatch(partial.message, partial.binary);
  }

  #dispatch(message: RpcMessage, binary: Uint8Array): void {
    if (message.method === '$/credit') this.#credit?.();
    else if (message.method === '$/cancel')
      this.#serving.get((message.params as { id?: unknown } | null)?.id)?.abort();
    else if (typeof message.method === 'string') void this.#serve(message.method, message, binary);
    else this.#settle(message, binary);
  }

  #settle({ id, result, error }: RpcMessage, binary: Uint8Array): void {
    const waiting = this.#waiting.get(id as number); // none: the caller has given up
    if (!error) return waiting?.resolve({ result: result ?? null, binary });
    const { code, where } = error.data ?? {};
    waiting?.reject(
      new EngineError(
        typeof code === 'string' ? code : 'EngineError',
        String(error.message),
        typeof where === 'string' ? where : undefined,
      ),
    );
  }

  async #serve(method: string, { id, params }: RpcMessage, binary: Uint8Array): Promise<void> {
    const serving = new AbortController();
    if (id !== undefined) this.#serving.set(id, serving);
    try {
      const handler = Object.hasOwn(this.handlers, method) ? this.handlers[method as keyof In] : undefined;
      if (!handler) throw new EngineError('UnknownMethod', `${method} is not a method of this side`);
      const reply = await handler(params ?? null, { binary, signal: serving.signal });
      if (id !== undefined) this.#send({ id, result: reply?.result ?? null }, reply?.binary ?? [NO_BYTES]);
    } catch (error) {
      if (id === undefined) {
        this.stream.destroy(error as Error); // nobody waits for the error, and what was meant is lost
        return;
      }
      const { code = 'InternalError', where } = error instanceof EngineError ? error : {};
      const message = error instanceof Error ? error.message : String(error);
      this.#send({ id, error: { code: -32000, message: message.slice(0, 65536), data: { code, where } } });
    } finally {
      this.#serving.delete(id);
    }
  }
}
