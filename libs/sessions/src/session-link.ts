import {
  EngineError,
  type IdentifierVersion,
  type InterfaceDescription,
  MAX_WINDOW,
  type Window,
} from '@openpro/engine';
import { checkNumber, isRefusal, isUuid, refuse, type Refusal } from '@openpro/kernel';
import { type LinkCaller, LinkError, Listening, LinkUnavailable, type ProLink } from '@openpro/link';
import { mayChange, maySee } from '@openpro/platform';
import type { Visitor } from './attendance.js';
import { type Change, type Changes, checkChange, isName, makeChange } from './session-change.js';
import type { Open, SessionHosts } from './session-hosts.js';
import type { SessionRow } from './session-list.projection.js';

/** Where a session lives, as its row says. */
export type SessionAt = Pick<SessionRow, 'id' | 'state' | 'node' | 'node_epoch'>;

/** How the host answers: what the app or its process says no to arrives as if it had said so here. */
type Answer =
  | { readonly value: unknown }
  | { readonly refusal: Refusal }
  | { readonly engine: { readonly code: string; readonly message: string; readonly where?: string } }
  /** A bug, or a disk or database in trouble: logged there. */
  | { readonly failed: { readonly code: string; readonly message: string } };

interface Asked {
  readonly session: string;
  readonly by: Visitor;
  readonly [param: string]: unknown;
}

type Work = (asked: Asked, caller: LinkCaller) => Promise<unknown>;

/** A message between servers must fit into one frame of the link, with room to spare. */
const MAX_TEXT_SENT = 8 * 1024 * 1024;
const MAX_IDENTIFIERS = 2000;
const MAX_ROLES = 20;
const MAX_FINGERPRINT = 200;
const PRO = ['pro'];

const mustBe = (wrong: Refusal | undefined): void => {
  if (wrong) throw new LinkError(wrong.refused, wrong.message);
};
const misses = (what: string) => refuse('BadInput', `The request has no ${what}`);

const areNames = (value: unknown, most: number): value is readonly string[] =>
  Array.isArray(value) && value.length <= most && value.every(isName);

const isVisitor = (value: unknown): value is Visitor => {
  const { id, environment, roles } = (value ?? {}) as Partial<Visitor>;
  return isName(id) && isName(environment) && areNames(roles, MAX_ROLES);
};

const textIn = ({ rows }: Window): number =>
  rows.reduce(
    (sum, row) => row.reduce<number>((all, cell) => all + (typeof cell === 'string' ? cell.length : 8), sum),
    0,
  );

const NOT_ALLOWED = refuse('NotAllowed', 'Only its owner may use this session');

/** Serves the sessions of this server to all servers of the cluster, and so to itself. */
export const serveSessions = (
  link: ProLink,
  hosts: SessionHosts,
  report: (error: unknown) => void = () => undefined,
): void => {
  /** A session of this life of this server: who asks may know an old place of it. */
  const asked = (params: unknown): Asked => {
    const { session, nodeEpoch, by } = (params ?? {}) as Partial<Asked>;
    if (!isUuid(session)) throw new LinkError('BadInput', 'The request names no session');
    if (!isVisitor(by)) throw new LinkError('BadInput', 'The request does not say for whom it is');
    if (nodeEpoch !== hosts.place.epoch)
      throw new LinkError('OtherLife', 'This server has started again: the session is not there any more');
    return params as Asked;
  };
  const answer = async (params: unknown, work: Work, caller: LinkCaller): Promise<Answer> => {
    try {
      const value = await work(asked(params), caller);
      return isRefusal(value) ? { refusal: value } : { value };
    } catch (error) {
      if (error instanceof EngineError) {
        const { code, message, where } = error;
        return { engine: { code, message, ...(where === undefined ? {} : { where }) } };
      }
      if (!(error instanceof LinkError)) report(error);
      const { code, message } = error as NodeJS.ErrnoException;
      return { failed: { code: code ?? 'Failed', message: message ?? String(error) } };
    }
  };
  // Listened to and not called: an answer may take as long as a procedure of the app runs.
  const serve = (method: string, work: Work): void =>
    link.serve(`session.${method}`, {
      accepts: PRO,
      listen: (params, push, caller) => {
        void answer(params, work, caller).then(push);
        return () => undefined; // what was asked for is done, whether or not somebody still listens
      },
    });

  /** The session's process, for who may use it so: the server that he talks to has checked the same. */
  const opened = ({ session, by }: Asked, may: typeof maySee): Open | Refusal => {
    const open = hosts.open(session);
    return isRefusal(open) || may(by, open.request) ? open : NOT_ALLOWED;
  };

  serve('change', async (asked) => {
    const { session, commandId, fingerprint, change } = asked;
    const isCommand = isUuid(commandId) && typeof fingerprint === 'string';
    mustBe(isCommand && fingerprint.length <= MAX_FINGERPRINT && change ? undefined : misses('change'));
    const wrong = checkChange(change as Change);
    if (wrong) return wrong;
    const open = opened(asked, mayChange);
    if (isRefusal(open)) return open;
    return hosts.once(session, commandId as string, fingerprint as string, ({ data }) =>
      makeChange(data, change as Change, (digest) => hosts.load(digest)),
    );
  });
  serve('describe', async (asked) => {
    const open = opened(asked, maySee);
    return isRefusal(open) ? open : open.data.describe();
  });
  serve('window', async (asked, caller) => {
    const { identifier, offset, limit } = asked;
    mustBe(
      (typeof identifier === 'string' ? undefined : misses('identifier')) ??
        checkNumber('offset', offset, { min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }) ??
        checkNumber('limit', limit, { min: 1, max: MAX_WINDOW, whole: true }),
    );
    const open = opened(asked, maySee);
    if (isRefusal(open)) return open;
    if (!isName(identifier)) throw new EngineError('UnknownIdentifier', 'No identifier has so long a name');
    const range = { offset: offset as number, limit: limit as number };
    const window = await open.data.window(identifier, range);
    if (caller.node !== hosts.place.id && textIn(window) > MAX_TEXT_SENT)
      throw new EngineError(
        'TooLarge',
        'This is too much text for a window: ask for fewer rows, or save a case',
      );
    return window;
  });
  serve('save', async (asked) => {
    const { identifiers } = asked;
    const some = areNames(identifiers, MAX_IDENTIFIERS);
    mustBe(identifiers === null || some ? undefined : misses('list of identifiers'));
    const open = opened(asked, mayChange);
    return isRefusal(open) ? open : hosts.save(open, some ? identifiers : undefined);
  });
  link.serve('session.listen', {
    accepts: PRO,
    listen: (params, push) => {
      const { session, by, again } = asked(params);
      return hosts.listen(session, { again: again === true, by }, push);
    },
  });
};

