import { Buffer } from 'node:buffer';

export interface LogLimits {
  /** Above this, every thousandth line of a second passes. */
  readonly linesPerSecond: number;
  /** Bytes of one line. */
  readonly line: number;
  /** Bytes in all. */
  readonly total: number;
}

export const LOG_LIMITS: LogLimits = { linesPerSecond: 1000, line: 64 * 1024, total: 50 * 1024 ** 2 };

/** Keeps a flood of lines from filling disks and memory, and says in the log what it has left out. */
export class LogGate {
  readonly #limits: LogLimits;
  #second = -1;
  #lines = 0;
  #leftOut = 0;
  #bytes = 0;
  #full = false;

  constructor(
    limits: Partial<LogLimits> = {},
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#limits = { ...LOG_LIMITS, ...limits };
  }

  /** What goes into the log in place of this line: whole lines, or nothing. */
  pass(line: string): string {
    if (this.#full) return '';
    const second = Math.floor(this.now() / 1000);
    const note = second === this.#second ? '' : this.rest();
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    if (++this.#lines > this.#limits.linesPerSecond && this.#lines % 1000 !== 0) {
      this.#leftOut++;
      return note;
    }
    const cut = line.length > this.#limits.line ? `${line.slice(0, this.#limits.line)}…` : line;
    return note + this.#count(`${cut}\n`);
  }

  /** The note about lines that were left out since the last one. */
  rest(): string {
    const lines = this.#leftOut;
    this.#leftOut = 0;
    if (!lines || this.#full) return '';
    return this.#count(`… ${lines} lines left out: more than ${this.#limits.linesPerSecond} in a second\n`);
  }

  #count(text: string): string {
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes <= this.#limits.total) return text;
    this.#full = true;
    return `… the rest of the log is left out: more than ${this.#limits.total} bytes\n`;
  }
}

/** Takes a stream of bytes apart into lines; a line that does not end is given in pieces. */
export class LineSplitter {
  #rest = '';
  readonly #decoder = new TextDecoder();

  constructor(private readonly line: (text: string) => void) {}

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.line(line);
    if (this.#rest.length > LOG_LIMITS.line) this.end();
  }

  end(): void {
    if (this.#rest) this.line(this.#rest);
    this.#rest = '';
  }
}
