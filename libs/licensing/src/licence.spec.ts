import { describe, expect, it } from '@jest/globals';
import { isRefusal } from '@openpro/kernel';
import { play, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import {
  type Holder,
  type Licence,
  licence,
  type LicenceCommand,
  type LicenceEvent,
  MAX_LINE,
  MAX_SEATS,
  type SeatKind,
  takenOf,
} from './licence.js';
import { licenceList } from './licence-list.projection.js';
import { licenceUse } from './licence-use.projection.js';

const terms = {
  environment: 'ROOT',
  name: 'gurobi',
  title: 'Gurobi',
  dataSeats: 1,
  optimizationSeats: 1,
  holdS: 60,
  leaseS: 30,
  users: [] as readonly string[],
  reason: '',
};
const defined = (change: Partial<typeof terms> = {}): LicenceEvent => ({
  type: 'LicenceDefined',
  ...terms,
  ...change,
});
/** Based on the first version, which most histories here have. */
const define = (change: object = {}): LicenceCommand => ({
  type: 'DefineLicence',
  basedOn: 1,
  ...terms,
  ...change,
});

/** A session of a user on a device. */
const of = (holder: string, user = holder, device: string | null = `${user}'s`): Holder => ({
  holder,
  user,
  device,
});
const request = (who: Holder, kind: SeatKind = 'data'): LicenceCommand => ({
  type: 'RequestSeat',
  kind,
  ...who,
});
const queued = (who: Holder): LicenceEvent => ({ type: 'SeatQueued', kind: 'data', holdS: 60, ...who });
const granted = (who: Holder, kind: SeatKind = 'data'): LicenceEvent => ({
  type: 'SeatGranted',
  kind,
  leaseS: 30,
  ...who,
});
const released = (holder: string, kind: SeatKind = 'data'): LicenceEvent => ({
  type: 'SeatReleased',
  kind,
  holder,
});
const expired = (holder: string, kind: SeatKind): LicenceEvent => ({ type: 'SeatExpired', kind, holder });
const freed = (holder: string, kind: SeatKind = 'data', reason = ''): LicenceEvent => ({
  type: 'SeatFreed',
  kind,
  holder,
  reason,
});
const left = (holder: string, reason: (LicenceEvent & { type: 'LineLeft' })['reason']): LicenceEvent => ({
  type: 'LineLeft',
  kind: 'data',
  holder,
  reason,
});

const [a, b, c] = [of('a'), of('b'), of('c')];
const attempt = of('job:1', 'ada', null);
const another = of('other:1', 'bob', null);

/** `a` has the one data seat, `b` and `c` wait. */
const full = [defined(), granted(a), queued(b), queued(c)];

describe('a licence', () => {
  const given = specFor(licence.decider);

  it('is defined, and defined anew, with the reason', () => {
    given()
      .when(define({ basedOn: 0 }))
      .then(defined());
    given(defined())
      .when(define({ dataSeats: 4, reason: 'bought three' }))
      .then(defined({ dataSeats: 4, reason: 'bought three' }));
  });

  it('is not changed by who has not seen what holds', () => {
    given().when(define()).thenRefused('LicenceChanged');
    given(defined())
      .when(define({ basedOn: 0 }))
      .thenRefused('LicenceChanged');
    given(defined(), granted(a), defined({ dataSeats: 4 }))
      .when(define())
      .thenRefused('LicenceChanged', { field: 'basedOn', limit: 'version 2' });
    given(defined(), granted(a), defined({ dataSeats: 4 }))
      .when(define({ basedOn: 2 }))
      .then(defined());
  });

  it.each<[string, object, string]>([
    ['a name with a space', { name: 'Gurobi 12' }, 'name'],
    ['no title', { title: '' }, 'title'],
    ['fewer seats than none', { dataSeats: -1 }, 'dataSeats'],
    ['too many seats', { dataSeats: MAX_SEATS + 1 }, 'dataSeats'],
    ['half a seat', { optimizationSeats: 1.5 }, 'optimizationSeats'],
    ['no hold', { holdS: 0 }, 'holdS'],
    ['a lease too short to start in', { leaseS: 9 }, 'leaseS'],
    ['a user without a name', { users: [''] }, 'users'],
    ['1,001 users', { users: Array.from({ length: 1001 }, (_, i) => `u${i}`) }, 'users'],
    ['a long reason', { reason: 'x'.repeat(501) }, 'reason'],
  ])('is not defined with %s', (_, change, field) => {
    given().when(define(change)).thenRefused('BadInput', { field });
  });

  it('must be defined before anybody uses it', () => {
    given().when(request(a)).thenRefused('NoSuchLicence');
    given().when({ type: 'ReleaseSeat', holder: 'a' }).thenRefused('NoSuchLicence');
  });

  it('gives a seat to who comes first, and a place in the line to the others', () => {
    given(defined()).when(request(a)).then(granted(a));
    given(defined(), granted(a)).when(request(b)).then(queued(b));
  });

  it('hears a request once', () => {
    given(...full)
      .when(request(a))
      .then();
    given(...full)
      .when(request(b))
      .then();
  });

  it('counts the sessions of one user on one device as one seat', () => {
    const second = of('a2', 'a');
    const elsewhere = of('a3', 'a', 'phone');
    given(...full)
      .when(request(second))
      .then(granted(second));
    given(...full)
      .when(request(elsewhere))
      .then(queued(elsewhere));
    given(...full, granted(second))
      .when({ type: 'ReleaseSeat', holder: 'a' })
      .then(released('a'));
    given(...full, granted(second), released('a'))
      .when({ type: 'ReleaseSeat', holder: 'a2' })
      .then(released('a2'), granted(b));
  });

  it('gives a seat that becomes free to the next in line, with all of his sessions, in the same append', () => {
    const second = of('b2', 'b');
    given(...full, queued(second))
      .when({ type: 'ReleaseSeat', holder: 'a' })
      .then(released('a'), granted(b), granted(second));
  });

  it('lets go who leaves the line, and who ends while he waits', () => {
    given(...full)
      .when({ type: 'LeaveLine', holder: 'b' })
      .then(left('b', 'left'));
    given(...full)
      .when({ type: 'ReleaseSeat', holder: 'b' })
      .then(left('b', 'ended'));
    given(...full)
      .when({ type: 'LeaveLine', holder: 'a' })
      .thenRefused('HasItsSeat');
    given(...full)
      .when({ type: 'LeaveLine', holder: 'z' })
      .thenRefused('NotInLine');
  });

  it('does not mind to be told twice, or late', () => {
    given(...full)
      .when({ type: 'ReleaseSeat', holder: 'z' })
      .then();
    given(...full)
      .when({ type: 'ExpireSeat', holder: 'z' })
      .then();
    given(...full)
      .when({ type: 'ExpireSeat', holder: 'b' })
      .then();
  });

  it('gives attempts seats of their own, and no line: their jobs wait in the queue', () => {
    const [one, two] = [granted(attempt, 'optimization'), granted(another, 'optimization')];
    given(...full)
      .when(request(attempt, 'optimization'))
      .then(one);
    given(defined(), one).when(request(another, 'optimization')).thenRefused('NoSeatFree');
    given(defined(), one)
      .when({ type: 'ReleaseSeat', holder: 'job:1' })
      .then(released('job:1', 'optimization'));
    given(defined(), one)
      .when({ type: 'ExpireSeat', holder: 'job:1' })
      .then(expired('job:1', 'optimization'));
    given(defined(), one, expired('job:1', 'optimization')).when(request(another, 'optimization')).then(two);
  });

  it('is only for those who are named', () => {
    const closed = defined({ users: ['ada', 'a'] });
    given(closed).when(request(a)).then(granted(a));
    given(closed).when(request(b)).then(left('b', 'not-allowed'));
    given(closed).when(request(another, 'optimization')).thenRefused('NotAllowed');
    given(...full)
      .when(define({ users: ['a', 'c'] }))
      .then(defined({ users: ['a', 'c'] }), left('b', 'not-allowed'));
  });

  it('gives more seats at once to who waits', () => {
    given(...full)
      .when(define({ dataSeats: 2 }))
      .then(defined({ dataSeats: 2 }), granted(b));
  });

  it('takes nothing away when there are fewer seats, and grants nothing until it fits', () => {
    const two = [defined({ dataSeats: 2 }), granted(a), granted(b), queued(c)];
    given(...two)
      .when(define())
      .then(defined());
    given(...two, defined())
      .when({ type: 'ReleaseSeat', holder: 'a' })
      .then(released('a'));
    given(...two, defined(), released('a'))
      .when({ type: 'ReleaseSeat', holder: 'b' })
      .then(released('b'), granted(c));
  });

  it('has a seat freed by an administrator, with all who share it', () => {
    const second = of('a2', 'a');
    given(...full, granted(second))
      .when({ type: 'FreeSeat', holder: 'a', reason: 'holiday' })
      .then(freed('a', 'data', 'holiday'), freed('a2', 'data', 'holiday'), granted(b));
    given(defined(), granted(attempt, 'optimization'))
      .when({ type: 'FreeSeat', holder: 'job:1', reason: '' })
      .then(freed('job:1', 'optimization'));
    given(...full)
      .when({ type: 'FreeSeat', holder: 'b', reason: '' })
      .thenRefused('NoSuchSeat');
    given(...full)
      .when({ type: 'FreeSeat', holder: 'a', reason: 'x'.repeat(501) })
      .thenRefused('BadInput', { field: 'reason' });
  });

  it('has a line that ends somewhere', () => {
    const line = Array.from({ length: MAX_LINE }, (_, i) => queued(of(`w${i}`)));
    given(defined(), granted(a), ...line)
      .when(request(b))
      .then(left('b', 'line-full'));
  });
});

const people = ['ada', 'bob', 'cid'].flatMap((user) =>
  ['phone', 'desk'].flatMap((device) => [1, 2].map((n) => of(`${user}-${device}-${n}`, user, device))),
);
const attempts = [1, 2, 3, 4].map((n) => of(`job:${n}`, 'ada', null));
const someone = fc.constantFrom(...[...people, ...attempts].map(({ holder }) => holder));
const seats = fc.integer({ min: 0, max: 3 });

const anyCommand: fc.Arbitrary<LicenceCommand> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...people).map((who) => request(who)) },
  { weight: 3, arbitrary: fc.constantFrom(...attempts).map((who) => request(who, 'optimization')) },
  { weight: 5, arbitrary: someone.map((holder) => ({ type: 'ReleaseSeat', holder }) as const) },
  { weight: 1, arbitrary: someone.map((holder) => ({ type: 'LeaveLine', holder }) as const) },
  { weight: 1, arbitrary: someone.map((holder) => ({ type: 'ExpireSeat', holder }) as const) },
  { weight: 1, arbitrary: someone.map((holder) => ({ type: 'FreeSeat', holder, reason: '' }) as const) },
  {
    weight: 1,
    arbitrary: fc
      .record({
        dataSeats: seats,
        optimizationSeats: seats,
        users: fc.constantFrom<readonly string[]>([], [], ['ada', 'bob']),
      })
      .map(define),
  },
);

