import { describe, expect, it } from '@jest/globals';
import { node as nodeAggregate, type NodeCommand } from '@openpro/cluster';
import { CommandHandler, MemoryEventStore, START } from '@openpro/eventstore';
import { uuidv7 } from '@openpro/kernel';
import { Dispatcher } from './dispatcher.js';
import { job } from './job.js';
import type { Placement } from './placement.js';
import { emptyQueue, evolveQueue } from './queue.js';
import { aRequest } from './request.fixture.js';

const request = aRequest;

/**
 * A log, and a leader whose starts are recorded or, when `starts` is false, only noted. With `rows` the read model
 * knows the queue when it takes over, but that of the servers has stood at the log's start since.
 */
const given = ({ starts = true, rows = false } = {}) => {
  const store = new MemoryEventStore();
  const handler = new CommandHandler(store);
  const meta = () => ({ commandId: uuidv7(), actor: 'ada', roles: [] });
  const proposed: (Placement & { epoch: number })[] = [];
  const seats = { refused: false };
  let heard = (): void => undefined;
  const dispatcher = new Dispatcher(
    store,
    async () => {
      const events = rows ? await store.readAll(START, 1000) : [];
      const queue = events.reduce(evolveQueue, emptyQueue);
      return { queue, position: START };
    },
    async (placement, epoch) => {
      proposed.push({ ...placement, epoch });
      heard();
      const { node, nodeEpoch, attempt } = placement;
      if (seats.refused) return false;
      if (starts)
        await handler.execute(job, placement.job, { type: 'StartJob', node, nodeEpoch, attempt }, meta());
      return true;
    },
  );
  return {
    store,
    dispatcher,
    proposed,
    seats,
    join: (id: string, slots: number) =>
      handler.execute(
        nodeAggregate,
        id,
        { type: 'JoinNode', name: id, roles: ['pro'], slots, version: '1', isolation: 'none' },
        meta(),
      ),
    tell: (id: string, command: NodeCommand) => handler.execute(nodeAggregate, id, command, meta()),
    submit: async (priority = 100) => {
      const id = uuidv7();
      await handler.execute(job, id, { type: 'SubmitJob', ...request, priority }, meta());
      return id;
    },
    start: (id: string, node: string) =>
      handler.execute(job, id, { type: 'StartJob', node, nodeEpoch: 1, attempt: 1 }, meta()),
    terminate: (id: string) => handler.execute(job, id, { type: 'TerminateJob', reason: '' }, meta()),
    /** Resolves when so many starts were proposed. */
    proposals: (count: number) =>
      new Promise<void>((resolve) => {
        heard = () => {
          if (proposed.length >= count) resolve();
        };
        heard();
      }),
  };
};

describe('the dispatcher', () => {
  it('starts what waits, in order, on free slots, and the next when one ends', async () => {
    const { dispatcher, join, submit, terminate, proposals, proposed } = given();
    await join('n', 2);
    const [first, second, third] = [await submit(), await submit(200), await submit(300)];
    await dispatcher.lead(7);
    await proposals(2);
    expect(proposed).toEqual([
      { job: first, node: 'n', nodeEpoch: 1, attempt: 1, epoch: 7 },
      { job: second, node: 'n', nodeEpoch: 1, attempt: 1, epoch: 7 },
    ]);
    expect(dispatcher.waitingFor(third)).toContain('All 2 slots of 1 server are taken');
    expect(dispatcher.waitingFor(first)).toBeNull();
    await terminate(first);
    await proposals(3);
    expect(proposed[2]).toMatchObject({ job: third });
    await dispatcher.resign();
  });

  it('says when the reason may have changed for which a job waits, also when nothing happens to the job', async () => {
    const { dispatcher, join, submit, tell } = given();
    await join('n', 1);
    await tell('n', { type: 'DrainNode', reason: 'new disk', graceS: 60 });
    const waiting = await submit();
    const reasons: (string | null)[] = [];
    let heard = (): void => undefined;
    const until = (pattern: RegExp) =>
      new Promise<void>((resolve) => {
        heard = () => pattern.test(reasons.at(-1) ?? '') && resolve();
        heard();
      });
    const stop = dispatcher.onDecided(() => {
      reasons.push(dispatcher.waitingFor(waiting));
      heard();
    });
    await dispatcher.lead(1);
    await until(/The only server is draining/);
    await join('other', 0);
    await until(/^All 0 slots of 1 server are taken, 1 more is draining/);
    stop();
    const before = reasons.length;
    await tell('n', { type: 'ResumeNode' });
    await dispatcher.resign();
    expect(reasons).toHaveLength(before);
  });

  it('proposes nothing and knows no reasons after it has resigned', async () => {
    const { dispatcher, join, submit, proposals, proposed, store } = given();
    await join('n', 1);
    await submit();
    const waiting = await submit(200);
    await dispatcher.lead(1);
    await proposals(1);
    expect(dispatcher.waitingFor(waiting)).not.toBeNull();
    await dispatcher.resign();
    expect(dispatcher.waitingFor(waiting)).toBeNull();
    await join('other', 5);
    await store.readAll(START, 10);
    expect(proposed).toHaveLength(1);
  });

  it('keeps the slots that it has promised when it is told again what it knew', async () => {
    const { dispatcher, join, submit, proposals, proposed } = given({ starts: false, rows: true });
    await join('n', 1);
    const [first, second] = [await submit(), await submit(200)];
    await dispatcher.lead(1);
    await join('other', 1);
    await proposals(2);
    expect(proposed).toMatchObject([
      { job: first, node: 'n' },
      { job: second, node: 'other' },
    ]);
    await dispatcher.resign();
  });

  it('counts what the former leader has started, also what this server has not heard of yet', async () => {
    const { store, dispatcher, join, submit, start, proposed } = given();
    await join('n', 1);
    const first = await submit();
    await submit();
    const heardOf = 3;
    await start(first, 'n');
    const readAll = store.readAll.bind(store);
    store.readAll = (after, limit) => readAll(after, Math.min(limit, heardOf));
    await dispatcher.lead(2);
    expect(proposed).toEqual([]);
    await dispatcher.resign();
  });

  it('lets a job wait again that had no seat, and proposes it anew', async () => {
    const { dispatcher, join, submit, proposals, proposed, seats } = given();
    await join('n', 1);
    await dispatcher.lead(1);
    seats.refused = true;
    const id = await submit();
    await proposals(1);
    seats.refused = false;
    await join('m', 1); // the log has news
    await proposals(2);
    await dispatcher.resign();
    expect(proposed.map(({ job, attempt }) => [job, attempt]).slice(0, 2)).toEqual([
      [id, 1],
      [id, 1],
    ]);
  });

  it('follows the log once when it is elected again without having lost', async () => {
    const { dispatcher, join, submit, proposals, proposed } = given({ starts: false });
    await dispatcher.lead(1);
    await dispatcher.lead(2);
    await join('n', 9);
    const id = await submit();
    await proposals(1);
    await dispatcher.resign();
    expect(proposed).toEqual([{ job: id, node: 'n', nodeEpoch: 1, attempt: 1, epoch: 2 }]);
  });
});
