import type { Command } from 'commander';
import { action, type Context } from '../context.js';
import { EXIT, Failure } from '../failure.js';
import { duration, fields, table, time, words } from '../format.js';
import {
  EndSessionDocument,
  SessionByIdDocument,
  type SessionFieldsFragment as Session,
  SessionsDocument,
  type SessionState,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';
import { parseId, parseOneOf } from '../values.js';

const STATES = ['requested', 'starting', 'ready', 'ended'] as const;

const summary = (session: Session): string => {
  const { requestedAt, readyAt, endedAt, savedAt } = session;
  const steps = session.steps.map(({ name, at }) => `${name} after ${duration((at - requestedAt) / 1000)}`);
  return fields([
    ['session', session.id],
    ['app', session.app.id],
    ['owner', session.owner.name],
    ['state', words(session.state)],
    ['licence', session.licence],
    ['waiting for', session.waitingFor],
    ['waited', session.waited],
    ['launch', steps.slice(1).join(', ')],
    ['requested', time(requestedAt)],
    ['opened', readyAt && time(readyAt)],
    ['ended', endedAt && time(endedAt)],
    ['reason', session.endReason],
    ['saved', savedAt && time(savedAt)],
  ]);
};

const list = async (
  context: Context,
  { limit, state }: PageOptions & { state?: (typeof STATES)[number] },
): Promise<void> => {
  const api = await context.api();
  const of = state && (state.toUpperCase() as SessionState);
  const sessions = await allPages(
    limit,
    async (page) => (await api.query(SessionsDocument, { ...page, state: of })).sessions,
  );
  context.screen.result(sessions, () =>
    table(
      ['session', 'state', 'app', 'owner', 'requested', 'waited'],
      sessions.map((each) => [
        each.id,
        each.waitingFor ?? words(each.state),
        each.app.id,
        each.owner.name,
        time(each.requestedAt),
        each.waited,
      ]),
    ),
  );
};

const show = async (context: Context, text: string): Promise<void> => {
  const id = parseId(text, 'session');
  const { session } = await (await context.api()).query(SessionByIdDocument, { id });
  if (!session)
    throw new Failure(EXIT.notFound, `There is no session ${id}, or you may not see it`, {
      code: 'NoSuchSession',
      hint: 'The sessions: openpro session list',
    });
  context.screen.result(session, () => summary(session));
};

const end = async (context: Context, text: string): Promise<void> => {
  const ended = await (await context.api()).mutate(EndSessionDocument, { id: parseId(text, 'session') });
  context.screen.result(
    ended,
    () => `Session ${ended.id} has ended; its jobs and saved cases are still there.`,
  );
};

/** Apps that are open, or wait to be: what for, and afterwards how the wait was made up. */
export const addSession = (program: Command): void => {
  const session = program.command('session').description('apps that somebody has open in the portal');

  action(
    addLimit(session.command('list').description('list sessions, newest first')).option(
      '--state <state>',
      `only in this state: ${STATES.join(', ')}`,
      (text) => parseOneOf(text, 'state', STATES),
    ),
    list,
  );
  action(
    session
      .command('show')
      .description('show a session: what it waits for, or how its wait was made up')
      .argument('<id>'),
    show,
  );
  action(session.command('end').description('end a session; its data is kept').argument('<id>'), end);
};
