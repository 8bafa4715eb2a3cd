import { describe, expect, it } from '@jest/globals';
import type { ProcessCommand } from '@openpro/eventstore';
import { type Decider, type DomainEvent, isRefusal } from '@openpro/kernel';
import { processUnderTest, recorder } from '@openpro/kernel/testing';
import fc from 'fast-check';
import { batch, type BatchCommand, type FailedScenario, jobIdOf, type Recipe, STEP } from './batch.js';
import { job, type JobCommand, type JobEvent } from './job.js';
import { aRequest } from './request.fixture.js';
import { LANES, submitBatch } from './submit-batch.process.js';

const NAME = 'b0b0b0b0-0000-4000-8000-000000000001';
const listOf = (count: number): Recipe => ({
  job: aRequest,
  scenarios: { list: Array.from({ length: count }, (_, n) => ({ args: { n } })) },
});

interface Sent extends ProcessCommand {
  readonly commandId: string;
}

/** A server's outbox: what it has taken out of the table, and works through line by line. */
interface Server {
  taken: number;
  lines: Map<string, Sent[]>;
}

/** One log, one process, two servers that send its commands, each more than once. */
class World {
  readonly log: { stream: string; event: DomainEvent }[] = [];
  readonly table: (Sent | null)[] = [];
  private readonly known = new Set<string>();
  private readonly streams = new Map<string, unknown>();
  private readonly process = processUnderTest(submitBatch);
  private readonly record = recorder();
  private seen = 0;
  private readonly servers: Server[] = [0, 1].map(() => ({ taken: 0, lines: new Map() }));
  most = 0;

  execute(to: string, id: string, command: object, commandId: string): void {
    if (this.known.has(commandId)) return;
    const { initial, decide, evolve } = (to === 'job' ? job : batch).decider as unknown as Decider<
      unknown,
      object,
      DomainEvent
    >;
    const stream = `${to}-${id}`;
    const state = this.streams.get(stream) ?? initial;
    const outcome = decide(command, state);
    if (isRefusal(outcome)) return;
    if (outcome.length > 0) this.known.add(commandId);
    this.streams.set(stream, outcome.reduce(evolve, state));
    for (const event of outcome) this.log.push({ stream, event });
  }

  see(count: number): void {
    for (const { stream, event } of this.log.slice(this.seen, this.seen + count)) {
      const recorded = this.record(stream, event);
      this.process.see(recorded).forEach((command, n) => {
        this.table.push({ ...command, commandId: `${recorded.id}:${n}` });
      });
    }
    this.seen = Math.min(this.log.length, this.seen + count);
    this.most = Math.max(this.most, this.table.filter(Boolean).length);
  }

  /** Executes so many of a server's commands, from all its lines in turn; `crash`: before it could remove them. */
  send(server: number, count: number, crash: boolean): void {
    const here = this.servers[server]!;
    for (const row of this.table.slice(here.taken))
      if (row) here.lines.set(row.line!, [...(here.lines.get(row.line!) ?? []), row]);
    here.taken = this.table.length;
    for (let n = 0; n < count; n++) {
      const lines = [...here.lines.values()].filter((line) => line.length > 0);
      const sent = lines[n % (lines.length || 1)]?.shift();
      if (!sent) break;
      this.execute(sent.to, sent.id, sent.command, sent.commandId);
      if (!crash) this.table[this.table.findIndex((row) => row?.commandId === sent.commandId)] = null;
    }
    if (crash) Object.assign(here, { taken: 0, lines: new Map() });
  }

  settle(): void {
    for (let before = -1; before < this.log.length || this.table.some(Boolean);) {
      before = this.log.length;
      this.see(Infinity);
      this.send(0, 500, false);
      this.send(1, 500, false);
    }
  }

  jobs(type: JobEvent['type']): string[] {
    return this.log.filter(({ event }) => event.type === type).map(({ stream }) => stream.slice(4));
  }

  stateOf(id: string): { readonly is: string } {
    return this.streams.get(`job-${id}`) as { is: string };
  }

  get left(): number {
    return this.process.states.size;
  }
}

const submit = (world: World, count: number): void =>
  world.execute('batch', NAME, { type: 'SubmitBatch', ...listOf(count) } satisfies BatchCommand, 'submit');

const fail = (world: World, scenario: number, round: number): void => {
  const id = jobIdOf(NAME, scenario, round);
  const at = { attempt: 1, node: 'n', nodeEpoch: 1 };
  const run: JobCommand[] = [
    { type: 'StartJob', ...at },
    { type: 'FailJob', ...at, error: { code: 'x', message: 'x' } },
  ];
  for (const command of run) world.execute('job', id, command, `${id} ${command.type}`);
};

