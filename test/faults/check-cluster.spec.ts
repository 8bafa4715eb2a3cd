import { describe, expect, it } from '@jest/globals';
import {
  deadStayDead,
  everythingTold,
  healthyJobsLive,
  leadersFollowEachOther,
  nobodyPassedOver,
  nothingRequeued,
  slotsKept,
  somebodyLeads,
} from './check-cluster.js';
import {
  BEGIN,
  died,
  elected,
  jobEvents,
  joined,
  left,
  logOf,
  type Made,
  messages,
  seen,
} from './made-log.fixture.js';

const j = jobEvents('j');
const k = jobEvents('k');

const facts = ({
  overAt = null as number | null,
  calmUntil = -Infinity,
  isOrderly = false,
  wrongClock = [] as readonly (readonly [number, number])[],
} = {}) => ({
  overAt,
  calmUntil,
  isOrderly,
  wrongClock,
  hopeless: new Set<string>(),
  kills: new Map<string, number>(),
});

/** So many events in which nothing happens, each a quarter of a second after the other: time in which the log lives. */
const ticks = (count: number): readonly Made[] =>
  Array.from({ length: count }, () => ({ stream: 'audit', event: { type: 'RecordRead' }, after: 250 }));

/** A server dies, the other one takes over, the first one comes again. */
const clean: readonly Made[] = [
  joined('a'),
  joined('b'),
  elected('a', 1),
  j.queued(),
  k.queued(),
  { ...j.started(1, 'a'), epoch: 1 },
  k.started(1, 'b'),
  elected('b', 2, 5000),
  died('a'),
  j.requeued(1, 'a'),
  joined('a', 2),
  ...ticks(20),
  { ...j.started(2, 'a', 2), epoch: 2 },
  k.completed(1, 'b'),
  j.completed(2, 'a', 2),
];

describe('a clean log', () => {
  it.each([
    deadStayDead,
    () => leadersFollowEachOther(facts()),
    slotsKept,
    nobodyPassedOver,
    everythingTold,
    () => somebodyLeads(facts({ overAt: BEGIN })),
    () => nothingRequeued(facts()),
    () => healthyJobsLive(facts()),
  ])('passes %p', (watch) => {
    expect(seen(watch(), logOf(clean))).toEqual([]);
  });
});

describe('I7', () => {
  it('sees a server that comes again as the one that died', () => {
    const log = logOf([joined('a'), died('a'), joined('a')]);
    expect(messages(seen(deadStayDead(), log))).toEqual(['I7: a joins at 3 with epoch 1 after 1']);
  });

  it('sees the death of a life that is over', () => {
    expect(seen(deadStayDead(), logOf([joined('a'), died('a'), joined('a', 2), died('a')]))).toHaveLength(1);
  });

  it('sees work that is given to the dead, and what the dead report', () => {
    const log = logOf([
      joined('a'),
      j.queued(),
      died('a'),
      ...ticks(16),
      j.started(1, 'a'),
      j.completed(1, 'a'),
    ]);
    expect(messages(seen(deadStayDead(), log))).toEqual([
      'I7: JobStarted of job-j at 20: epoch 1 of a was over 4100 ms before',
      'I7: JobCompleted of job-j at 21: epoch 1 of a was over 4200 ms before',
    ]);
  });

  it('lets arrive what was on its way, also after an outage or with the clock set', () => {
    const late = { ...j.started(1, 'a'), after: 600_000 };
    expect(seen(deadStayDead(), logOf([joined('a'), j.queued(), died('a'), late]))).toEqual([]);
  });
});

describe('I8', () => {
  const watch = () => leadersFollowEachOther(facts());

  it('sees an epoch that does not grow', () => {
    const log = logOf([elected('a', 2), elected('b', 2, 5000)]);
    expect(messages(seen(watch(), log))).toEqual(['I8: leader b has epoch 2 at 2, after epoch 2']);
  });

  it('sees a proposal of an epoch that nobody was elected to', () => {
    const log = logOf([elected('a', 1), j.queued(), { ...j.started(1, 'a'), epoch: 2 }]);
    expect(seen(watch(), log)).toHaveLength(1);
  });

  it('sees leaders who do not wait for the end of the lease', () => {
    const taken = [1, 2, 3, 4].map((epoch) => elected(epoch % 2 ? 'a' : 'b', epoch, 500));
    expect(messages(seen(watch(), logOf(taken)))).toEqual([
      "I8: 3 leaders were elected while another one's lease ran, first at 2",
    ]);
  });

  it('knows when the log cannot tell because the clock of the database was wrong', () => {
    const taken = logOf([1, 2, 3, 4].map((epoch) => elected(epoch % 2 ? 'a' : 'b', epoch, 500)));
    const [, second] = taken;
    const at = second?.at ?? 0;
    const judged = (from: number, until: number) =>
      seen(leadersFollowEachOther(facts({ wrongClock: [[from, until]] })), taken);
    expect(judged(at, at + 2000)).toEqual([]);
    expect(judged(at + 60_000, at + 70_000)).toHaveLength(1);
  });

  it('sees what a former leader still had on its way', () => {
    const late = { ...j.started(1, 'a'), epoch: 1 };
    const log = logOf([elected('a', 1), j.queued(), elected('b', 2, 5000), late]);
    expect(messages(seen(watch(), log))).toEqual([
      'I8: JobStarted of job-j at 4 is of leader epoch 1, and 2 had begun',
    ]);
  });

  it('does not let one who leaves excuse all', () => {
    const taken = [1, 2, 3, 4, 5, 6].map((epoch) => elected(epoch % 2 ? 'a' : 'b', epoch, 500));
    expect(seen(watch(), logOf([...taken, left('a'), left('b')]))).toHaveLength(1);
  });

  it('knows that who leaves gives his lease back', () => {
    const rolling = [1, 2, 3, 4, 5].flatMap((n) => [elected(`n${n}`, n), left(`n${n - 1}`)]);
    expect(seen(watch(), logOf(rolling))).toEqual([]);
  });
});

