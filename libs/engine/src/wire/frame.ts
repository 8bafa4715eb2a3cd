import { Buffer } from 'node:buffer';

/*
 * One message between platform and engine, over a stream of bytes:
 *
 *   u32 length of the rest (BE) | u8 kind | u32 length of the JSON (BE) | JSON | zeros up to a multiple of 8 | binary
 *
 * The binary part starts at a multiple of 8 from the frame's start, so that columns can be read where they lie.
 */

/** 0: no binary part; 1: with one; 2: a further part of an earlier message's binary. */
export type FrameKind = 0 | 1 | 2;

export interface Frame {
  readonly kind: FrameKind;
  readonly message: Readonly<Record<string, unknown>>;
  readonly binary: Uint8Array;
}

/** Bytes. */
export const FRAME_LIMITS = { frame: 64 * 1024 ** 2, json: 4 * 1024 ** 2 } as const;

/** A frame breaks the format or a limit. A decoder that threw one is of no further use. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

const HEADER = 9;
const NO_BYTES = new Uint8Array(0);
const padded = (length: number): number => (length + 7) & ~7;

/**
 * The parts of a frame in the order they are to be written; the binary's own parts are not copied.
 * @throws FrameError when the message is larger than the limits.
 */
export const encodeFrame = (
  kind: FrameKind,
  message: object,
  binary: readonly Uint8Array[] = [],
): Uint8Array[] => {
  const json = JSON.stringify(message);
  const jsonLength = Buffer.byteLength(json);
  if (jsonLength > FRAME_LIMITS.json)
    throw new FrameError(
      `The message has ${jsonLength} bytes of JSON: at most ${FRAME_LIMITS.json} are allowed`,
    );
  const binaryLength = binary.reduce((sum, part) => sum + part.byteLength, 0);
  const head = binaryLength ? padded(HEADER + jsonLength) : HEADER + jsonLength;
  if (head + binaryLength > FRAME_LIMITS.frame)
    throw new FrameError(
      `The frame has ${head + binaryLength} bytes: at most ${FRAME_LIMITS.frame} are allowed`,
    );
  const bytes = Buffer.alloc(head);
  bytes.writeUInt32BE(head + binaryLength - 4, 0);
  bytes.writeUInt8(kind, 4);
  bytes.writeUInt32BE(jsonLength, 5);
  bytes.write(json, HEADER);
  return binaryLength ? [bytes, ...binary] : [bytes];
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Takes a stream apart, however it is cut. Holds at most one frame and one chunk; a frame is copied once, and
 * not at all when it came in one chunk.
 */
export class FrameDecoder {
  #failed: FrameError | undefined;
  /** Bytes of a header that has not come whole. */
  #head = Buffer.alloc(HEADER);
  #headLength = 0;
  /** The frame that is being put together; its length is known from the header. */
  #frame: Buffer | undefined;
  #filled = 0;

  /**
   * Frames may keep a view of `chunk`: do not write to it afterwards.
   * @throws FrameError at the first byte that cannot be right, and on every call after that.
   */
  push(chunk: Uint8Array): Frame[] {
    if (this.#failed) throw this.#failed;
    try {
      return this.#take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    } catch (error) {
      this.#frame = undefined;
      this.#failed =
        error instanceof FrameError ? error : new FrameError(`The frame's JSON is broken: ${String(error)}`);
      throw this.#failed;
    }
  }

  /** A stream that ends here ends within a frame. */
  get incomplete(): boolean {
    return this.#headLength > 0 || this.#frame !== undefined;
  }

  #take(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (!this.#frame && this.#headLength === 0 && chunk.length - at >= HEADER) {
        const size = frameSize(chunk, at);
        if (chunk.length - at >= size) {
          frames.push(readFrame(chunk.subarray(at, at + size)));
          at += size;
          continue;
        }
      }
      if (!this.#frame) {
        const taken = chunk.copy(this.#head, this.#headLength, at, at + HEADER - this.#headLength);
        this.#headLength += taken;
        at += taken;
        if (this.#headLength < HEADER) break;
        // Memory of a fresh allocation is the system's until it is written to: a peer that only claims 64 MiB costs none.
        this.#frame = Buffer.allocUnsafeSlow(frameSize(this.#head, 0));
        this.#filled = this.#head.copy(this.#frame);
        this.#headLength = 0;
      }
      const taken = chunk.copy(this.#frame, this.#filled, at);
      this.#filled += taken;
      at += taken;
      if (this.#filled < this.#frame.length) break;
      const whole = this.#frame;
      this.#frame = undefined;
      frames.push(readFrame(whole));
    }
    return frames;
  }
}

/** Checks a header and gives the length of its frame with the header. */
const frameSize = (bytes: Buffer, at: number): number => {
  const size = bytes.readUInt32BE(at) + 4;
  const kind = bytes.readUInt8(at + 4);
  const jsonLength = bytes.readUInt32BE(at + 5);
  if (size > FRAME_LIMITS.frame)
    throw new FrameError(`The frame has ${size} bytes: at most ${FRAME_LIMITS.frame} are allowed`);
  if (kind > 2) throw new FrameError(`The frame is of the kind ${kind}: it must be 0, 1 or 2`);
  if (jsonLength > FRAME_LIMITS.json)
    throw new FrameError(
      `The frame has ${jsonLength} bytes of JSON: at most ${FRAME_LIMITS.json} are allowed`,
    );
  if (HEADER + jsonLength > size)
    throw new FrameError(`The frame has ${size} bytes and claims ${jsonLength} bytes of JSON`);
  return size;
};

const readFrame = (bytes: Buffer): Frame => {
  const kind = bytes.readUInt8(4) as FrameKind;
  const jsonEnd = HEADER + bytes.readUInt32BE(5);
  const message: unknown = JSON.parse(utf8.decode(bytes.subarray(HEADER, jsonEnd)));
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    throw new FrameError('The message of a frame must be a JSON object');
  if (kind === 0 && bytes.length > jsonEnd)
    throw new FrameError(`A frame of kind 0 has ${bytes.length - jsonEnd} bytes after its JSON`);
  const binary = bytes.subarray(Math.min(padded(jsonEnd), bytes.length));
  return { kind, message: message as Frame['message'], binary: binary.length ? binary : NO_BYTES };
};