/** As who has seen what holds. */
const seeing = (command: LicenceCommand, now: Licence): LicenceCommand =>
  command.type === 'DefineLicence' && now.is === 'defined' ? { ...command, basedOn: now.version } : command;

/** What must hold wherever one looks into the log, and what must hold between two appends. */
const check = (before: Licence, events: readonly LicenceEvent[]): Licence => {
  let now = before;
  for (const event of events) {
    const was = now;
    now = licence.decider.evolve(now, event);
    if (now.is === 'undefined') throw new Error('It is defined');
    if (event.type !== 'SeatGranted' || was.is === 'undefined') continue;
    const [taken, had] = [takenOf(now[event.kind].held), takenOf(was[event.kind].held)];
    const most = event.kind === 'data' ? now.terms.dataSeats : now.terms.optimizationSeats;
    expect(taken <= most || taken === had).toBe(true); // who shares a seat takes none
    // First come, first served: only who shares a seat passes others.
    const waited = was.data.line.findIndex(({ holder }) => holder === event.holder);
    if (event.kind === 'data' && taken > had) expect(waited).toBeLessThanOrEqual(0);
    if (event.kind === 'data' && taken > had && waited < 0) expect(was.data.line).toStrictEqual([]);
  }
  if (now.is === 'defined' && now.data.line.length > 0)
    expect(takenOf(now.data.held)).toBeGreaterThanOrEqual(now.terms.dataSeats); // nobody waits beside a free seat
  return now;
};

