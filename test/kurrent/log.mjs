// The log of the test server: one list of records, their streams, and the rules of an append.
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';

/** @typedef {{ id: string, type: string, contentType: string, data: Buffer, meta: Buffer }} Message */
/** @typedef {Message & { stream: string, revision: number, position: number, created: number }} LogRecord */

/** Of every record besides its data: as in a real log, positions are places in a file and have gaps. */
const OVERHEAD = 137;

export class Log {
  /** @type {LogRecord[]} */
  records = [];
  /** @type {Map<string, LogRecord[]>} */
  streams = new Map();
  #end = 0;
  #file;

  /** @param {string | undefined} file keeps the log over a crash of the server */
  constructor(file) {
    if (!file) return;
    if (existsSync(file))
      for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
        const { data, meta, ...rest } = JSON.parse(line);
        this.#keep({ ...rest, data: Buffer.from(data, 'base64'), meta: Buffer.from(meta, 'base64') });
      }
    this.#file = openSync(file, 'a');
  }

  /**
   * @param {string} stream
   * @param {number | 'any' | 'exists'} expected the last revision, -1 = no stream
   * @param {readonly Message[]} messages
   * @param {number} now
   * @returns {{ is: 'written', last: LogRecord } | { is: 'wrong version', current: number } | { is: 'corrupted' }}
   */
  append(stream, expected, messages, now) {
    const known = this.streams.get(stream) ?? [];
    const current = known.length - 1;
    if (typeof expected === 'number' && expected < current) {
      // The same ids at the same place: they stand there already, which is a success.
      const same = messages.findIndex(({ id }, index) => known[expected + 1 + index]?.id !== id);
      if (same < 0) return { is: 'written', last: known[expected + messages.length] };
      if (same > 0) return { is: 'corrupted' };
    }
    if (typeof expected === 'number' ? expected !== current : expected === 'exists' && current < 0)
      return { is: 'wrong version', current };
    const written = messages.map((message, index) => {
      const position = this.#end;
      this.#end += OVERHEAD + message.data.length + message.meta.length;
      return { ...message, stream, revision: current + 1 + index, position, created: now };
    });
    for (const record of written) {
      this.#keep(record);
      if (this.#file !== undefined) {
        const { data, meta, ...rest } = record;
        const line = { ...rest, data: data.toString('base64'), meta: meta.toString('base64') };
        writeSync(this.#file, `${JSON.stringify(line)}\n`);
      }
    }
    return { is: 'written', last: written.at(-1) };
  }

  /** The index of the first record at or after a position. */
  indexOf(position) {
    let [low, high] = [0, this.records.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.records[middle].position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  close() {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #keep(record) {
    this.records.push(record);
    const known = this.streams.get(record.stream);
    if (known) known.push(record);
    else this.streams.set(record.stream, [record]);
    this.#end = Math.max(this.#end, record.position + OVERHEAD + record.data.length + record.meta.length);
  }
}
