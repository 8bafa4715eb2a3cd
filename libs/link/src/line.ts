import { type RawData, type WebSocket } from 'ws';
import { LinkError, type LinkCaller, LinkUnavailable, type LocalLink } from './link.js';

/*
 * One line between two servers: JSON messages over a websocket, many requests at a time.
 *
 *   →  { id, call: method, params }      ←  { id, result }  or  { id, error: { code, message } }
 *   →  { id, listen: method, params }    ←  { id, message } …  { id, error }
 *   →  { id, stop: true }
 *
 * Only who opened the line asks, the other side answers: for questions the other way there is a line of its own.
 */

export const MAX_MESSAGE = 32 * 1024 * 1024;
/** Requests of one line that run at once. */
const MAX_REQUESTS = 10_000;
const CALL_MS = 30_000;
/** A line that says nothing is asked whether it is there; no answer until the next question cuts it. */
const PING_MS = 2000;

interface Question {
  readonly id: number;
  readonly call?: string;
  readonly listen?: string;
  readonly stop?: boolean;
  readonly params?: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly message?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

const parsed = <T>(data: RawData): T => JSON.parse((data as Buffer).toString('utf8')) as T;

/** What the other side may know of an error: its own code and words, or that there was one. */
const told = (error: unknown): NonNullable<Answer['error']> => {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return {
    code: typeof code === 'string' ? code : error instanceof Error ? error.name : 'Error',
    message: typeof message === 'string' ? message.slice(0, 2000) : String(error),
  };
};

/** Answers what an identified server asks on this line, until it closes. */
export const answerLine = (socket: WebSocket, caller: LinkCaller, local: LocalLink): void => {
  const running = new Map<number, () => void>();
  const send = (answer: Answer): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(answer));
  };
  const ask = (question: Question): void => {
    const { id, call, listen, params } = question;
    if (!Number.isSafeInteger(id)) throw new LinkError('BadMessage', 'A message needs a number as its id');
    if (question.stop) {
      running.get(id)?.();
      running.delete(id);
    } else if (running.has(id) || running.size >= MAX_REQUESTS) {
      throw new LinkError('TooMany', `A line has at most ${MAX_REQUESTS} requests, each with its own id`);
    } else if (typeof call === 'string') {
      running.set(id, () => undefined);
      void local.answer(call, params, caller).then(
        (result) => running.delete(id) && send({ id, result: result ?? null }),
        (error: unknown) => running.delete(id) && send({ id, error: told(error) }),
      );
    } else if (typeof listen === 'string') {
      try {
        running.set(
          id,
          local.stream(listen, params, (message) => send({ id, message }), caller),
        );
      } catch (error) {
        send({ id, error: told(error) });
      }
    }
  };
  socket.on('message', (data) => {
    try {
      ask(parsed<Question>(data));
    } catch (error) {
      socket.close(1008, told(error).message.slice(0, 100));
    }
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    for (const stop of running.values()) stop();
    running.clear();
  });
};

interface Pending {
  readonly settle: (answer: Answer) => void;
  readonly lost: (error: Error) => void;
}

/** The asking side of a line. */
export class Line {
  private readonly pending = new Map<number, Pending>();
  private readonly pings: NodeJS.Timeout;
  private last = 0;
  private heard = true;

  constructor(
    private readonly socket: WebSocket,
    private readonly name: string,
  ) {
    socket.on('message', (data) => this.hear(parsed<Answer>(data)));
    socket.on('pong', () => (this.heard = true));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.lose());
    this.pings = setInterval(() => this.ping(), PING_MS).unref();
  }

  call<T>(method: string, params: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const id = this.ask(
        { call: method, params },
        (answer) => {
          clearTimeout(timer);
          this.pending.delete(id);
          if (answer.error) reject(new LinkError(answer.error.code, answer.error.message));
          else resolve(answer.result as T);
        },
        (error) => {
          clearTimeout(timer);
          reject(error);
        },
      );
      const timer = setTimeout(() => {
        this.pending.delete(id);
        reject(new LinkUnavailable(`${this.name} did not answer ${method} within ${CALL_MS / 1000} s`));
      }, CALL_MS);
    });
  }

  listen(
    method: string,
    params: unknown,
    onMessage: (message: unknown) => void,
    onEnd: (error: Error) => void,
  ): () => void {
    const id = this.ask(
      { listen: method, params },
      ({ message, error }) => {
        if (!error) return onMessage(message);
        this.pending.delete(id);
        onEnd(new LinkError(error.code, error.message));
      },
      onEnd,
    );
    return () => {
      if (this.pending.delete(id)) this.send({ id, stop: true });
    };
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  close(): void {
    this.socket.terminate();
  }

  private ask(question: Omit<Question, 'id'>, settle: Pending['settle'], lost: Pending['lost']): number {
    const id = ++this.last;
    this.pending.set(id, { settle, lost });
    this.send({ id, ...question });
    return id;
  }

  private send(question: Question): void {
    this.socket.send(JSON.stringify(question), () => undefined); // when it fails the line closes
  }

  private hear(answer: Answer): void {
    this.heard = true;
    this.pending.get(answer.id)?.settle(answer);
  }

  private ping(): void {
    if (!this.heard) return this.socket.terminate();
    this.heard = false;
    this.socket.ping();
  }

  private lose(): void {
    clearInterval(this.pings);
    const error = new LinkUnavailable(`The connection to ${this.name} broke`);
    const waiting = [...this.pending.values()];
    this.pending.clear();
    for (const { lost } of waiting) lost(error);
  }
}
