import { clean } from './format.js';

type Terminal = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;

/**
 * Where output goes. Results go to stdout, everything about the way there to stderr, so that a pipe gets results
 * only. With `--json` stdout has one document, or one per line for what streams, and stderr has errors only.
 */
export class Screen {
  #status = '';

  constructor(
    readonly json: boolean,
    private readonly stdout: Terminal = process.stdout,
    private readonly stderr: Terminal = process.stderr,
  ) {}

  /** The one result of a command. */
  result(value: unknown, human: () => string): void {
    if (this.json) this.#out(JSON.stringify(value, null, 2));
    else {
      const text = human();
      if (text) this.#out(this.#shown(text));
    }
  }

  /** One of many results. */
  item(value: unknown, human: () => string): void {
    if (this.json) this.#out(JSON.stringify(value));
    else this.#out(this.#shown(human()));
  }

  /** Text as it is: a file's content, a log. */
  raw(text: string): void {
    this.#clear();
    this.stdout.write(this.#shown(text));
  }

  note(text: string): void {
    if (this.json) return;
    this.#clear();
    this.stderr.write(`${clean(text)}\n`);
    this.#draw();
  }

  /** The line that is overwritten in place; `plain` is printed instead where there is no terminal. */
  progress(text: string, plain: string | null = null): void {
    if (this.json) return;
    if (!this.stderr.isTTY) {
      if (plain !== null) this.stderr.write(`${clean(plain)}\n`);
      return;
    }
    this.#clear();
    this.#status = clean(text);
    this.#draw();
  }

  endProgress(): void {
    this.#clear();
    this.#status = '';
  }

  /** For people cleaned, for a pipe as it is. */
  #shown(text: string): string {
    return this.stdout.isTTY ? clean(text) : text;
  }

  #out(text: string): void {
    this.#clear();
    this.stdout.write(`${text}\n`);
    this.#draw();
  }

  #draw(): void {
    if (this.#status && this.stderr.isTTY)
      this.stderr.write(this.#status.slice(0, (this.stderr.columns || 80) - 1));
  }

  #clear(): void {
    if (this.#status && this.stderr.isTTY) this.stderr.write('\r\u001b[2K');
  }
}
