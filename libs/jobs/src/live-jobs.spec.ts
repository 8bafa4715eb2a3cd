import { describe, expect, it } from '@jest/globals';
import { uuidv7 } from '@openpro/kernel';
import { Wires } from '@openpro/link/testing';
import type { AttemptNews } from './attempts.js';
import { LiveJobs, serveJobs } from './live-jobs.js';

const point = (elapsed: number) => ({ elapsed }) as AttemptNews['points'][number];
const said = (log: string): AttemptNews => ({ points: [], log });

/** Servers `b` and `c` that run attempts and know reasons; `a` asks them. */
const given = (leader: string | null = 'b') => {
  const wires = new Wires();
  const calls: string[][] = [];
  const listeners = new Map<string, (news: AttemptNews) => void>();
  const deciding = new Map<string, () => void>();
  let leading = leader;
  let elected = (): void => undefined;
  let waitingFor = (job: string): string | null => `${job} waits`;
  for (const node of ['b', 'c']) {
    const link = wires.link(node);
    serveJobs(
      link,
      {
        listen: (_job, fromStart, listener) => {
          if (fromStart) listener({ points: [point(0)], log: `start on ${node}` });
          listeners.set(node, listener);
          return () => listeners.delete(node);
        },
      },
      {
        waitingFor: (job) => {
          calls.at(-1)?.push(job);
          return waitingFor(job);
        },
        placeOf: () => 7,
        onDecided: (listener) => {
          deciding.set(node, listener);
          return () => deciding.delete(node);
        },
      },
    );
  }
  const live = new LiveJobs(wires.link('a'), {
    node: () => {
      calls.push([]);
      return Promise.resolve(leading);
    },
    onChange: (listener) => {
      elected = listener;
      return () => (elected = () => undefined);
    },
  });
  const elect = (node: string): void => {
    leading = node;
    elected();
  };
  return {
    elect,
    deciding,
    wires,
    live,
    calls,
    listeners,
    know: (reason: typeof waitingFor) => (waitingFor = reason),
  };
};

describe('why a job waits', () => {
  it('is asked of the leader, once for a page of jobs', async () => {
    const { live, calls } = given();
    const jobs = Array.from({ length: 50 }, (_, i) => `j${i}`);
    const reasons = await Promise.all(jobs.map((job) => live.waitingFor(job)));
    expect(reasons[49]).toBe('j49 waits');
    expect(calls).toEqual([jobs]);
    expect(await live.placeOf('j1')).toBe(7);
  });

  it.each<[string, string | null, (parts: ReturnType<typeof given>) => unknown]>([
    ['nobody leads', null, () => undefined],
    ['the leader is lost', 'b', ({ wires }) => wires.cut('b')],
    ['it is an unknown server', 'x', () => undefined],
    ['it has resigned', 'b', ({ know }) => know(() => null)],
  ])('is not known when %s', async (_when, leader, spoil) => {
    const parts = given(leader);
    spoil(parts);
    expect(await parts.live.waitingFor('j')).toBeNull();
  });

  it('is not waited for when the leader does not answer', async () => {
    const wires = new Wires();
    wires.link('b').serve('job.waitingFor', { accepts: ['pro'], call: () => new Promise(() => undefined) });
    const live = new LiveJobs(wires.link('a'), {
      node: () => Promise.resolve('b'),
      onChange: () => () => undefined,
    });
    expect(await live.waitingFor('j')).toBeNull();
  });

  it('is told when it changes, by whoever leads, and only while it waits', async () => {
    const { live, elect, deciding, know } = given();
    let tell = (): void => undefined;
    const reason = live.reason(uuidv7(), () => tell());
    reason.follow({ state: 'running' });
    elect('b');
    expect(deciding.size).toBe(0);
    reason.follow({ state: 'queued' });
    reason.follow({ state: 'queued' });
    for (const leader of ['b', 'c']) {
      elect(leader);
      while (!deciding.has(leader)) await Promise.resolve();
      const told = new Promise<void>((resolve) => (tell = resolve));
      know(() => `another reason of ${leader}`);
      deciding.get(leader)?.();
      await told;
    }
    expect([...deciding.keys()]).toEqual(['c']);
    reason.follow({ state: 'running' });
    expect(deciding.size).toBe(0);
    reason.follow({ state: 'queued' });
    while (!deciding.has('c')) await Promise.resolve();
    reason.close();
    expect(deciding.size).toBe(0);
  });

  it.each([null, { jobs: 'j' }, { jobs: Array(501).fill('j') }])('is asked in order: %j', async (params) => {
    const { wires } = given();
    const asked = wires.link('d').call('b', 'job.waitingFor', params);
    await expect(asked).rejects.toMatchObject({ code: 'BadInput' });
  });
});

describe("a job's news", () => {
  it('comes from the server that runs it, and goes on where it runs next, from the start', () => {
    const { live, listeners } = given();
    const heard: string[] = [];
    const line = live.line(({ log, points }) =>
      heard.push(log, ...points.map(({ elapsed }) => `at ${elapsed}`)),
    );
    const id = uuidv7();
    line.follow({ id, node: 'b', node_epoch: 1, attempt: 1 }, 1);
    listeners.get('b')?.(said('one'));
    line.follow({ id, node: null, node_epoch: null, attempt: 1 }, 1); // given back to the queue
    expect(listeners.has('b')).toBe(false);
    line.follow({ id, node: 'c', node_epoch: 4, attempt: 2 }, 1);
    listeners.get('c')?.(said('two'));
    line.close();
    expect(heard).toEqual(['one', 'start on c', 'at 0', 'two']);
    expect(listeners.size).toBe(0);
  });

  it('is not told twice after the line broke', async () => {
    const { wires, live, listeners } = given();
    const heard: string[] = [];
    let tell = (): void => undefined;
    const line = live.line(({ log }) => {
      heard.push(log);
      tell();
    });
    line.follow({ id: uuidv7(), node: 'b', node_epoch: 1, attempt: 1 }, 0);
    wires.cut('b');
    wires.mend('b');
    const back = new Promise<void>((resolve) => (tell = resolve));
    const set = listeners.set.bind(listeners);
    listeners.set = (node, listener) => {
      queueMicrotask(() => listener(said('more')));
      return set(node, listener);
    };
    await back;
    line.close();
    expect(heard).toEqual(['start on b', 'more']);
  });

  it('is listened to by the id of a job', () => {
    const { wires } = given();
    expect(() =>
      wires.link('d').listen(
        'b',
        'job.listen',
        { job: 'x' },
        () => undefined,
        () => undefined,
      ),
    ).toThrow('names no job');
  });
});
