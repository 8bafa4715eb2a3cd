import type { ProLink } from './link.js';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

/**
 * Listens to a thing on whichever server has it just now. Told of another place it goes there; a line that breaks is
 * opened again after a moment, for as long as nobody says that the thing is elsewhere.
 */
export class Listening {
  private place: string | null = null;
  private hangUp: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;
  private waitMs = FIRST_WAIT_MS;

  constructor(
    private readonly link: ProLink,
    private readonly method: string,
    private readonly onMessage: (message: unknown) => void,
  ) {}

  /**
   * @param place names the thing on that server: the same place again changes nothing
   * @param params `again` = messages may have been missed, because the line to this place was broken
   */
  to(node: string, place: string, params: (again: boolean) => unknown): void {
    if (place === this.place) return;
    this.close();
    this.place = place;
    this.waitMs = FIRST_WAIT_MS;
    this.open(node, params, false);
  }

  close(): void {
    clearTimeout(this.timer);
    this.place = null;
    this.hangUp();
    this.hangUp = () => undefined;
  }

  private open(node: string, params: (again: boolean) => unknown, again: boolean): void {
    let current = true;
    let stop = (): void => undefined;
    const ended = (): void => {
      if (!current) return;
      current = false;
      this.timer = setTimeout(() => this.open(node, params, true), this.waitMs).unref();
      this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
    };
    const heard = (message: unknown): void => {
      if (!current) return;
      this.waitMs = FIRST_WAIT_MS;
      this.onMessage(message);
    };
    this.hangUp = () => {
      current = false;
      stop();
    };
    try {
      stop = this.link.listen(node, this.method, params(again), heard, ended);
    } catch {
      ended(); // that server cannot be reached, or does not have the thing yet
    }
  }
}
