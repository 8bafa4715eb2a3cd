import { beforeEach, describe, expect, it } from '@jest/globals';
import { LinkUnavailable, type ProLink } from '@openpro/link';
import { MemoryEventStore } from '@openpro/eventstore';
import { refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import type { Actor } from '@openpro/platform';
import { SessionData } from './session-link.js';
import type { SessionRow } from './session-list.projection.js';
import type { ForSession } from './sessions.commands.js';
import { waitWords } from './sessions.queries.js';
import { SessionsResolver } from './sessions.resolver.js';
import { waitingVisit } from './waiting-visit.js';

const digest = 'd'.repeat(64);
const ada: Actor = {
  id: 'ada',
  name: 'Ada',
  environment: 'ROOT',
  roles: ['user'],
  groups: [],
  tokenHash: null,
  expiresAt: 0,
};
const eve: Actor = { ...ada, id: 'eve', roles: ['administrator'] };
const version = {
  name: 'cutting',
  version: '1.0.0',
  digest,
  engine_name: 'e',
  engine_version: '1.0.0',
  engine_digest: digest,
  hidden: false,
  manifest: { labels: ['gpu'] } as { labels: string[]; licence?: string },
};
const id = uuidv7();
const ended = {
  id,
  environment: 'ROOT',
  owner: 'ada',
  app: 'cutting',
  version: '1.0.0',
  state: 'ended',
  node: 'b',
  node_epoch: 1,
  saved: digest,
  saved_at: 1,
} as SessionRow;

type Listen = Parameters<ProLink['listen']>;

/** The resolver with one session row, and what it tells other servers and the log. */
const given = (first: SessionRow | null = ended) => {
  const world = {
    row: first,
    version: version as typeof version | null,
    away: false,
    kept: true,
    unlicensed: undefined as Refusal | undefined,
  };
  const commands: (ForSession | Refusal)[] = [];
  const listening: Listen[] = [];
  const stopped: string[] = [];
  const committed = new Set<(change: object) => void>();
  const link: ProLink = {
    serve: () => undefined,
    call: () => Promise.reject(new LinkUnavailable('away')),
    listen: (...asked) => {
      if (world.away) throw new LinkUnavailable('away');
      listening.push(asked);
      return () => stopped.push(asked[0]);
    },
  };
  const resolver = new SessionsResolver(
    {
      row: () => Promise.resolve(world.row),
      view: (_actor: unknown, row: SessionRow) => ({ id: row.id, state: row.state }),
      one: () => Promise.resolve({}),
    } as never,
    new SessionData(link),
    { has: () => world.kept } as never,
    { versionRow: () => Promise.resolve(world.version) } as never,
    { row: () => Promise.resolve({ app: 'cutting', digest }) } as never,
    { refusalFor: () => Promise.resolve(world.unlicensed) } as never,
    {
      insist: (command: ForSession) => void commands.push(command),
      change: (command: ForSession | Refusal) => {
        commands.push(command);
        return Promise.resolve('refused' in command ? command : {});
      },
    } as never,
    {
      onCommitted: (listener: (change: object) => void) => {
        committed.add(listener);
        return () => committed.delete(listener);
      },
    } as never,
    new MemoryEventStore(),
    {} as never,
  );
  return {
    world,
    resolver,
    commands,
    listening,
    stopped,
    committed,
    commit: () => committed.forEach((tell) => tell({ projection: 'session_list', keys: [id] })),
    restore: (more: object = {}, actor = ada) =>
      resolver.launchSession(actor, { app: 'cutting', restore: id, commandId: uuidv7(), ...more }),
  };
};

describe('opening a session again', () => {
  it('asks for the same version with the data that was kept, on a server with its labels', async () => {
    const { restore, commands } = given();
    await restore({ app: 'Cutting' });
    const app = { name: 'cutting', version: '1.0.0', digest };
    const command = {
      ...{ type: 'RequestSession', environment: 'ROOT', owner: 'ada', labels: ['gpu'] },
      ...{ app, engine: { ...app, name: 'e' }, restores: { session: id, digest } },
    };
    expect(commands).toMatchObject([{ command }]);
  });

  it.each<[string, Partial<SessionRow> | null, object, Actor, string]>([
    ['there is no such session', null, {}, ada, 'NoSuchSession'],
    ['it is of somebody else', {}, {}, eve, 'NotAllowed'],
    ['it was of another app', {}, { app: 'transport' }, ada, 'OtherApp'],
    ['it was of another version', {}, { version: '2.0.0' }, ada, 'OtherApp'],
    ['it is still open', { state: 'ready' }, {}, ada, 'SessionStillOpen'],
    ['nothing of it was kept', { saved: null }, {}, ada, 'NothingSaved'],
  ])('is refused when %s', async (_when, row, more, actor, code) => {
    const { restore } = given(row && { ...ended, ...row });
    expect(await restore(more, actor)).toMatchObject({ code, field: 'restore' });
  });

  it('is refused when what was kept is gone', async () => {
    const { restore, world } = given();
    world.kept = false;
    expect(await restore()).toMatchObject({ code: 'NothingSaved', field: 'restore' });
  });

  it('is refused when its version is gone', async () => {
    const { restore, world } = given();
    world.version = null;
    expect(await restore()).toMatchObject({ code: 'NoSuchApp' });
    world.version = { ...version, hidden: true };
    expect(await restore()).toMatchObject({ code: 'NoSuchApp', message: 'There is no app cutting:1.0.0' });
  });
});

describe('changing data', () => {
  const cells = [{ tuple: [], value: 1 }];

  it('is refused in words when the server of the session does not answer', async () => {
    const { resolver, world } = given({ ...ended, state: 'ready' });
    world.away = true;
    const change = { session: id, identifier: 'x', cells, commandId: uuidv7() };
    expect(await resolver.setData(ada, change)).toMatchObject({
      __typename: 'Conflict',
      code: 'ServerNotAnswering',
    });
  });

  it('goes to the server where the session lives, and brings back what it says', async () => {
    const { resolver, listening } = given({ ...ended, state: 'ready' });
    const commandId = uuidv7();
    const answer = resolver.setData(ada, { session: id, identifier: 'x', cells, commandId });
    while (listening.length === 0) await Promise.resolve();
    const [node, method, params, push] = listening[0]!;
    const change = { do: 'set', identifier: 'x', cells, ifVersion: null };
    expect([node, method]).toEqual(['b', 'session.change']);
    expect(params).toMatchObject({ session: id, nodeEpoch: 1, commandId, change });
    push({ value: { identifier: 'x', version: 2, rejected: [] } });
    expect(await answer).toEqual({ __typename: 'DataChange', identifier: 'x', version: 2, rejected: [] });
  });
});

describe('following a session', () => {
  let parts: ReturnType<typeof given>;
  beforeEach(() => {
    parts = given({ ...ended, state: 'requested', node: null, node_epoch: null });
  });

  it('listens where it is placed, passes on what changes, and ends with it', async () => {
    const { resolver, world, listening, stopped, committed, commit } = parts;
    const seen = await resolver.sessionChanged(ada, id);
    expect(await seen.next()).toMatchObject({ value: { sessionChanged: { changed: [] } } });
    expect(listening).toEqual([]);
    world.row = { ...ended, state: 'starting' };
    commit();
    await seen.next();
    const [node, method, params, push] = listening[0]!;
    expect([node, method]).toEqual(['b', 'session.listen']);
    expect(params).toEqual({
      session: id,
      nodeEpoch: 1,
      again: false,
      by: { id: 'ada', environment: 'ROOT', roles: ['user'] },
    });
    push([{ identifier: 'x', version: 1 }]);
    push([{ identifier: 'x', version: 2 }]);
    const changed = [{ identifier: 'x', version: 2 }];
    expect(await seen.next()).toMatchObject({ value: { sessionChanged: { changed } } });
    world.row = ended;
    commit();
    expect(await seen.next()).toMatchObject({ value: { sessionChanged: { session: { state: 'ended' } } } });
    expect(await seen.next()).toMatchObject({ done: true });
    expect([stopped, listening.length, committed.size]).toEqual([['b'], 1, 0]);
  });

  it('says who looks, and stops with him', async () => {
    const { resolver, world, listening, stopped } = parts;
    world.row = { ...ended, state: 'ready' };
    const seen = await resolver.sessionChanged(eve, id);
    await seen.next();
    expect(listening[0]?.[2]).toMatchObject({ by: { id: 'eve' } });
    await seen.return?.();
    expect(stopped).toEqual(['b']);
  });
});

describe('an app with a licence', () => {
  const licensed = { ...version, manifest: { labels: [], licence: 'gurobi' } };
  const launch = { app: 'cutting', commandId: uuidv7() };

  it('is opened with its name and the device, which is the sign-in', async () => {
    const { world, resolver, commands } = given();
    world.version = licensed;
    await resolver.launchSession({ ...ada, tokenHash: 'f'.repeat(64) }, launch);
    expect(commands).toMatchObject([{ command: { licence: 'gurobi', device: 'f'.repeat(16) } }]);
  });

  it('is refused to who may not use it', async () => {
    const { world, resolver } = given();
    world.version = licensed;
    world.unlicensed = refuse('NotAllowed', 'You may not use licence Gurobi');
    expect(await resolver.launchSession(ada, launch)).toMatchObject({ __typename: 'NotAllowed' });
  });

  it('lets nobody leave a line in which he does not stand', async () => {
    const { world, resolver, commands } = given({ ...ended, state: 'requested', licence: null });
    const leave = { session: id, commandId: uuidv7() };
    expect(await resolver.leaveLine(ada, leave)).toMatchObject({ code: 'NotInLine' });
    expect(await resolver.leaveLine({ ...ada, id: 'cid' }, leave)).toMatchObject({
      __typename: 'NotAllowed',
    });
    world.row = { ...world.row!, licence: 'gurobi' };
    await resolver.leaveLine(ada, leave);
    expect(commands).toMatchObject([{ id: 'ROOT:gurobi', command: { type: 'LeaveLine', holder: id } }]);
  });
});

it('says where a session stands in its line, and when its turn may come', () => {
  const place = { licence: 'Gurobi', place: 2, of: 5, taken: 4, seats: 4 };
  const words = 'Waits for a seat of licence Gurobi: place 2 of 5, 4 of 4 taken';
  expect(waitWords(place, null)).toBe(words);
  expect(waitWords({ ...place, taken: 0, seats: 0 }, 60_000)).toContain('0 of 0 taken');
  expect(waitWords(place, 12 * 60_000)).toBe(`${words}; yours is expected in about 6 min`);
});

it('is known to be looked at while it waits for its seat, also after somebody else said otherwise', () => {
  const told: string[] = [];
  const visit = waitingVisit(ada, (type) => told.push(type));
  const row = { state: 'requested', licence: 'gurobi', owner: 'ada', attached: false } as const;
  visit.see({ ...row, licence: null });
  visit.see({ ...row, owner: 'bob' });
  visit.leave();
  expect(told).toEqual([]);
  visit.see(row);
  visit.see({ ...row, attached: true });
  visit.see(row);
  visit.leave();
  expect(told).toEqual(['AttachSession', 'AttachSession', 'DetachSession']);
  visit.see({ ...row, state: 'starting' });
  visit.leave();
  expect(told).toHaveLength(3);
});