const NOT_ANSWERING = refuse(
  'ServerNotAnswering',
  'The server of this session does not answer. If it is lost, the session ends within seconds and can be opened again with its last saved data',
);

/** The data of sessions, wherever in the cluster they live; `by` is who uses it. */
export class SessionData {
  constructor(private readonly link: ProLink) {}

  /** Makes the change once: the same command again gets the first answer. */
  change<C extends Change>(
    by: Visitor,
    at: SessionAt,
    commandId: string,
    fingerprint: string,
    change: C,
  ): Promise<Changes[C['do']] | Refusal> {
    return this.ask(by, at, 'change', { commandId, fingerprint, change });
  }

  /** @throws EngineError with what the app says. */
  describe(by: Visitor, at: SessionAt): Promise<InterfaceDescription | Refusal> {
    return this.ask(by, at, 'describe', {});
  }

  /** @throws EngineError, for example `UnknownIdentifier` */
  window(
    by: Visitor,
    at: SessionAt,
    identifier: string,
    range: { readonly offset: number; readonly limit: number },
  ): Promise<Window | Refusal> {
    return this.ask(by, at, 'window', { identifier, ...range });
  }

  /** The digest of a case with the session's data, or with these identifiers of it. */
  save(by: Visitor, at: SessionAt, identifiers?: readonly string[]): Promise<string | Refusal> {
    return this.ask(by, at, 'save', { identifiers: identifiers ?? null });
  }

  /**
   * Calls back with identifiers whose data changed, from where the session is when `follow` tells it. Its owner keeps
   * it attached while he listens.
   */
  line(
    { id, environment, roles }: Visitor,
    onChanged: (changed: readonly IdentifierVersion[]) => void,
  ): { follow(at: SessionAt): void; close(): void } {
    const line = new Listening(this.link, 'session.listen', (message) =>
      onChanged(message as readonly IdentifierVersion[]),
    );
    const by = { id, environment, roles };
    return {
      follow: ({ id: session, state, node, node_epoch: nodeEpoch }) => {
        if (node === null || state === 'ended') line.close();
        else line.to(node, `${node}:${nodeEpoch}`, (again) => ({ session, nodeEpoch, by, again }));
      },
      close: () => line.close(),
    };
  }

  private async ask<T>(
    { id: user, environment, roles }: Visitor,
    { id, state, node, node_epoch: nodeEpoch }: SessionAt,
    method: string,
    params: object,
  ): Promise<T | Refusal> {
    if (node === null || state === 'ended')
      return refuse('SessionNotReady', 'This session is not open: it is still starting, or it has ended');
    const by = { id: user, environment, roles };
    const asked = { session: id, nodeEpoch, by, ...params };
    const answer = await this.answer(node, `session.${method}`, asked).catch((error: unknown): Answer => {
      if (error instanceof LinkUnavailable) return { refusal: NOT_ANSWERING };
      throw error;
    });
    if ('value' in answer) return answer.value as T;
    if ('refusal' in answer) return answer.refusal;
    if ('engine' in answer) {
      const { code, message, where } = answer.engine;
      throw new EngineError(code, message, where);
    }
    const { code, message } = answer.failed;
    if (code === 'OtherLife') return refuse('SessionNotReady', message);
    throw new LinkError(code, message);
  }

  /** The first and only message. */
  private answer(node: string, method: string, asked: object): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      let stop = (): void => undefined;
      stop = this.link.listen(
        node,
        method,
        asked,
        (message) => {
          resolve(message as Answer);
          queueMicrotask(() => stop());
        },
        reject,
      );
    });
  }
}
