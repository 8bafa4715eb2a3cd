import { uuidv7 } from '@openpro/kernel';
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
 * What is no message at all ends the line; what is a wrong one is answered with an error under its id.
 */

export const MAX_MESSAGE = 32 * 1024 * 1024;
/** Requests of one line that run at once. */
const MAX_REQUESTS = 10_000;
/** A side that does not read must not fill the memory of the other one. */
const MAX_UNSENT = 2 * MAX_MESSAGE;
const CALL_MS = 30_000;
/** Each side asks the other so often whether it is there. */
const PING_MS = 2000;
/** So many questions without any sign of life cut the line. */
const MAX_MISSED = 2;

/** Told of what nobody who asks may see: bugs, with the id that the caller got, and lines that were cut. */
export type LinkReport = (error: unknown, id?: string) => void;

interface Question {
  readonly id: number;
  readonly call?: unknown;
  readonly listen?: unknown;
  readonly stop?: unknown;
  readonly params?: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly message?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

/** A message is an object with a number as its id. @throws LinkError for anything else */
const parsed = <T extends Question | Answer>(data: RawData): T => {
  let message: unknown;
  try {
    message = JSON.parse((data as Buffer).toString('utf8'));
  } catch {
    // told below
  }
  if (typeof message === 'object' && message && Number.isSafeInteger((message as Partial<T>).id))
    return message as T;
  throw new LinkError('BadMessage', 'A message is a JSON object with a number as its id');
};

/** @throws LinkError when the other side would not take it; another error when it is not JSON at all */
const textOf = (message: Question | Answer): string => {
  const text = JSON.stringify(message);
  if (Buffer.byteLength(text) > MAX_MESSAGE)
    throw new LinkError('TooLarge', `A message between servers has at most ${MAX_MESSAGE} bytes`);
  return text;
};

/** What the other side may know of an error: a refusal's own words; of a bug that there was one, and its id. */
export const told = (error: unknown, report: LinkReport): NonNullable<Answer['error']> => {
  if (error instanceof LinkError || error instanceof LinkUnavailable) {
    const code = error instanceof LinkError ? error.code : error.name;
    return { code, message: error.message.slice(0, 2000) };
  }
  const id = uuidv7();
  report(error, id);
  return { code: 'Internal', message: `Something went wrong on the other server; its log has it as ${id}` };
};

/** Nothing on a line that has closed, which tells everybody who waits on it. */
const put = (socket: WebSocket, text: string, report: LinkReport): void => {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount > MAX_UNSENT) {
    report(new Error(`A line was cut: ${socket.bufferedAmount} bytes wait for a server that does not read`));
    return socket.terminate();
  }
  socket.send(text, () => undefined); // when it fails the line closes
};

/**
 * Cuts a line whose other side gives no sign of life. Two questions must stay open: after this server itself has stood
 * still, the answers of a healthy one lie there and are read before the second.
 */
const keepAlive = (socket: WebSocket, pingMs: number): void => {
  let missed = 0;
  for (const sign of ['message', 'ping', 'pong']) socket.on(sign, () => (missed = 0));
  const pings = setInterval(() => {
    if (missed >= MAX_MISSED) return socket.terminate();
    missed++;
    socket.ping(undefined, undefined, () => undefined); // when it fails the line closes
  }, pingMs).unref();
  socket.on('error', () => socket.terminate());
  socket.once('close', () => clearInterval(pings));
};