const retry = (world: World, count: number, failed: readonly FailedScenario[], commandId: string): void =>
  world.execute(
    'batch',
    NAME,
    { type: 'RetryBatch', failed, ...listOf(count) } satisfies BatchCommand,
    commandId,
  );

const cancel = (world: World): void =>
  world.execute('batch', NAME, { type: 'CancelBatch', reason: '' } satisfies BatchCommand, 'cancel');

const all = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('submit-batch', () => {
  it('makes ten thousand jobs, each once, a bounded number at a time, and remembers nothing of them', () => {
    const world = new World();
    submit(world, 10_000);
    world.settle();
    expect(world.jobs('JobQueued').sort()).toEqual(
      all(10_000)
        .map((n) => jobIdOf(NAME, n, 0))
        .sort(),
    );
    expect(world.most).toBeLessThanOrEqual(LANES * (STEP + 1));
    expect(world.left).toBe(0);
  });

  it('leaves no job alive of a large batch that is cancelled half-way', () => {
    const world = new World();
    submit(world, 9000);
    for (let n = 0; n < 6; n++) {
      world.see(Infinity);
      world.send(0, 700, false);
    }
    cancel(world);
    const made = world.jobs('JobQueued').length;
    world.settle();
    const jobs = world.jobs('JobQueued');
    expect(jobs.length - made).toBeLessThanOrEqual(LANES * STEP);
    expect(jobs.filter((id) => world.stateOf(id).is !== 'ended')).toEqual([]);
  });

  /** What happens between the submission and the end of all work. */
  const happening = fc.oneof(
    fc.record({ is: fc.constant('see' as const), count: fc.nat(60) }),
    fc.record({
      is: fc.constant('send' as const),
      server: fc.nat(1),
      count: fc.nat(120),
      crash: fc.boolean(),
    }),
  );
  const happenings = fc.array(happening, { maxLength: 25 });
  const happen = (
    world: World,
    list: readonly (typeof happening extends fc.Arbitrary<infer T> ? T : never)[],
  ) => {
    for (const each of list)
      if (each.is === 'see') world.see(each.count);
      else world.send(each.server, each.count, each.crash);
  };
  const counts = fc.integer({ min: 1, max: 3 * STEP + 7 });

  it('makes exactly one job for every scenario, whatever is repeated, lost or raced', () =>
    fc.assert(
      fc.property(counts, happenings, (count, list) => {
        const world = new World();
        submit(world, count);
        happen(world, list);
        world.settle();
        expect(world.jobs('JobQueued').sort()).toEqual(
          all(count)
            .map((n) => jobIdOf(NAME, n, 0))
            .sort(),
        );
        expect(world.left).toBe(0);
      }),
      { numRuns: 60 },
    ));

  it('makes nothing more of a cancelled batch than what was under way, and leaves no job of it alive', () =>
    fc.assert(
      fc.property(counts, happenings, happenings, (count, before, after) => {
        const world = new World();
        submit(world, count);
        happen(world, before);
        world.see(Infinity);
        cancel(world);
        const made = world.jobs('JobQueued');
        const underWay = world.table.flatMap((row) =>
          row && (row.command as { type: string }).type === 'SubmitJob' ? [row.id] : [],
        );
        happen(world, after);
        world.settle();
        const jobs = world.jobs('JobQueued');
        expect(new Set([...made, ...underWay])).toEqual(new Set([...made, ...underWay, ...jobs]));
        expect(jobs.filter((id) => world.stateOf(id).is !== 'ended')).toEqual([]);
        expect(world.left).toBe(0);
      }),
      { numRuns: 60 },
    ));

  it('touches only what has failed when it is retried, also twice at once, and cancels what stands for it', () =>
    fc.assert(
      fc.property(
        counts,
        fc.array(fc.nat(200)),
        happenings,
        fc.boolean(),
        (count, chosen, list, cancelling) => {
          const world = new World();
          submit(world, count);
          world.settle();
          const failed = [...new Set(chosen.filter((scenario) => scenario < count))].sort((a, b) => a - b);
          for (const scenario of failed) fail(world, scenario, 0);
          const seen = failed.map((scenario) => ({ scenario, round: 0, state: 'failed' }));
          retry(world, count, seen, 'retry 1');
          retry(world, count, seen, 'retry 2');
          happen(world, list);
          if (cancelling) cancel(world);
          world.settle();
          const made = world.jobs('JobQueued').slice(count);
          const wanted = failed.map((scenario) => jobIdOf(NAME, scenario, 1));
          if (!cancelling) expect(made.sort()).toEqual(wanted.sort());
          expect(wanted).toEqual(expect.arrayContaining(made));
          const alive = world.jobs('JobQueued').filter((id) => world.stateOf(id).is !== 'ended');
          expect(alive.length).toBe(cancelling ? 0 : count);
          expect(world.left).toBe(0);
        },
      ),
      { numRuns: 60 },
    ));
});
