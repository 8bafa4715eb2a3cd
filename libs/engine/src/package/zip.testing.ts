import { crc32, deflateRawSync } from 'node:zlib';
import type { Source } from './source.js';

/** One entry of a hand-made zip; every field may lie. */
export interface RawEntry {
  readonly name: string | Buffer;
  readonly data?: Buffer | string;
  readonly method?: number;
  readonly flags?: number;
  /** Unix mode with type bits. */
  readonly mode?: number;
  readonly extra?: Buffer;
  /** What the directory says about sizes and place instead of the truth. */
  readonly size?: number;
  readonly packedSize?: number;
  readonly offset?: number;
  readonly localName?: string;
}

export interface RawZip {
  readonly before?: Buffer;
  /** Between the entries' data and the directory. */
  readonly gap?: Buffer;
  /** At the end of the directory, counted in its size. */
  readonly padding?: Buffer;
  /** Between the directory and the end record. */
  readonly inserted?: Buffer;
  readonly after?: Buffer;
  readonly comment?: Buffer;
  readonly count?: number;
}

const u16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

export const extraField = (id: number, data: Buffer = Buffer.alloc(12)): Buffer =>
  Buffer.concat([u16(id), u16(data.length), data]);

/** A zip byte by byte after APPNOTE.TXT 6.3, so that tests can make what no tool makes. */
export const rawZip = (entries: readonly RawEntry[], zip: RawZip = {}): Buffer => {
  const body: Buffer[] = [zip.before ?? Buffer.alloc(0)];
  const directory: Buffer[] = [];
  let position = body[0]!.length;
  for (const entry of entries) {
    const data = Buffer.from(entry.data ?? '');
    const method = entry.method ?? 0;
    const packed = method === 8 ? deflateRawSync(data) : data;
    const name = Buffer.from(entry.name as string);
    const localName = entry.localName === undefined ? name : Buffer.from(entry.localName);
    const extra = entry.extra ?? Buffer.alloc(0);
    const header = (nameBytes: Buffer) =>
      Buffer.concat([
        u16(20),
        u16(entry.flags ?? 0x800),
        u16(method),
        u32(0x210000),
        u32(crc32(data)),
        u32(entry.packedSize ?? packed.length),
        u32(entry.size ?? data.length),
        u16(nameBytes.length),
      ]);
    directory.push(
      Buffer.from('PK\x01\x02'),
      u16((3 << 8) | 20),
      header(name),
      u16(extra.length),
      Buffer.alloc(6),
      u32(((entry.mode ?? 0o100644) << 16) >>> 0),
      u32(entry.offset ?? position),
      name,
      extra,
    );
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), header(localName), u16(0), localName, packed]);
    position += local.length;
    body.push(local);
  }
  const gap = zip.gap ?? Buffer.alloc(0);
  const index = Buffer.concat([...directory, zip.padding ?? Buffer.alloc(0)]);
  const comment = zip.comment ?? Buffer.alloc(0);
  return Buffer.concat([
    ...body,
    gap,
    index,
    zip.inserted ?? Buffer.alloc(0),
    Buffer.from('PK\x05\x06\0\0\0\0', 'latin1'),
    u16(zip.count ?? entries.length),
    u16(zip.count ?? entries.length),
    u32(index.length),
    u32(position + gap.length),
    u16(comment.length),
    comment,
    zip.after ?? Buffer.alloc(0),
  ]);
};

export const memorySource = (bytes: Buffer): Source => ({
  size: bytes.length,
  read: async (position, length) => {
    if (position + length > bytes.length) throw new RangeError(`ends at byte ${bytes.length}`);
    return Buffer.from(bytes.subarray(position, position + length));
  },
  close: async () => undefined,
});