describe('I12', () => {
  it('sees a job too many', () => {
    const log = logOf([joined('a', 1, 1), j.queued(), k.queued(), j.started(1, 'a'), k.started(1, 'a')]);
    expect(messages(seen(slotsKept(), log))).toEqual(['I12: a has 2 jobs in 1 slots at 5']);
  });

  it('knows that a slot is free again', () => {
    const log = logOf([
      joined('a', 1, 1),
      j.queued(),
      k.queued(),
      j.started(1, 'a'),
      j.completed(1, 'a'),
      k.started(1, 'a'),
    ]);
    expect(seen(slotsKept(), log)).toEqual([]);
  });
});

describe('I13', () => {
  const low = (id: string) => [jobEvents(id).queued(500), jobEvents(id).started(1, 'a')];

  it('sees who waits while others are started', () => {
    const log = logOf([j.queued(100), ...ticks(21), ...low('x'), ...ticks(21), ...low('y')]);
    expect(messages(seen(nobodyPassedOver(), log))).toEqual([
      'I13: job-j of priority 100 waits, and jobs of priority 500 are started, the last at 47',
    ]);
  });

  it('knows that who needs a place of a profile or a seat may wait for that', () => {
    const waits = { stream: 'job-w', event: { type: 'JobQueued', priority: 100, profile: 'narrow' } };
    const log = logOf([waits, ...ticks(21), ...low('x'), ...ticks(21), ...low('y')]);
    expect(seen(nobodyPassedOver(), log)).toEqual([]);
  });

  it('allows what was decided before', () => {
    const log = logOf([j.queued(100), ...low('x'), ...low('y'), ...ticks(40), j.started(1, 'a')]);
    expect(seen(nobodyPassedOver(), log)).toEqual([]);
  });
});

describe('I15', () => {
  it('sees a job that was not told of the end of its server', () => {
    const log = logOf([joined('a'), j.queued(), j.started(1, 'a'), died('a')]);
    expect(messages(seen(everythingTold(), log))).toEqual([
      'I15: job-j still runs on a:1, whose end at 4 it was never told',
    ]);
  });

  it('sees a session that was not told', () => {
    const placed = { type: 'SessionPlaced', node: 'a', nodeEpoch: 1 };
    const log = logOf([joined('a'), { stream: 'session-s', event: placed }, left('a')]);
    expect(seen(everythingTold(), log)).toHaveLength(1);
  });

  it('sees the same wish under two ids', () => {
    const told = { ...j.requeued(1, 'a'), causation: 'e' };
    const log = logOf([j.queued(), told, { ...told, commandId: 'other' }]);
    expect(messages(seen(everythingTold(), log))).toEqual([
      'I15: process:requeue-lost-jobs told job-j the same twice under two ids, the second time at 3',
    ]);
  });
});

describe('I17', () => {
  it('sees that nobody has taken the lead', () => {
    const log = logOf([joined('a'), elected('a', 1), died('a'), { ...joined('b'), after: 9000 }]);
    expect(seen(somebodyLeads(facts({ overAt: BEGIN + 200 })), log)).toHaveLength(1);
  });

  it('does not mind that all leave at the end', () => {
    const log = logOf([joined('a'), elected('a', 1), { ...left('a'), after: 9000 }]);
    expect(seen(somebodyLeads(facts({ overAt: BEGIN + 200 })), log)).toEqual([]);
  });
});

describe('I18', () => {
  it('sees a server given up that was only slow', () => {
    const log = logOf([joined('a'), died('a'), j.queued(), j.started(1, 'a'), j.requeued(1, 'a')]);
    expect(seen(nothingRequeued(facts({ calmUntil: Infinity })), log)).toHaveLength(2);
    expect(seen(nothingRequeued(facts({ calmUntil: BEGIN + 200 })), log)).toHaveLength(1);
    expect(seen(nothingRequeued(facts()), log)).toEqual([]);
  });

  it('sees a job charged with a server that left in order', () => {
    const log = logOf([joined('a'), j.queued(), j.started(1, 'a'), j.requeued(1, 'a'), left('a')]);
    expect(messages(seen(nothingRequeued(facts({ isOrderly: true })), log))).toEqual([
      'I18: job-j was charged at 4 (node-lost), but all servers left in order',
    ]);
  });
});

describe('I22', () => {
  it('sees a healthy job that was given up', () => {
    const log = logOf([j.queued(), j.started(1, 'a'), j.abandoned(1, 'a')]);
    expect(seen(healthyJobsLive(facts()), log)).toHaveLength(1);
    expect(seen(healthyJobsLive({ ...facts(), hopeless: new Set(['j']) }), log)).toEqual([]);
  });

  it('sees one that is blamed for its crashes, unless it was killed twice', () => {
    const event = { type: 'JobFailed', error: { code: 'AttemptCrashed' } };
    const log = logOf([j.queued(), { stream: 'job-j', event }]);
    expect(seen(healthyJobsLive(facts()), log)).toHaveLength(1);
    expect(seen(healthyJobsLive({ ...facts(), kills: new Map([['j', 2]]) }), log)).toEqual([]);
  });
});
