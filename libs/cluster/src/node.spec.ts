import { describe, expect, it } from '@jest/globals';
import { play, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { node, type NodeCommand, type NodeEvent } from './node.js';
import { nodeList } from './node-list.projection.js';

const server = {
  name: 'server-1',
  roles: ['portal', 'pro'],
  slots: 2,
  version: '0.1.0',
  isolation: 'plain process',
};
const HASH = 'a'.repeat(64);
const KEY = 'c'.repeat(64);
const invitation = { name: 'server-1', roles: ['portal', 'pro'], tokenHash: HASH, expiresAt: 1000 };

const given = specFor(node.decider);
const invite: NodeCommand = { type: 'InviteNode', ...invitation };
const admit = (change: object = {}): NodeCommand => ({
  type: 'AdmitNode',
  tokenHash: HASH,
  name: 'server-1',
  key: KEY,
  now: 999,
  ...change,
});
const join: NodeCommand = { type: 'JoinNode', ...server };
const drain = (graceS = 300, reason = 'new disk'): NodeCommand => ({ type: 'DrainNode', reason, graceS });
const resume: NodeCommand = { type: 'ResumeNode' };
const remove = ({ force = false, working = 0 } = {}): NodeCommand => ({
  type: 'RemoveNode',
  reason: 'sold',
  force,
  working,
});

const invited: NodeEvent = { type: 'NodeInvited', ...invitation };
const admitted: NodeEvent = { type: 'NodeAdmitted', name: 'server-1', roles: ['portal', 'pro'], key: KEY };
const joined = (epoch: number, more: object = {}): NodeEvent => ({
  type: 'NodeJoined',
  epoch,
  ...server,
  ...more,
});
const dead = (epoch: number, reason = 'no heartbeat'): NodeEvent => ({
  type: 'NodeDeclaredDead',
  epoch,
  reason,
});
const left = (epoch: number): NodeEvent => ({ type: 'NodeLeft', epoch });
const draining = (epoch: number, graceS = 300, reason = 'new disk'): NodeEvent => ({
  type: 'NodeDrainStarted',
  epoch,
  reason,
  graceS,
});
const resumed = (epoch: number): NodeEvent => ({ type: 'NodeResumed', epoch });
const removed = (epoch: number): NodeEvent => ({ type: 'NodeRemoved', epoch, reason: 'sold' });
const taken = 'The server was removed from the cluster';

describe('a server', () => {
  it('gets a higher epoch each time it joins', () => {
    given().when(join).then(joined(1));
    given(joined(1), dead(1)).when(join).then(joined(2));
    given(joined(1), left(1)).when(join).then(joined(2));
  });

  it('that joins again before anybody noticed its end is declared dead in the same append', () =>
    given(joined(1)).when(join).then(dead(1, 'The server started again'), joined(2)));

  it('is declared dead once, for the epoch that was meant', () => {
    const declare = (epoch: number): NodeCommand => ({ type: 'DeclareDead', epoch, reason: 'no heartbeat' });
    given().when(declare(1)).thenRefused('NoSuchNode');
    given(joined(1)).when(declare(1)).then(dead(1));
    given(joined(1), dead(1)).when(declare(1)).then();
    given(joined(1), left(1)).when(declare(1)).then();
    given(joined(1), dead(1), joined(2)).when(declare(1)).then();
    given(joined(1), dead(1), removed(1)).when(declare(1)).then();
  });

  it('leaves once, and not after it was declared dead', () => {
    const leave: NodeCommand = { type: 'LeaveNode', epoch: 1 };
    given().when(leave).thenRefused('NoSuchNode');
    given(joined(1)).when(leave).then(left(1));
    given(joined(1), left(1)).when(leave).then();
    given(joined(1), dead(1)).when(leave).then();
    given(joined(1), dead(1), joined(2)).when(leave).then();
  });

  it('says what it has that others have not', () =>
    given()
      .when({ type: 'JoinNode', ...server, labels: ['gpu', 'site=berlin'] })
      .then(joined(1, { labels: ['gpu', 'site=berlin'] })));

  it.each([
    ['name', { name: '' }],
    ['roles', { roles: ['pro', 'king'] }],
    ['slots', { slots: -1 }],
    ['slots', { slots: 1025 }],
    ['version', { version: 'a\nb' }],
    ['isolation', { isolation: '' }],
    ['labels', { labels: ['two words'] }],
    ['labels', { labels: ['a=b=c'] }],
    ['labels', { labels: ['x'.repeat(64)] }],
    ['labels', { labels: ['gpu', 'gpu'] }],
    ['labels', { labels: Array.from({ length: 33 }, (_, i) => `l${i}`) }],
  ])('is refused with a wrong %s: %j', (field, change) =>
    given()
      .when({ type: 'JoinNode', ...server, ...change })
      .thenRefused('BadInput', { field }),
  );
});

describe('an invitation', () => {
  it('is for a server that does not take part, also for one that did', () => {
    given().when(invite).then(invited);
    for (const before of [[invited], [invited, admitted], [joined(1), dead(1)], [joined(1), left(1)]])
      given(...before)
        .when(invite)
        .then(invited);
    given(joined(1)).when(invite).thenRefused('NodeExists');
    given(joined(1), removed(1)).when(invite).thenRefused('NodeRemoved');
  });

  it('lets a server come back under its id, with another key, and costs it nothing until then', () => {
    const other = 'd'.repeat(64);
    const off = [invited, admitted, joined(1), draining(1), left(1), invited];
    given(...off)
      .when(join)
      .then(joined(2, { draining: true }));
    given(...off)
      .when(admit({ key: other }))
      .then({ ...admitted, key: other });
    given(...off, { ...admitted, key: other })
      .when(join)
      .then(joined(2, { draining: true }));
    given(...off, { ...admitted, key: other })
      .when(admit())
      .thenRefused('TokenNotValid');
  });

  it('says as what the server may join: as that or less', () => {
    given(invited, admitted)
      .when({ ...join, roles: ['portal'] })
      .then(joined(1, { roles: ['portal'] }));
    given(invited, admitted)
      .when({ ...join, roles: ['proxy', 'pro'] })
      .thenRefused('NotAdmitted', { message: 'This server was admitted as portal, pro, not as proxy' });
    given(invited, admitted, joined(1), left(1))
      .when({ ...join, name: 'server-2' })
      .thenRefused('NotAdmitted', { message: 'This server was admitted as "server-1", not as "server-2"' });
  });

  it.each([
    ['name', { name: ' ' }],
    ['roles', { roles: ['king'] }],
    ['tokenHash', { tokenHash: 'secret' }],
    ['expiresAt', { expiresAt: -1 }],
  ])('is refused with a wrong %s: %j', (field, change) =>
    given()
      .when({ type: 'InviteNode', ...invitation, ...change })
      .thenRefused('BadInput', { field }),
  );

  it('lets the server in once, that it was made for, before it expires', () => {
    const no = (message: string) => ['TokenNotValid', { message: `This token ${message}` }] as const;
    given(invited).when(admit()).then(admitted);
    for (const before of [
      [invited, admitted],
      [invited, admitted, joined(1)],
    ]) {
      given(...before)
        .when(admit())
        .then(); // its answer was lost
      given(...before)
        .when(admit({ now: 1000 }))
        .thenRefused(...no('has expired'));
      given(...before)
        .when(admit({ key: 'd'.repeat(64) }))
        .thenRefused(...no('has been used already'));
    }
    given(invited, { type: 'NodeAdmitted', name: 'server-1', roles: ['pro'] }) // before keys were kept
      .when(admit())
      .thenRefused(...no('has been used already'));
    given(invited, admitted, removed(0))
      .when(admit())
      .thenRefused(...no('was withdrawn'));
    given(invited)
      .when(admit({ key: 'mine' }))
      .thenRefused('BadInput', { field: 'key' });
    given(invited)
      .when(admit({ now: 1000 }))
      .thenRefused(...no('has expired'));
    given(invited)
      .when(admit({ name: 'server-2' }))
      .thenRefused(...no('is for another server, "server-1"'));
    given(invited)
      .when(admit({ tokenHash: 'b'.repeat(64) }))
      .thenRefused(...no('is not known here'));
    given()
      .when(admit())
      .thenRefused(...no('is not known here'));
    given(invited, removed(0))
      .when(admit())
      .thenRefused(...no('was withdrawn'));
  });

  it('must be used before the server joins', () => {
    given(invited).when(join).thenRefused('NotAdmitted');
    given(invited, admitted).when(join).then(joined(1));
  });

  it('can be withdrawn, also by who has not said that anything may be lost', () =>
    given(invited).when(remove()).then(removed(0)));
});

describe('a server that is drained', () => {
  it('takes no new work until it is resumed', () => {
    given(joined(1)).when(drain()).then(draining(1));
    given(joined(1), draining(1)).when(resume).then(resumed(1));
    given(joined(1)).when(resume).then();
    given(joined(1), draining(1), resumed(1)).when(resume).then();
    given(joined(1), draining(1), resumed(1)).when(drain()).then(draining(1));
  });

  it('can be told another grace time, or the same one again', () => {
    given(joined(1), draining(1)).when(drain()).then();
    given(joined(1), draining(1)).when(drain(0)).then(draining(1, 0));
    given(joined(1), draining(1))
      .when(drain(300, 'fire'))
      .then(draining(1, 300, 'fire'));
  });

  it('goes on draining after a restart, until it is resumed', () => {
    given(joined(1), draining(1), left(1))
      .when(join)
      .then(joined(2, { draining: true }));
    given(joined(1), draining(1))
      .when(join)
      .then(dead(1, 'The server started again'), joined(2, { draining: true }));
    given(joined(1), draining(1), left(1), joined(2, { draining: true }))
      .when(resume)
      .then(resumed(2));
    given(joined(1), draining(1), left(1), resumed(1)).when(join).then(joined(2));
  });

  it('may be down: then it gets no work when it is back', () => {
    given(joined(1), dead(1)).when(drain()).then(draining(1));
    given(joined(1), left(1), draining(1)).when(resume).then(resumed(1));
  });

  it('is one that has joined and was not removed', () => {
    for (const command of [drain(), resume]) {
      given().when(command).thenRefused('NoSuchNode');
      given(invited).when(command).thenRefused('NotJoined');
      given(invited, admitted).when(command).thenRefused('NotJoined');
      given(joined(1), left(1), removed(1)).when(command).thenRefused('NodeRemoved');
    }
  });

  it.each([
    ['graceS', drain(-1)],
    ['graceS', drain(86_401)],
    ['graceS', drain(0.5)],
    ['reason', drain(0, 'x'.repeat(501))],
  ])('is not with a wrong %s: %j', (field, command) =>
    given(joined(1)).when(command).thenRefused('BadInput', { field }),
  );
});

describe('a server that is removed', () => {
  it('has been drained before, or is taken out by force', () => {
    given(joined(1)).when(remove()).thenRefused('StillWorking');
    given(joined(1), draining(1))
      .when(remove({ working: 1 }))
      .thenRefused('StillWorking');
    given(joined(1), draining(1)).when(remove()).then(dead(1, taken), removed(1));
    given(joined(1))
      .when(remove({ force: true, working: 3 }))
      .then(dead(1, taken), removed(1));
    given(joined(2), dead(2)).when(remove()).then(removed(2));
    given(joined(2), left(2)).when(remove()).then(removed(2));
  });

  it('never joins again', () => {
    given(joined(1), left(1), removed(1))
      .when(join)
      .thenRefused('NodeRemoved', { message: 'This server was removed from the cluster' });
    given(joined(1), left(1), removed(1)).when(remove()).then();
    given().when(remove()).thenRefused('NoSuchNode');
  });

  it('is not without a fit reason', () =>
    given(joined(1), left(1))
      .when({ type: 'RemoveNode', reason: 'a\u0000b', force: false, working: 0 })
      .thenRefused('BadInput', { field: 'reason' }));
});

describe('whatever is commanded to a server', () => {
  const epoch = fc.integer({ min: 1, max: 6 });
  const command: fc.Arbitrary<NodeCommand> = fc.oneof(
    { weight: 4, arbitrary: fc.constant(join) },
    epoch.map((epoch): NodeCommand => ({ type: 'DeclareDead', epoch, reason: 'x' })),
    epoch.map((epoch): NodeCommand => ({ type: 'LeaveNode', epoch })),
    fc.constantFrom(invite, resume, drain(), drain(0)),
    fc
      .record({ now: fc.integer({ min: 990, max: 1003 }), key: fc.constantFrom(KEY, 'd'.repeat(64)) })
      .map((how) => admit(how)),
    fc.record({ force: fc.boolean(), working: fc.integer({ min: 0, max: 2 }) }).map((how) => remove(how)),
  );
  const histories = fc
    .array(command, { maxLength: 30 })
    .map((commands) => play(node.decider, commands).history);

  it('it has one life per epoch: epochs grow by one, and each ends at most once before the next begins', () =>
    fc.assert(
      fc.property(histories, (history) => {
        const lives = history.flatMap((event) =>
          event.type === 'NodeJoined'
            ? [`begin ${event.epoch}`]
            : event.type === 'NodeDeclaredDead' || event.type === 'NodeLeft'
              ? [`end ${event.epoch}`]
              : [],
        );
        const expected = lives.map((_, i) => `${i % 2 ? 'end' : 'begin'} ${Math.floor(i / 2) + 1}`);
        expect(lives).toStrictEqual(expected);
      }),
    ));

  it('nothing happens after its removal, and it is not alive then', () =>
    fc.assert(
      fc.property(histories, (history) => {
        const end = history.findIndex(({ type }) => type === 'NodeRemoved');
        if (end < 0) return;
        expect(history).toHaveLength(end + 1);
        const begun = history.filter(({ type }) => type === 'NodeJoined').length;
        const ended = history.filter(({ type }) => type === 'NodeDeclaredDead' || type === 'NodeLeft').length;
        expect(begun).toBe(ended);
      }),
    ));

  it('each invitation lets in one key at most', () =>
    fc.assert(
      fc.property(histories, (history) => {
        let open = 0;
        for (const { type } of history)
          if (type === 'NodeInvited') open = 1;
          else if (type === 'NodeAdmitted') expect(--open).toBe(0);
      }),
    ));

  it('it says at each start whether it drains, as the read model does', () =>
    fc.assert(
      fc.property(histories, (history) => {
        let drains = false;
        for (const event of history) {
          if (event.type === 'NodeDrainStarted') drains = true;
          if (event.type === 'NodeResumed') drains = false;
          if (event.type === 'NodeJoined') expect(event.draining ?? false).toBe(drains);
        }
        const record = recorder();
        const row = project(
          nodeList,
          history.map((event) => record('node-n1', event)),
        ).get('n1');
        if (row && row.state !== 'removed') expect(row.draining).toBe(drains);
      }),
    ));
});

describe('the list of servers', () => {
  const record = recorder();
  const row = (...log: readonly NodeEvent[]) =>
    project(
      nodeList,
      log.map((event) => record('node-n1', event, { at: 4 })),
    ).get('n1');
  const undrained = { draining: false, drain_reason: null, drain_until: null };
  const unlimited = { memory_mib: null, cores: null };
  const base = { id: 'n1', ...server, labels: [], ...undrained, link: null, joined_at: 4, ...unlimited };

  it('has the last life of each', () => {
    expect(row(joined(1))).toStrictEqual({ ...base, state: 'joined', epoch: 1 });
    expect(row(joined(1), left(1))).toStrictEqual({ ...base, state: 'left', epoch: 1 });
    expect(row(joined(1), dead(1), joined(2), dead(2))).toStrictEqual({ ...base, state: 'dead', epoch: 2 });
    expect(row(joined(1, { labels: ['gpu'] }))).toMatchObject({ labels: ['gpu'] });
  });

  it('has those that were invited', () => {
    const expected = { ...base, state: 'invited', epoch: 0 };
    const nothing = { slots: 0, version: '', isolation: '', joined_at: null };
    expect(row(invited)).toStrictEqual({ ...expected, ...nothing, ...unlimited });
    expect(row(invited, admitted)).toStrictEqual({ ...expected, ...nothing, ...unlimited });
    expect(row(invited, admitted, joined(1))).toStrictEqual({ ...base, state: 'joined', epoch: 1 });
    expect(row(joined(1), left(1), invited, admitted)).toStrictEqual({ ...base, state: 'left', epoch: 1 });
  });

  it('says who drains, why and until when, also after a restart', () => {
    const drains = { draining: true, drain_reason: 'new disk', drain_until: 300_004 };
    expect(row(joined(1), draining(1))).toStrictEqual({ ...base, ...drains, state: 'joined', epoch: 1 });
    expect(row(joined(1), draining(1), left(1), joined(2, { draining: true }))).toStrictEqual({
      ...base,
      ...drains,
      state: 'joined',
      epoch: 2,
    });
    expect(row(joined(1), draining(1), resumed(1))).toStrictEqual({ ...base, state: 'joined', epoch: 1 });
  });

  it('keeps the name of those that were removed', () => {
    expect(row(joined(1), draining(1), dead(1), removed(1))).toStrictEqual({
      ...base,
      state: 'removed',
      epoch: 1,
    });
  });
});