/** Answers what an identified server asks on this line, until it closes. */
export const answerLine = (
  socket: WebSocket,
  caller: LinkCaller,
  local: LocalLink,
  report: LinkReport,
  pingMs = PING_MS,
): void => {
  const running = new Map<number, () => void>();
  const send = (answer: Answer): void => {
    let text: string;
    try {
      text = textOf(answer);
    } catch (error) {
      stop(answer.id); // of a stream no more can follow
      text = textOf({ id: answer.id, error: told(error, report) });
    }
    put(socket, text, report);
  };
  const refuse = (id: number, error: unknown): void => send({ id, error: told(error, report) });
  const stop = (id: number): void => {
    const end = running.get(id);
    running.delete(id);
    try {
      end?.();
    } catch (error) {
      report(error);
    }
  };
  const start = ({ id, call, listen, params }: Question): void => {
    if (running.has(id) || running.size >= MAX_REQUESTS)
      throw new LinkError('TooMany', `A line has at most ${MAX_REQUESTS} requests, each with its own id`);
    if (typeof call === 'string') {
      running.set(id, () => undefined);
      local.answer(call, params, caller).then(
        (result) => running.delete(id) && send({ id, result: result ?? null }),
        (error: unknown) => running.delete(id) && refuse(id, error),
      );
    } else if (typeof listen === 'string') {
      let ended = false;
      running.set(id, () => (ended = true)); // it may push before it has said how to stop
      try {
        const end = local.stream(listen, params, (message) => ended || send({ id, message }), caller);
        if (ended) end();
        else running.set(id, () => ((ended = true), end()));
      } catch (error) {
        running.delete(id);
        throw error;
      }
    } else throw new LinkError('BadMessage', 'A message calls, listens or stops');
  };
  socket.on('message', (data) => {
    try {
      const question = parsed<Question>(data);
      try {
        if (question.stop) stop(question.id);
        else start(question);
      } catch (error) {
        refuse(question.id, error);
      }
    } catch (error) {
      socket.close(1008, told(error, report).message.slice(0, 100));
    }
  });
  socket.once('close', () => {
    for (const id of [...running.keys()]) stop(id);
  });
  keepAlive(socket, pingMs);
};

interface Pending {
  readonly settle: (answer: Answer) => void;
  readonly lost: (error: Error) => void;
}

/** The asking side of a line. */
export class Line {
  private readonly pending = new Map<number, Pending>();
  private last = 0;
  private why = 'broke';

  constructor(
    private readonly socket: WebSocket,
    private readonly name: string,
    private readonly report: LinkReport = () => undefined,
    pingMs = PING_MS,
  ) {
    socket.on('message', (data) => this.hear(data));
    socket.once('close', () => this.lose());
    keepAlive(socket, pingMs);
  }

  /** @throws LinkUnavailable without an answer within this time; LinkError with what the other side says */
  call<T>(method: string, params: unknown, withinMs = CALL_MS): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const ended =
        <A>(settle: (answer: A) => void) =>
        (answer: A): void => {
          clearTimeout(timer);
          this.pending.delete(id);
          settle(answer);
        };
      const timer = setTimeout(() => {
        this.stop(id);
        reject(new LinkUnavailable(`${this.name} did not answer ${method} within ${withinMs / 1000} s`));
      }, withinMs);
      const id = this.ask(
        { call: method, params },
        ended(({ error, result }) => {
          if (error || result === undefined) reject(refusalOf(error));
          else resolve(result as T);
        }),
        ended(reject),
      );
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
        onEnd(refusalOf(error));
      },
      onEnd,
    );
    return () => this.stop(id);
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  onClose(listener: () => void): void {
    this.socket.once('close', listener);
  }

  close(): void {
    this.socket.terminate();
  }

  /** @param lost told later, never before this has returned */
  private ask(question: Omit<Question, 'id'>, settle: Pending['settle'], lost: Pending['lost']): number {
    const id = ++this.last;
    this.pending.set(id, { settle, lost });
    let error = this.isOpen ? null : this.broken();
    try {
      if (!error) put(this.socket, textOf({ id, ...question }), this.report);
    } catch (cause) {
      error = cause as Error;
    }
    if (error) queueMicrotask(() => this.pending.delete(id) && lost(error));
    return id;
  }

  private stop(id: number): void {
    if (this.pending.delete(id)) put(this.socket, textOf({ id, stop: true }), this.report);
  }

  private hear(data: RawData): void {
    let answer: Answer;
    try {
      answer = parsed(data);
    } catch (error) {
      this.why = `broke: ${(error as Error).message}`;
      return this.socket.terminate();
    }
    const waiting = this.pending.get(answer.id);
    try {
      waiting?.settle(answer);
    } catch (error) {
      // Who listened could not use the message, and would miss it if it went on.
      this.stop(answer.id);
      this.report(error);
      waiting?.lost(new LinkError('BadMessage', `A message of ${this.name} could not be used`));
    }
  }

  private broken(): Error {
    return new LinkUnavailable(`The connection to ${this.name} ${this.why}`);
  }

  private lose(): void {
    const waiting = [...this.pending.values()];
    this.pending.clear();
    for (const { lost } of waiting) lost(this.broken());
  }
}

/** An error as it came: from another machine, and so perhaps not in the agreed form. */
const refusalOf = (error: unknown): LinkError => {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  return new LinkError(
    typeof code === 'string' ? code : 'Refused',
    typeof message === 'string' ? message : 'It gave no reason',
  );
};
