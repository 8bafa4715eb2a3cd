import { makeFolder } from '@openpro/kernel';
import { createWriteStream, type WriteStream } from 'node:fs';
import { appendFile, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';

/** One look at a running solve; `at` in milliseconds since 1970, `elapsed` in seconds. */
export interface ProgressPoint {
  readonly at: number;
  readonly phase: string;
  readonly elapsed: number;
  readonly objective: number | null;
  readonly bound: number | null;
  readonly gap: number | null;
  readonly nodes: number | null;
  readonly iterations: number | null;
  readonly incumbents: number;
  readonly text: string | null;
}

/** Points kept per attempt before the interval between them doubles. */
const MAX_POINTS = 1000;

/** What an attempt says while it runs. Not events: bounded files under `jobs/<id>/<attempt>/`. */
export class AttemptStore {
  /** The folder is made here and never again: a share that has gone away must not be taken for an empty one. */
  constructor(private readonly folder: string) {
    makeFolder(folder);
  }

  /** Opens the record of a new attempt. */
  async open(job: string, attempt: number): Promise<AttemptRecord> {
    const folder = this.at(job, attempt);
    for (const each of [path.dirname(folder), folder]) await mkdir(each).catch(there);
    return new AttemptRecord(folder);
  }

  /** The last `last` points, oldest first. */
  async progress(job: string, attempt: number, last: number): Promise<ProgressPoint[]> {
    const text = await readFile(path.join(this.at(job, attempt), 'progress.ndjson'), 'utf8').catch(none(''));
    const lines = text.split('\n').filter((line) => line.endsWith('}')); // a line cut by a crash is left out
    return lines.slice(-last).map((line) => JSON.parse(line) as ProgressPoint);
  }

  /** At most `limit` bytes of the log from byte `offset`, cut at a character boundary. */
  async log(
    job: string,
    attempt: number,
    offset: number,
    limit: number,
  ): Promise<{ text: string; nextOffset: number }> {
    const file = await open(path.join(this.at(job, attempt), 'log.txt')).catch(none(null));
    if (!file) return { text: '', nextOffset: offset };
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(limit), 0, limit, offset);
      const whole = buffer.subarray(0, wholeCharacters(buffer, bytesRead));
      return { text: whole.toString('utf8'), nextOffset: offset + whole.length };
    } finally {
      await file.close();
    }
  }

  /** The whole log as a stream; null when there is none. */
  async logFile(job: string, attempt: number): Promise<Readable | null> {
    const file = await open(path.join(this.at(job, attempt), 'log.txt')).catch(none(null));
    return file && file.createReadStream();
  }

  /** The digest of the last incumbent's case, offered to the next attempt as a start. */
  async incumbent(job: string, attempt: number): Promise<string | null> {
    return readFile(path.join(this.at(job, attempt), 'incumbent'), 'utf8').catch(none(null));
  }

  private at(job: string, attempt: number): string {
    return path.join(this.folder, job, String(attempt));
  }
}

export class AttemptRecord {
  private logFile: WriteStream | null = null;
  private points = 0;
  private minIntervalMs = 0;
  private lastAt = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly folder: string) {}

  log(text: string): void {
    this.logFile ??= createWriteStream(path.join(this.folder, 'log.txt'), { flags: 'a' }).on(
      'error',
      () => undefined, // a full disk costs log lines, never the job
    );
    if (!this.logFile.errored) this.logFile.write(text);
  }

  /** Keeps the point if it is due; long runs keep ever coarser ones. One after the other, so that they stay in order. */
  point(point: ProgressPoint): Promise<void> {
    if (point.at - this.lastAt < this.minIntervalMs) return this.writing;
    this.lastAt = point.at;
    if (++this.points % MAX_POINTS === 0) this.minIntervalMs = Math.max(500, this.minIntervalMs * 2);
    const line = `${JSON.stringify(point)}\n`;
    this.writing = this.writing.then(() =>
      appendFile(path.join(this.folder, 'progress.ndjson'), line).catch(() => undefined),
    );
    return this.writing;
  }

  async incumbent(digest: string): Promise<void> {
    const file = path.join(this.folder, 'incumbent');
    await writeFile(`${file}.new`, digest);
    await rename(`${file}.new`, file);
  }

  async close(): Promise<void> {
    await this.writing;
    const { logFile } = this;
    if (logFile && !logFile.errored && !logFile.closed)
      await new Promise<void>((resolve) => logFile.end(() => resolve()));
  }
}

const none =
  <T>(fallback: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return fallback;
    throw error;
  };

const there = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EEXIST') throw error;
};

/** How many of the first `length` bytes are whole UTF-8 characters. */
const wholeCharacters = (bytes: Buffer, length: number): number => {
  for (let back = 1; back <= Math.min(4, length); back++) {
    const byte = bytes[length - back] ?? 0;
    if (byte < 0x80) return length;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return back >= needed ? length : length - back;
    }
  }
  return length;
};