describe('whatever happens to a licence', () => {
  it('seats are never exceeded, the line is first come first served, nobody waits beside a free seat', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60, size: 'max' }), (commands) => {
        let state = check(licence.decider.initial, [defined({ dataSeats: 2 })]);
        for (const command of commands) {
          const outcome = licence.decider.decide(seeing(command, state), state);
          if (!isRefusal(outcome)) state = check(state, outcome);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('racing servers oversell nothing: what was decided on an old version conflicts, and is decided again', () => {
    const race = fc.record({ server: fc.nat(2), command: anyCommand, reads: fc.boolean() });
    fc.assert(
      fc.property(fc.array(race, { maxLength: 60, size: 'max' }), (steps) => {
        const log: LicenceEvent[] = [];
        let truth = licence.decider.initial;
        const append = (expected: number, events: readonly LicenceEvent[]): boolean => {
          if (expected !== log.length) return false;
          log.push(...events);
          truth = check(truth, events);
          return true;
        };
        append(0, [defined({ dataSeats: 2 })]);
        const servers = Array.from({ length: 3 }, () => ({ version: 0, state: licence.decider.initial }));
        const read = (server: { version: number; state: Licence }) => {
          server.state = log.slice(server.version).reduce(licence.decider.evolve, server.state);
          server.version = log.length;
        };
        for (const { server: which, command, reads } of steps) {
          const server = servers[which]!;
          if (reads) read(server);
          for (let decided = false; !decided;) {
            const outcome = licence.decider.decide(seeing(command, server.state), server.state);
            const events = isRefusal(outcome) ? [] : outcome;
            decided = events.length === 0 || append(server.version, events);
            if (!decided) read(server);
          }
        }
        const uses = project(licenceUse, asLogged(log));
        if (truth.is === 'undefined') throw new Error('It is defined');
        expect(JSON.parse(JSON.stringify(truth))).toStrictEqual(truth); // so it comes back from a snapshot
        const [row] = project(licenceList, asLogged(log)).values();
        expect(row?.version).toBe(truth.version); // what a change is based on
        const held = [...truth.data.held, ...truth.optimization.held].map(({ holder }) => holder);
        const line = truth.data.line.map(({ holder }) => holder);
        const rows = [...uses.values()];
        const ids = (state: string) => rows.filter((row) => row.state === state).map(({ id }) => id);
        expect(ids('held').sort()).toStrictEqual(held.sort()); // holder of nothing holds nothing
        const waiting = rows.filter(({ state }) => state === 'waiting').sort((x, y) => x.turn - y.turn);
        expect(waiting.map(({ id }) => id)).toStrictEqual(line);
      }),
      { numRuns: 300 },
    );
  });

  it('nothing is held when everybody has given back', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 60, size: 'max' }), (commands) => {
        const ends = [...people, ...attempts].map(({ holder }) => ({ type: 'ReleaseSeat', holder }) as const);
        let version = 0;
        const defining = [define(), ...commands].map((command) =>
          command.type === 'DefineLicence' ? { ...command, basedOn: version++ } : command,
        );
        // Twice: who waited may have got his seat by the first.
        const { state } = play(licence.decider, [...defining, ...ends, ...ends]);
        expect(state).toMatchObject({ data: { held: [], line: [] }, optimization: { held: [], line: [] } });
      }),
    );
  });
});

