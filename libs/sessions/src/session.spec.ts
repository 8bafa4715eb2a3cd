import { describe, expect, it } from '@jest/globals';
import { play, project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { type EndReason, session, type SessionCommand, type SessionEvent } from './session.js';
import { sessionList } from './session-list.projection.js';

const request = {
  environment: 'ROOT',
  owner: 'ada',
  app: { name: 'cutting', version: '1.0.0', digest: 'a' },
  engine: { name: 'model-ts', version: '1.2.3', digest: 'e' },
};
const here = { node: 'n1', nodeEpoch: 1 };
const elsewhere = { node: 'n2', nodeEpoch: 1 };
const laterLife = { node: 'n1', nodeEpoch: 2 };
const steps = [{ name: 'app', ms: 40 }];
const digest = 'd'.repeat(64);

const requested: SessionEvent = { type: 'SessionRequested', ...request };
const placed: SessionEvent = { type: 'SessionPlaced', ...here };
const ready: SessionEvent = { type: 'SessionReady', ...here, steps };
const attached: SessionEvent = { type: 'SessionAttached' };
const detached: SessionEvent = { type: 'SessionDetached' };
const ended = (reason: EndReason, change: object = here): SessionEvent => ({
  type: 'SessionEnded',
  reason,
  ...change,
});

const starting = [requested, placed];
const open = [requested, placed, ready];
const over = [...open, ended('closed')];

describe('a session', () => {
  const given = specFor(session.decider);

  it('is requested once', () => {
    given()
      .when({ type: 'RequestSession', ...request })
      .then(requested);
    given(requested)
      .when({ type: 'RequestSession', ...request })
      .thenRefused('SessionExists');
  });

  it('is placed once', () => {
    given(requested)
      .when({ type: 'PlaceSession', ...here })
      .then(placed);
    given(...starting)
      .when({ type: 'PlaceSession', ...elsewhere })
      .then();
    given(...open)
      .when({ type: 'PlaceSession', ...here })
      .then();
  });

  it('says at its place from which server it comes, when it is opened again', () => {
    const restores = { session: 's0', digest, node: 'n2' };
    given({ ...requested, restores } as SessionEvent)
      .when({ type: 'PlaceSession', ...here })
      .then({ ...placed, from: 'n2' } as SessionEvent);
    given({ ...requested, restores: { session: 's0', digest } } as SessionEvent)
      .when({ type: 'PlaceSession', ...here })
      .then(placed);
  });

  it('becomes ready on the server where it was placed, once', () => {
    given(...starting)
      .when({ type: 'ReportReady', ...here, steps })
      .then(ready);
    given(...open)
      .when({ type: 'ReportReady', ...here, steps })
      .then();
  });

  it('is attached and detached, as often as told', () => {
    given(requested).when({ type: 'AttachSession' }).then(attached);
    given(...open)
      .when({ type: 'DetachSession' })
      .then();
    given(...open, attached)
      .when({ type: 'AttachSession' })
      .then();
    given(...open, attached)
      .when({ type: 'DetachSession' })
      .then(detached);
    given(requested, placed, attached, ready).when({ type: 'AttachSession' }).then();
  });

  it('is attached where somebody waits for it until it is placed: then its place counts who looks', () => {
    given(requested).when({ type: 'AttachSession', waiting: true }).then(attached);
    given(requested, attached).when({ type: 'DetachSession', waiting: true }).then(detached);
    given(...starting)
      .when({ type: 'AttachSession', waiting: true })
      .then();
    given(...open, attached)
      .when({ type: 'DetachSession', waiting: true })
      .then();
    given(requested, attached, placed).when({ type: 'AttachSession' }).then(attached);
  });

  it('ends with its server named, if it had one', () => {
    given(requested).when({ type: 'EndSession', reason: 'closed' }).then(ended('closed', {}));
    given(...starting)
      .when({ type: 'EndSession', reason: 'failed-to-start', message: 'no such file' })
      .then(ended('failed-to-start', { message: 'no such file', ...here }));
    given(...open)
      .when({ type: 'EndSession', reason: 'idle' })
      .then(ended('idle'));
  });

  it('ends when its server is lost, and not when another life of it is', () => {
    given(...starting)
      .when({ type: 'LoseNode', ...here })
      .then(ended('node-lost'));
    given(...open)
      .when({ type: 'LoseNode', ...here })
      .then(ended('node-lost'));
    given(...open)
      .when({ type: 'LoseNode', ...laterLife })
      .then();
    given(...open)
      .when({ type: 'LoseNode', ...elsewhere })
      .then();
    given(requested)
      .when({ type: 'LoseNode', ...here })
      .then();
  });

  it('ends when its process does, which says whether it ever was ready', () => {
    const crash = (place: object, message = 'out of memory'): SessionCommand => ({
      type: 'ReportCrash',
      ...here,
      ...place,
      message,
    });
    given(...open)
      .when(crash(here))
      .then(ended('crashed', { message: 'out of memory', ...here }));
    given(...starting)
      .when(crash(here))
      .then(ended('failed-to-start', { message: 'out of memory', ...here }));
  });

  it('keeps of a report what can be stored and shown', () =>
    given(...open)
      .when({ type: 'ReportCrash', ...here, message: `\u001b[31mred\0\n${'x'.repeat(5000)}` })
      .then(ended('crashed', { message: `\ufffd[31mred\ufffd\n${'x'.repeat(3989)}…`, ...here })));

  it('keeps its data while it is ready, the same data once', () => {
    const saved: SessionEvent = { type: 'SessionSaved', ...here, digest };
    given(...open)
      .when({ type: 'ReportSaved', ...here, digest })
      .then(saved);
    given(...open, saved)
      .when({ type: 'ReportSaved', ...here, digest })
      .then();
    given(...open, saved)
      .when({ type: 'ReportSaved', ...here, digest: 'other' })
      .then({ ...saved, digest: 'other' });
    given(...starting)
      .when({ type: 'ReportSaved', ...here, digest })
      .then();
  });

  it('is ended by the drain of its server', () =>
    given(...open)
      .when({ type: 'ReportDrained', ...here })
      .then(ended('drained')));

  const reportsOf = (place: typeof here): readonly SessionCommand[] => [
    { type: 'ReportReady', ...place, steps },
    { type: 'ReportSaved', ...place, digest },
    { type: 'ReportDrained', ...place },
    { type: 'ReportCrash', ...place, message: 'x' },
  ];

  it.each<[string, readonly SessionEvent[], typeof here]>([
    ['of another server while it starts', starting, elsewhere],
    ['of another server', open, elsewhere],
    ['of another life of its server', open, laterLife],
    ['before it has a server', [requested], here],
    ['when it has ended', over, here],
    ['of the server that lost it', [...open, ended('node-lost')], here],
  ])('refuses every report %s', (_, history, place) => {
    for (const report of reportsOf(place))
      given(...history)
        .when(report)
        .thenRefused('StaleReport');
  });

  const everything: readonly SessionCommand[] = [
    { type: 'PlaceSession', ...here },
    { type: 'AttachSession' },
    { type: 'DetachSession' },
    { type: 'EndSession', reason: 'closed' },
    { type: 'LoseNode', ...here },
  ];

  it.each(everything)('that has ended is left alone by $type', (command) =>
    given(...over)
      .when(command)
      .then(),
  );
  it.each([...everything, ...reportsOf(here)])('that never was refuses $type', (command) =>
    given().when(command).thenRefused('NoSuchSession'),
  );

  it('ends at most once, after which nothing happens, and reaches every state in order (I20)', () => {
    const place = fc.constantFrom(here, elsewhere, laterLife);
    const command: fc.Arbitrary<SessionCommand> = fc.oneof(
      fc.constantFrom<SessionCommand>(
        { type: 'RequestSession', ...request },
        { type: 'AttachSession' },
        { type: 'DetachSession' },
        { type: 'AttachSession', waiting: true },
        { type: 'DetachSession', waiting: true },
        { type: 'EndSession', reason: 'closed' },
      ),
      place.map((at): SessionCommand => ({ type: 'PlaceSession', ...at })),
      place.map((at): SessionCommand => ({ type: 'ReportReady', ...at, steps })),
      place.map((at): SessionCommand => ({ type: 'LoseNode', ...at })),
      place.map((at): SessionCommand => ({ type: 'ReportCrash', ...at, message: 'x' })),
      place.map((at): SessionCommand => ({ type: 'ReportDrained', ...at })),
      fc
        .tuple(place, fc.constantFrom('a', 'b'))
        .map(([at, saved]): SessionCommand => ({ type: 'ReportSaved', ...at, digest: saved })),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        const { history, state } = play(session.decider, [
          { type: 'RequestSession', ...request },
          ...commands,
        ]);
        const launch = ['SessionRequested', 'SessionPlaced', 'SessionReady'];
        const steps = history.map(({ type }) => type).filter((type) => launch.includes(type));
        expect(steps).toStrictEqual(launch.slice(0, steps.length));
        const end = history.findIndex(({ type }) => type === 'SessionEnded');
        expect(end).toBe(state.is === 'ended' ? history.length - 1 : -1);
        const record = recorder();
        const row = project(
          sessionList,
          history.map((event) => record('session-s1', event)),
        ).get('s1');
        expect(row?.state).toBe(state.is);
        expect(row?.attached).toBe(state.is !== 'ended' && 'attached' in state && state.attached);
        const kept = history.flatMap((event) => (event.type === 'SessionSaved' ? [event.digest] : []));
        expect(row?.saved).toBe(kept.at(-1) ?? null);
        expect(kept.every((each, i) => each !== kept[i - 1])).toBe(true);
      }),
    );
  });
});

