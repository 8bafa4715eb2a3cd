import { beforeEach, describe, expect, it } from '@jest/globals';
import type { NodeEvent } from '@openpro/cluster';
import type { JobEvent } from '@openpro/jobs';
import type { LicenceEvent } from '@openpro/licensing';
import { play, processUnderTest, recorder } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { endIdleSession, IDLE_MS } from './end-idle-session.process.js';
import { endSessionsOfLostNode } from './end-sessions-of-lost-node.process.js';
import { type Cluster, NO_SERVER_MS, placeSession } from './place-session.process.js';
import { session, type SessionCommand, type SessionEvent } from './session.js';

const request = {
  environment: 'ROOT',
  owner: 'ada',
  app: { name: 'cutting', version: '1.0.0', digest: 'a' },
  engine: { name: 'model-ts', version: '1.2.3', digest: 'e' },
};
const requested: SessionEvent = { type: 'SessionRequested', ...request };
const placed = (node: string, nodeEpoch = 1): SessionEvent => ({ type: 'SessionPlaced', node, nodeEpoch });
const ended = (node?: string, nodeEpoch = 1): SessionEvent => ({
  type: 'SessionEnded',
  reason: 'closed',
  ...(node ? { node, nodeEpoch } : {}),
});
const joined = (epoch = 1, roles = ['pro'], more: object = {}): NodeEvent => ({
  type: 'NodeJoined',
  epoch,
  name: 'server',
  roles,
  slots: 2,
  version: '0.1.0',
  isolation: 'plain process',
  ...more,
});
const having = (more: object): NodeEvent => joined(1, ['pro'], more);
const attemptAt = (node: string) => ({ attempt: 1, node, nodeEpoch: 1 });
const jobStarted = (node: string): JobEvent => ({ type: 'JobStarted', ...attemptAt(node) });
const of = { environment: 'ROOT', owner: 'ada', app: 'a', version: '1.0.0', title: 't' };
const jobEnds: readonly JobEvent[] = [
  { type: 'JobCancelled', of, reason: '', ...attemptAt('n1') },
  { type: 'JobFailed', of, error: { code: 'x', message: 'x' }, ...attemptAt('n1') },
  { type: 'JobAbandoned', of, reason: '', ...attemptAt('n1') },
  { type: 'JobRequeued', reason: 'drained', nodeLost: 0, ownCrash: 0, ...attemptAt('n1') },
];
const dead = (epoch = 1): NodeEvent => ({ type: 'NodeDeclaredDead', epoch, reason: 'no heartbeat' });
const drained = (epoch = 1): NodeEvent => ({ type: 'NodeDrainStarted', epoch, reason: '', graceS: 60 });
const resumed = (epoch = 1): NodeEvent => ({ type: 'NodeResumed', epoch });
const left = (epoch = 1): NodeEvent => ({ type: 'NodeLeft', epoch });

let record: ReturnType<typeof recorder>;
beforeEach(() => {
  record = recorder();
});