const asLogged = (events: readonly LicenceEvent[]) => {
  const record = recorder();
  return events.map((event) => record('licence-ROOT:gurobi', event));
};

describe('the lists', () => {
  it('say what was defined last, by whom and why', () => {
    const rows = project(
      licenceList,
      asLogged([defined(), granted(a), defined({ dataSeats: 3, reason: 'more' })]),
    );
    expect([...rows.values()]).toStrictEqual([
      {
        id: 'ROOT:gurobi',
        environment: 'ROOT',
        name: 'gurobi',
        title: 'Gurobi',
        data_seats: 3,
        optimization_seats: 1,
        hold_s: 60,
        lease_s: 30,
        users: [],
        reason: 'more',
        version: 2,
        defined_at: 3000,
        defined_by: 'ada',
      },
    ]);
  });

  it('say who holds what since when, and who waits since when', () => {
    const common = { licence: 'ROOT:gurobi', kind: 'data' };
    const rows = project(licenceUse, asLogged([...full, released('a'), granted(b)]));
    expect([...rows.values()]).toStrictEqual([
      { ...common, id: 'b', owner: 'b', device: "b's", state: 'held', turn: 6, since: 6000, waited_ms: 3000 },
      {
        ...common,
        id: 'c',
        owner: 'c',
        device: "c's",
        state: 'waiting',
        turn: 4,
        since: 4000,
        waited_ms: null,
      },
    ]);
    expect(
      project(licenceUse, asLogged([...full, released('a'), granted(b), freed('b'), left('c', 'left')])),
    ).toEqual(new Map());
    const [seat] = project(licenceUse, asLogged([defined(), granted(attempt, 'optimization')])).values();
    expect(seat).toMatchObject({ kind: 'optimization', device: 'job:1', state: 'held', waited_ms: 0 });
  });
});
