import { promisify } from 'node:util';
import { crc32, deflateRaw } from 'node:zlib';

const deflate = promisify(deflateRaw);

/** The first moment that a zip can name: packages of equal files are equal, whenever they are made. */
const DOS_DATE_1980_01_01 = 0x21;
const UTF8_NAMES = 0x800;
const MADE_BY_UNIX = (3 << 8) | 20;

/**
 * Writes a zip in the order of its files, one file in memory at a time, sizes before data.
 * A writer of its own because the engine package must know its bytes at the point where `files.json` begins.
 */
export class ZipWriter {
  readonly #directory: Buffer[] = [];
  #position = 0;
  #files = 0;

  constructor(private readonly out: (bytes: Uint8Array) => Promise<void>) {}

  async add(name: string, bytes: Uint8Array, executable = false): Promise<void> {
    const packed = await deflate(bytes, { level: 6 });
    const stored = packed.length >= bytes.length;
    const data = stored ? bytes : packed;
    const nameBytes = Buffer.from(name);

    // The fields that the local header and the directory share: version needed up to the extra field's length.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(UTF8_NAMES, 2);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt16LE(DOS_DATE_1980_01_01, 8);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);

    const ending = Buffer.alloc(14);
    ending.writeUInt32LE(((0o100000 | (executable ? 0o755 : 0o644)) << 16) >>> 0, 6);
    ending.writeUInt32LE(this.#position, 10);
    this.#directory.push(Buffer.from('PK\x01\x02'), uint16(MADE_BY_UNIX), common, ending, nameBytes);
    this.#files++;
    await this.#write(Buffer.concat([Buffer.from('PK\x03\x04'), common, nameBytes]));
    await this.#write(data);
  }

  async end(): Promise<void> {
    const directory = Buffer.concat(this.#directory);
    const end = Buffer.alloc(22);
    end.write('PK\x05\x06', 'latin1');
    end.writeUInt16LE(this.#files, 8);
    end.writeUInt16LE(this.#files, 10);
    end.writeUInt32LE(directory.length, 12);
    end.writeUInt32LE(this.#position, 16);
    await this.#write(Buffer.concat([directory, end]));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#position += bytes.length;
    await this.out(bytes);
  }
}

const uint16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