describe('place-session', () => {
  let process: ReturnType<typeof processUnderTest<unknown, { id: string; command: object }>>;
  const see = (stream: string, event: SessionEvent | NodeEvent | JobEvent | LicenceEvent, at = 0) =>
    process.see(record(stream, event, { at }));
  const place = (id: string, node: string, nodeEpoch = 1) => ({
    to: 'session',
    id,
    command: { type: 'PlaceSession', node, nodeEpoch },
  });

  beforeEach(() => {
    process = processUnderTest(placeSession);
  });

  it('places each session where the fewest are, counting those it has just proposed', () => {
    see('node-n1', joined());
    see('node-n2', joined());
    expect(see('session-a', requested)).toStrictEqual([place('a', 'n1')]);
    expect(see('session-b', requested)).toStrictEqual([place('b', 'n2')]);
    see('session-a', placed('n1'));
    see('session-b', placed('n2'));
    expect(see('session-c', requested)).toStrictEqual([place('c', 'n1')]);
    see('session-b', ended('n2'));
    expect(see('session-d', requested)).toStrictEqual([place('d', 'n2')]);
  });

  it('places by load: four sessions weigh as much as a job, more slots carry more', () => {
    see('node-n1', joined());
    see('node-n2', having({ slots: 8 }));
    see('job-j', jobStarted('n2'));
    expect(see('session-a', requested)).toStrictEqual([place('a', 'n1')]); // 0 of 2 against 1 of 8
    expect(see('session-b', requested)).toStrictEqual([place('b', 'n1')]); // 0.25 of 2 = 1 of 8: by name
    expect(see('session-c', requested)).toStrictEqual([place('c', 'n2')]); // 0.5 of 2 against 1 of 8
  });

  it.each(jobEnds)('gives back the load of a job after $type', (end) => {
    see('node-n1', joined());
    see('node-n2', joined());
    see('job-j', jobStarted('n1'));
    see('job-j', end);
    expect(see('session-a', requested)).toStrictEqual([place('a', 'n1')]);
  });

  it('does not count a job that was cancelled while it waited', () => {
    see('node-n1', joined());
    see('node-n2', joined());
    see('session-a', requested);
    see('job-j', { type: 'JobCancelled', of, reason: '', attempt: null, node: null, nodeEpoch: null });
    expect(see('session-b', requested)).toStrictEqual([place('b', 'n2')]);
  });

  it('places an app only where its labels are, and lets others pass while it waits', () => {
    see('node-n1', joined());
    expect(see('session-a', { ...requested, labels: ['gpu', 'site=berlin'] }, 100)).toStrictEqual([]);
    expect(see('session-b', requested)).toStrictEqual([place('b', 'n1')]);
    see('node-n2', having({ labels: ['gpu'] }));
    expect(see('node-n3', having({ labels: ['gpu', 'site=berlin'] }))).toStrictEqual([place('a', 'n3')]);
    expect(process.nextTimer()).toBeUndefined();
    see('session-c', { ...requested, labels: ['tpu'] }, 100);
    expect(process.advance(100 + NO_SERVER_MS)).toMatchObject([
      { id: 'c', command: { reason: 'no-server', message: expect.stringContaining('tpu') as unknown } },
    ]);
  });

  it('places nothing on a server that drains, until it is resumed, also when it started again', () => {
    see('node-n1', joined());
    see('node-n1', drained(2)); // not this life
    expect(see('session-a', requested)).toStrictEqual([place('a', 'n1')]);
    see('node-n1', drained());
    expect(see('session-b', requested)).toStrictEqual([]);
    expect(see('node-n1', joined(2, ['pro'], { draining: true }))).toStrictEqual([]);
    expect(see('node-n1', resumed(2))).toStrictEqual([place('b', 'n1', 2)]);
    see('node-n1', { type: 'NodeRemoved', epoch: 2, reason: '' });
    expect(see('session-c', requested)).toStrictEqual([]);
  });

  it('never counts below nothing, and places only on servers that take sessions, whatever happens', () => {
    const node = fc.constantFrom('n1', 'n2', 'n3');
    const event = fc.oneof(
      fc.tuple(
        node.map((id) => `node-${id}`),
        fc.constantFrom(
          joined(),
          joined(2),
          having({ labels: ['gpu'] }),
          dead(),
          left(),
          drained(),
          resumed(),
        ),
      ),
      fc.tuple(
        fc.constantFrom('session-a', 'session-b', 'session-c'),
        fc.oneof(
          fc.constantFrom(requested, { ...requested, labels: ['gpu'] }, ended()),
          node.map((id) => placed(id)),
          node.map((id) => ended(id)),
        ),
      ),
      fc.tuple(fc.constant('job-j'), fc.oneof(node.map(jobStarted), fc.constantFrom(...jobEnds))),
    ) as fc.Arbitrary<[string, SessionEvent]>;
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (log) => {
        const tested = processUnderTest(placeSession);
        const records = recorder();
        for (const [stream, one] of log) {
          const commands = tested.see(records(stream, one));
          const servers: Cluster['servers'] =
            (tested.states.get('cluster') as Cluster | undefined)?.servers ?? {};
          for (const { command } of commands as readonly { command: { node: string; nodeEpoch: number } }[])
            expect(servers[command.node]).toMatchObject({ epoch: command.nodeEpoch, draining: false });
          for (const { sessions, jobs } of Object.values(servers))
            expect(Math.min(sessions, jobs)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('places a session that needs a licence once it has its seat, and gives it a server within the usual time', () => {
    const seat: LicenceEvent = {
      ...{ type: 'SeatGranted', kind: 'data', leaseS: 60 },
      ...{ holder: 'a', user: 'ada', device: 'd' },
    };
    see('node-n1', joined());
    expect(see('session-a', { ...requested, licence: 'gurobi' })).toStrictEqual([]);
    expect(process.nextTimer()).toBeUndefined(); // it waits for its seat, not for a server
    expect(see('session-b', requested)).toStrictEqual([place('b', 'n1')]);
    expect(see('licence-ROOT:gurobi', { ...seat, holder: 'other' })).toStrictEqual([]);
    expect(see('licence-ROOT:gurobi', seat)).toStrictEqual([place('a', 'n1')]);
    expect(see('licence-ROOT:gurobi', seat)).toStrictEqual([]);
    see('session-c', { ...requested, licence: 'gurobi', labels: ['gpu'] });
    see('licence-ROOT:gurobi', { ...seat, holder: 'c' }, 500);
    expect(process.nextTimer()).toBe(500 + NO_SERVER_MS);
    see('session-d', { ...requested, licence: 'gurobi' });
    see('session-d', ended());
    expect(see('licence-ROOT:gurobi', { ...seat, holder: 'd' })).toStrictEqual([]);
  });

  it('lets those who wait for a seat be looked for anew when a server is gone', () => {
    see('node-n1', joined());
    see('node-n2', joined());
    see('session-a', requested);
    see('session-b', { ...requested, licence: 'gurobi' });
    const asked = { to: 'session', id: 'b', command: { type: 'DetachSession', waiting: true } };
    expect(see('node-n1', dead())).toStrictEqual([asked]);
    expect(see('node-n2', left())).toStrictEqual([asked]);
  });

  it('places nothing on a server that runs no sessions', () => {
    see('node-n1', joined(1, ['portal', 'proxy']));
    expect(see('session-a', requested)).toStrictEqual([]);
  });

  it('places those who wait, in turn, when a server joins', () => {
    see('session-a', requested);
    see('session-b', requested);
    expect(see('node-n1', joined())).toStrictEqual([place('a', 'n1'), place('b', 'n1')]);
  });

  it('does not place a session that has ended while it waited', () => {
    see('session-a', requested);
    see('session-a', ended());
    expect(see('node-n1', joined())).toStrictEqual([]);
    expect(process.nextTimer()).toBeUndefined();
  });

  it('gives back the place of a session that ended before it got there', () => {
    see('node-n1', joined());
    see('node-n2', joined());
    see('session-a', requested);
    see('session-a', ended());
    expect(see('session-b', requested)).toStrictEqual([place('b', 'n1')]);
  });

  it('forgets a server that died or left, and not the next life of it', () => {
    see('node-n1', joined(1));
    see('node-n1', dead(1));
    expect(see('session-a', requested)).toStrictEqual([]);
    expect(see('node-n1', joined(2))).toStrictEqual([place('a', 'n1', 2)]);
    see('node-n1', dead(1));
    see('node-n2', joined());
    expect(see('session-b', requested)).toStrictEqual([place('b', 'n2')]);
    see('node-n2', left());
    expect(see('session-c', requested)).toStrictEqual([place('c', 'n1', 2)]);
  });

  it('follows the log where a session was placed otherwise than proposed', () => {
    see('node-n1', joined());
    see('node-n2', joined());
    see('session-a', requested);
    see('session-a', placed('n2'));
    expect(see('session-b', requested)).toStrictEqual([place('b', 'n1')]);
  });

  it('ends a session that no server takes, and only such a one', () => {
    see('session-a', requested, 100);
    see('session-b', requested, 200);
    expect(process.nextTimer()).toBe(100 + NO_SERVER_MS);
    expect(process.advance(100 + NO_SERVER_MS)).toStrictEqual([
      {
        to: 'session',
        id: 'a',
        command: {
          type: 'EndSession',
          reason: 'no-server',
          message: 'No server is there that could open it',
        },
      },
    ]);
    expect(see('node-n1', joined())).toStrictEqual([place('b', 'n1')]);
    expect(process.nextTimer()).toBeUndefined();
  });
});

describe('end-idle-session', () => {
  const ready: SessionEvent = { type: 'SessionReady', node: 'n1', nodeEpoch: 1, steps: [] };
  const attached: SessionEvent = { type: 'SessionAttached' };
  const detached: SessionEvent = { type: 'SessionDetached' };
  const after = (...log: readonly (readonly [SessionEvent, number])[]) => {
    const process = processUnderTest(endIdleSession);
    for (const [event, at] of log) expect(process.see(record('session-a', event, { at }))).toStrictEqual([]);
    return process;
  };
  const end = { to: 'session', id: 'a', command: { type: 'EndSession', reason: 'idle' } };

  it('ends a session half an hour after it was left', () => {
    const process = after([ready, 0], [attached, 1], [detached, 2]);
    expect(process.advance(IDLE_MS + 1)).toStrictEqual([]);
    expect(process.advance(IDLE_MS + 2)).toStrictEqual([end]);
  });

  it('ends a session that nobody ever came to', () =>
    expect(after([ready, 5]).advance(IDLE_MS + 5)).toStrictEqual([end]));

  it('leaves a session alone to which somebody came, or came back', () => {
    expect(after([ready, 0], [attached, 1]).nextTimer()).toBeUndefined();
    expect(after([ready, 0], [detached, 1], [attached, 2]).nextTimer()).toBeUndefined();
    expect(after([attached, 0], [ready, 1]).nextTimer()).toBeUndefined();
  });

  it('leaves a session alone that somebody came back to just before the timer', () => {
    const state = { session: 'a', attached: true };
    const fired = { ...record('timer', requested), event: { type: 'TimerFired', timer: 'idle' } as const };
    expect(endIdleSession.react(state, fired)).toStrictEqual({ state });
    expect(endIdleSession.react(undefined, fired)).toStrictEqual({ state: undefined });
  });

  it('counts anew who looks at a session when it is placed', () => {
    expect(after([attached, 0], [placed('n1'), 1], [ready, 2]).nextTimer()).toBe(2 + IDLE_MS);
    expect(after([attached, 0], [detached, 1], [placed('n1'), 2]).nextTimer()).toBeUndefined();
  });

  it('counts from the last time it was left', () =>
    expect(after([ready, 0], [attached, 10], [detached, 20]).nextTimer()).toBe(20 + IDLE_MS));

  it('forgets a session that has ended', () => {
    const process = after([ready, 0], [ended('n1'), 1]);
    expect([process.nextTimer(), process.states.size]).toStrictEqual([undefined, 0]);
  });
});

describe('end-sessions-of-lost-node', () => {
  const lose = (id: string, node = 'n1', nodeEpoch = 1) => ({
    to: 'session',
    id,
    command: { type: 'LoseNode', node, nodeEpoch },
  });
  const after = (...log: readonly (readonly [string, SessionEvent | NodeEvent])[]) => {
    const process = processUnderTest(endSessionsOfLostNode);
    return { process, commands: log.flatMap(([stream, event]) => process.see(record(stream, event))) };
  };

  it('tells every session that lived there, and no other', () => {
    const { commands } = after(
      ['session-a', placed('n1')],
      ['session-b', placed('n1')],
      ['session-c', placed('n1', 2)],
      ['session-d', placed('n2')],
      ['session-b', ended('n1')],
      ['session-e', ended()],
      ['node-n1', dead(1)],
    );
    expect(commands).toStrictEqual([lose('a')]);
  });

  it('tells them when the server leaves, too', () =>
    expect(after(['session-a', placed('n1')], ['node-n1', left()]).commands).toStrictEqual([lose('a')]));

  it('tells once, however often the death is told', () =>
    expect(
      after(['session-a', placed('n1')], ['node-n1', dead()], ['node-n1', dead()]).commands,
    ).toStrictEqual([lose('a')]));

  it('tells a session at once that was placed there after its death', () =>
    expect(
      after(
        ['node-n1', dead()],
        ['session-a', placed('n1')],
        ['session-a', ended('n1')],
        ['session-b', placed('n1')],
      ).commands,
    ).toStrictEqual([lose('a'), lose('b')]));

  it('keeps nothing of a server where nothing runs', () =>
    expect(after(['session-a', placed('n1')], ['session-a', ended('n1')]).process.states.size).toBe(0));

  it('leaves no session on a dead server, whatever the order in which things reach the log', () => {
    const act = fc.oneof(
      fc.record({
        is: fc.constantFrom('place', 'close'),
        id: fc.constantFrom('a', 'b', 'c'),
        node: fc.constantFrom('n1', 'n2'),
      }),
      fc.record({ is: fc.constant('die'), id: fc.constant(''), node: fc.constantFrom('n1', 'n2') }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        const log = recorder();
        const process = processUnderTest(endSessionsOfLostNode);
        const commands = new Map(
          ['a', 'b', 'c'].map((id): [string, SessionCommand[]] => [
            id,
            [{ type: 'RequestSession', ...request }],
          ]),
        );
        const deadNodes = new Set<string>();
        const tell = (id: string, command: SessionCommand): void => {
          const former = commands.get(id) ?? [];
          const before = play(session.decider, former).history.length;
          commands.set(id, [...former, command]);
          const events = play(session.decider, [...former, command]).history.slice(before);
          for (const event of events)
            for (const reaction of process.see(log(`session-${id}`, event)))
              tell(reaction.id, reaction.command as SessionCommand);
        };
        for (const { is, id, node } of acts) {
          if (is === 'place') tell(id, { type: 'PlaceSession', node, nodeEpoch: 1 });
          else if (is === 'close') tell(id, { type: 'EndSession', reason: 'closed' });
          else {
            deadNodes.add(node);
            for (const reaction of process.see(log(`node-${node}`, dead())))
              tell(reaction.id, reaction.command as SessionCommand);
          }
        }
        for (const told of commands.values()) {
          const { state } = play(session.decider, told);
          expect('node' in state && deadNodes.has(state.node)).toBe(false);
        }
      }),
    );
  });
});
