import { open } from 'node:fs/promises';

/** Bytes that can be read from any position: a file, or the decrypted payload of one. */
export interface Source {
  readonly size: number;
  /** @throws RangeError when the source ends before `position + length`. */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

export const fileSource = async (file: string): Promise<Source> => {
  const handle = await open(file, 'r');
  const { size } = await handle.stat();
  return {
    size,
    read: async (position, length) => {
      const bytes = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
        if (!bytesRead) throw new RangeError(`${file} ends at byte ${position + done}`);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
};

const CHUNK = 1024 * 1024;

/** The bytes from `start` up to, not including, `end`. */
export async function* chunks(source: Source, start = 0, end = source.size): AsyncGenerator<Buffer> {
  for (let position = start; position < end; position += CHUNK)
    yield await source.read(position, Math.min(CHUNK, end - position));
}

/** A part of a source as a source; closing it closes the whole. */
export const slice = (source: Source, start: number, end: number): Source => ({
  size: end - start,
  read: async (position, length) => {
    if (position + length > end - start) throw new RangeError('Reads past the end of the part');
    return source.read(start + position, length);
  },
  close: () => source.close(),
});