describe('the list of sessions', () => {
  const record = recorder();
  const row = (...log: readonly SessionEvent[]) =>
    project(
      sessionList,
      log.map((event, i) => record('session-s1', event, { at: i })),
    ).get('s1');
  const base = {
    id: 's1',
    environment: 'ROOT',
    owner: 'ada',
    app: 'cutting',
    version: '1.0.0',
    app_digest: 'a',
    engine_name: 'model-ts',
    engine_version: '1.2.3',
    engine_digest: 'e',
    state: 'requested',
    attached: false,
    licence: null,
    seated_at: null,
    node: null,
    node_epoch: null,
    requested_at: 0,
    placed_at: null,
    ready_at: null,
    ended_at: null,
    end_reason: null,
    end_message: null,
    steps: [],
    saved: null,
    saved_at: null,
  };

  it('shows how far the launch is', () => {
    expect(row(requested)).toStrictEqual(base);
    const begun = { ...base, node: 'n1', node_epoch: 1, placed_at: 1 };
    expect(row(...starting)).toStrictEqual({ ...begun, state: 'starting' });
    expect(row(...open, attached)).toStrictEqual({
      ...begun,
      state: 'ready',
      ready_at: 2,
      steps,
      attached: true,
    });
  });

  it('shows what was kept of it last, at first what it was opened with', () => {
    const restores = { session: 's0', digest: 'old' };
    const begun = [{ ...requested, restores }, ...open.slice(1)];
    expect(row(...begun)).toMatchObject({ saved: 'old', saved_at: 0 });
    const saved: SessionEvent = { type: 'SessionSaved', ...here, digest };
    expect(row(...begun, saved, ended('node-lost'))).toMatchObject({ saved: digest, saved_at: begun.length });
  });

  it('shows the licence that it needs, and whether somebody waits for it', () => {
    const licensed = { ...requested, licence: 'gurobi', device: 'd' } as SessionEvent;
    expect(row(licensed, attached)).toStrictEqual({ ...base, licence: 'gurobi', attached: true });
    expect(row(licensed, attached, placed)).toMatchObject({ attached: false });
  });

  it('shows why it ended', () =>
    expect(row(requested, attached, ended('no-server', { message: 'none there' }))).toStrictEqual({
      ...base,
      state: 'ended',
      ended_at: 2,
      end_reason: 'no-server',
      end_message: 'none there',
    }));
});
