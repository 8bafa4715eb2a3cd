import { clean } from './format.js';

/**
 * Where output goes. Results go to stdout, everything about the way there to stderr, so that a pipe gets results
 * only. With `--json` stdout has one document, or one per line for what streams, and stderr has errors only.
 */
export class Screen {
  readonly #live = process.stderr.isTTY;
  #status = '';

  constructor(readonly json: boolean) {}

  /** The one result of a command. */
  result(value: unknown, human: () => string): void {
    if (this.json) this.#out(JSON.stringify(value, null, 2));
    else {
      const text = human();
      if (text) this.#out(text);
    }
  }

  /** One of many results. */
  item(value: unknown, human: () => string): void {
    if (this.json) this.#out(JSON.stringify(value));
    else this.#out(human());
  }

  /** Text as it is: a file's content, a log. */
  raw(text: string): void {
    this.#clear();
    process.stdout.write(process.stdout.isTTY ? clean(text) : text);
  }

  note(text: string): void {
    if (this.json) return;
    this.#clear();
    process.stderr.write(`${clean(text)}\n`);
    this.#draw();
  }

  /** The line that is overwritten in place; `plain` is printed instead where there is no terminal. */
  progress(text: string, plain: string | null = null): void {
    if (this.json) return;
    if (!this.#live) {
      if (plain !== null) process.stderr.write(`${clean(plain)}\n`);
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

  #out(text: string): void {
    this.#clear();
    process.stdout.write(`${text}\n`);
    this.#draw();
  }

  #draw(): void {
    if (this.#status && this.#live) process.stderr.write(this.#status.slice(0, process.stderr.columns - 1));
  }

  #clear(): void {
    if (this.#status && this.#live) process.stderr.write('\r\u001b[2K');
  }
}
