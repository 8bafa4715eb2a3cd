import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, FRAME_LIMITS, FrameDecoder, FrameError, type Frame, type FrameKind } from './frame.js';

const frame = fc.oneof(
  fc.record({
    kind: fc.constant<FrameKind>(0),
    message: fc.dictionary(fc.string(), fc.jsonValue()),
    binary: fc.constant(new Uint8Array(0)),
  }),
  fc.record({
    kind: fc.constantFrom<FrameKind>(1, 2),
    message: fc.dictionary(fc.string(), fc.jsonValue()),
    binary: fc.uint8Array({ maxLength: 300 }),
  }),
);
const bytesOf = ({ kind, message, binary }: Frame): Buffer =>
  Buffer.concat(encodeFrame(kind, message, [binary]));

/** Cuts bytes at the given places, each a fraction of the whole. */
const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [0, ...places.map((place) => Math.floor(place * bytes.length)), bytes.length].sort(
    (a, b) => a - b,
  );
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
};
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
const plain = (frames: readonly Frame[]): unknown =>
  frames.map(({ kind, message, binary }) => [kind, JSON.stringify(message), [...binary]]);

/** Pushes all pieces; a FrameError ends it, anything else fails the test. */
const decodeSafely = (pieces: readonly Uint8Array[]): { frames: Frame[]; error?: FrameError } => {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  try {
    for (const piece of pieces) frames.push(...decoder.push(piece));
    return { frames };
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { frames, error };
  }
};

describe('a stream of frames', () => {
  it('comes out as it went in, however it is cut', () =>
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), places, (frames, at) => {
        const decoder = new FrameDecoder();
        const pieces = cut(Buffer.concat(frames.map(bytesOf)), at);
        expect(plain(pieces.flatMap((piece) => decoder.push(piece)))).toEqual(plain(frames));
        expect(decoder.incomplete).toBe(false);
      }),
    ));

  it('comes out byte by byte', () => {
    const sent: Frame = { kind: 1, message: { a: 'ä€😀' }, binary: Uint8Array.of(1, 2, 3) };
    const decoder = new FrameDecoder();
    const frames = [...bytesOf(sent)].flatMap((byte) => decoder.push(Uint8Array.of(byte)));
    expect(plain(frames)).toEqual(plain([sent]));
  });

  it('gives the whole frames of a stream that ends too early, and says that it is incomplete', () =>
    fc.assert(
      fc.property(frame, frame, fc.double({ min: 0, max: 1, noNaN: true }), (first, second, place) => {
        const rest = bytesOf(second);
        const kept = rest.subarray(0, Math.min(Math.floor(place * rest.length), rest.length - 1));
        const decoder = new FrameDecoder();
        const frames = decoder.push(Buffer.concat([bytesOf(first), kept]));
        expect(plain(frames)).toEqual(plain([first]));
        expect(decoder.incomplete).toBe(kept.length > 0);
      }),
    ));

  it('is not copied when a frame comes in one piece', () => {
    const bytes = bytesOf({ kind: 1, message: {}, binary: Uint8Array.of(7, 8) });
    const [received] = new FrameDecoder().push(bytes);
    expect(received?.binary.buffer).toBe(bytes.buffer);
  });

  it('has its binary part at a multiple of 8 in a buffer of its own when it came in pieces', () => {
    const bytes = bytesOf({ kind: 1, message: { some: 'thing' }, binary: new Uint8Array(80).fill(3) });
    const decoder = new FrameDecoder();
    const [received] = [...decoder.push(bytes.subarray(0, 20)), ...decoder.push(bytes.subarray(20))];
    expect(received!.binary.byteOffset % 8).toBe(0);
    expect(new Float64Array(received!.binary.buffer, received!.binary.byteOffset, 10)).toHaveLength(10);
  });
});

describe('broken bytes', () => {
  it('end in a FrameError or in frames, never in anything else', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), places, (bytes, at) => {
        decodeSafely(cut(Buffer.from(bytes), at));
      }),
      { numRuns: 1000 },
    ));

  it('end the same when a good stream is altered in some bytes', () =>
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
          minLength: 1,
          maxLength: 6,
        }),
        places,
        (frames, alterations, at) => {
          const bytes = Buffer.concat(frames.map(bytesOf));
          for (const [place, byte] of alterations) bytes[Math.floor(place * (bytes.length - 1))] = byte;
          decodeSafely(cut(bytes, at));
        },
      ),
      { numRuns: 1000 },
    ));

  const header = (size: number, kind: number, jsonLength: number): Buffer => {
    const bytes = Buffer.alloc(9);
    bytes.writeUInt32BE(size - 4, 0);
    bytes.writeUInt8(kind, 4);
    bytes.writeUInt32BE(jsonLength, 5);
    return bytes;
  };

  it.each([
    ['a frame over the limit', header(FRAME_LIMITS.frame + 1, 0, 2), /67108865 bytes: at most 67108864/],
    ['JSON over the limit', header(FRAME_LIMITS.frame, 1, FRAME_LIMITS.json + 1), /JSON: at most 4194304/],
    ['an unknown kind', header(100, 3, 2), /kind 3: it must be 0, 1 or 2/],
    ['JSON longer than its frame', header(20, 0, 12), /20 bytes and claims 12/],
    ['JSON that is a list', Buffer.concat([header(11, 0, 2), Buffer.from('[]')]), /must be a JSON object/],
    ['JSON that is cut', Buffer.concat([header(11, 0, 2), Buffer.from('{"')]), /JSON is broken/],
    [
      'JSON that is not UTF-8',
      Buffer.concat([header(13, 0, 4), Buffer.from([34, 255, 254, 34])]),
      /JSON is broken/,
    ],
    [
      'bytes after a frame of kind 0',
      Buffer.concat([header(13, 0, 2), Buffer.from('{}12')]),
      /kind 0 has 2 bytes/,
    ],
  ])('are refused with their problem and limit: %s', (_, bytes, message) => {
    expect(decodeSafely([bytes]).error?.message).toMatch(message);
    expect(decodeSafely([...bytes].map((byte) => Uint8Array.of(byte))).error?.message).toMatch(message);
  });

  it('stop the decoder for good', () => {
    const decoder = new FrameDecoder();
    expect(() => decoder.push(header(100, 9, 2))).toThrow(FrameError);
    expect(() => decoder.push(bytesOf({ kind: 0, message: {}, binary: new Uint8Array(0) }))).toThrow(
      /kind 9/,
    );
  });
});

describe('encoding', () => {
  it('refuses messages over the limits and names them', () => {
    expect(() => encodeFrame(0, { text: 'x'.repeat(FRAME_LIMITS.json) })).toThrow(/JSON: at most 4194304/);
    expect(() => encodeFrame(1, {}, [new Uint8Array(FRAME_LIMITS.frame)])).toThrow(/at most 67108864/);
  });
});
