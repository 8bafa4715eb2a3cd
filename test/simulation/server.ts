import type { AttemptResult, CaseData, DataSession, InstalledApp, InstalledEngine } from '@openpro/engine';
import type { EventStore, Position } from '../../libs/eventstore/src/event-store.js';
import { CommandHandler } from '../../libs/eventstore/src/handler.js';
import type { AttemptStore } from '../../libs/jobs/src/attempt-store.js';
import { Attempts } from '../../libs/jobs/src/attempts.js';
import { Dispatcher } from '../../libs/jobs/src/dispatcher.js';
import { childIdOf, childOf } from '../../libs/jobs/src/child-jobs.js';
import { holderOf } from '../../libs/jobs/src/seats.js';
import { queuedJob } from '../../libs/jobs/src/job.js';
import { isRefusal, uuidv5 } from '../../libs/kernel/src/index.js';
import { SessionHosts } from '../../libs/sessions/src/session-hosts.js';
import type { AnyAggregate } from './bus.js';
import { BEAT_MS, Leader, type LifeOf } from './lease.js';
import { ProcessRunner } from './process-rows.js';
import { Life } from './timeline.js';
import type { World } from './world.js';

const ORDER = { procedure: 'solve', args: {} };
const NODE = { roles: ['pro'], version: '1', isolation: 'none' };

/**
 * One life of one server: the real handler, dispatcher, attempts and session hosts on the simulated log and bus;
 * engines, lease and beats are played.
 */
export class Server {
  readonly life: Life;
  readonly handler: CommandHandler;
  /** Null until it has joined. */
  self: LifeOf | null = null;
  private readonly store: EventStore;
  private attempts: Attempts | null = null;
  private hosts: SessionHosts | null = null;
  private leader: Leader | null = null;
  private runners: readonly ProcessRunner[] = [];
  private leaving = false;

  constructor(
    private readonly world: World,
    readonly id: string,
  ) {
    this.life = new Life(world.timeline);
    this.store = world.log.port(this.life);
    this.handler = new CommandHandler(this.store);
  }

  /** Joins with a new epoch; what a former life still had is declared dead by that. */
  join(): void {
    const { world, id } = this;
    const node = world.aggregates.get('node') as AnyAggregate;
    const command = { type: 'JoinNode', name: id, slots: world.slotsOf(id), ...NODE };
    const meta = { commandId: world.random.uuid(), actor: `node:${id}`, roles: [] };
    const attempt = (): void =>
      void this.handler.execute(node, id, command, meta).then(
        (outcome) => {
          if (outcome.is === 'refused') throw new Error(outcome.refusal.message);
          const joined = outcome.events.find(({ event }) => event.type === 'NodeJoined');
          const { epoch } = joined?.event as unknown as LifeOf;
          this.start({ node: id, epoch }, outcome.position);
        },
        () => this.life.after(100, attempt),
      );
    attempt();
  }

  /** The end of everything in it, from one moment to the next. */
  crash(): void {
    this.life.end();
  }

  /** Ends in order: gives its work back and says that it leaves. */
  leave(): void {
    const { world, self } = this;
    if (!self || !this.attempts || this.leaving) return;
    this.leaving = true;
    this.leader?.resign();
    const meta = { commandId: world.random.uuid(), actor: `node:${self.node}`, roles: [] };
    const command = { type: 'LeaveNode', epoch: self.epoch };
    void this.attempts
      .drain()
      .then(() => world.bus.insist(this.life, { to: 'node', id: self.node, command, meta }))
      .then(() => this.life.end());
  }

  private start(self: LifeOf, joinedAt: Position): void {
    const { world, life, store } = this;
    const { timeline, random, bus, rows, log, mutant } = world;
    this.self = self;
    const dispatcher = new Dispatcher(
      store,
      () => world.readModel.takeOver(),
      async ({ job, seat, ...start }, epoch) => {
        const meta = () => ({ commandId: random.uuid(), actor: 'system', roles: [], epoch });
        if (seat) {
          const { environment, licence, user } = seat;
          const holder = holderOf(job, start.attempt);
          const command = { type: 'RequestSeat', kind: 'optimization', holder, user, device: null };
          const id = `${environment}:${licence}`;
          const outcome = await bus.insist(life, { to: 'licence', id, command, meta: meta() });
          if (outcome.is === 'refused') return false;
        }
        const licence = seat ? { licence: seat.licence } : {};
        const command = { type: 'StartJob', ...start, ...licence };
        await bus.insist(life, { to: 'job', id: job, command, meta: meta() });
        return true;
      },
      undefined,
      () => timeline.now,
      (work) => life.after(500, work),
    );
    const actor = `node:${self.node}`;
    this.leader = new Leader({
      self,
      life,
      rows,
      timeline,
      joined: () => world.readModel.joined(),
      onLead: async (epoch) => {
        const meta = { commandId: uuidv5(self.node, `leader:${epoch}`), actor, roles: [], epoch };
        const command = { type: 'ElectLeader', node: self.node, epoch };
        await bus.insist(life, { to: 'leadership', id: 'cluster', command, meta });
        await dispatcher.lead(epoch);
      },
      onLose: () => dispatcher.resign(),
      onDead: ({ node, epoch }) => {
        const meta = { commandId: uuidv5(node, `dead:${epoch}`), actor, roles: [] };
        const command = { type: 'DeclareDead', epoch, reason: 'no beat' };
        return bus.insist(life, { to: 'node', id: node, command, meta });
      },
      ...(mutant.believesLateLooks ? { believesLateLooks: true } : {}),
    });
    this.attempts = this.makeAttempts(self, joinedAt, actor);
    this.hosts = this.makeHosts(self, joinedAt, actor);
    this.attempts.start(joinedAt);
    this.hosts.start(joinedAt);
    this.runners = world.processes.map(
      (process) => new ProcessRunner(process, log.events, life, timeline, bus, random, mutant),
    );
    store.onNews(() => this.step());
    this.tick();
  }

  private step(): void {
    for (const runner of this.runners) runner.step();
  }

  private tick(): void {
    const { world, self, life } = this;
    this.step();
    if (!world.quiet) {
      const fenced = this.leader?.tick() === false || (self !== null && world.isOver(self) && !this.leaving);
      if (fenced && world.random.chance(0.4)) return this.crash(); // or a little later
    }
    life.after(world.quiet ? 60_000 : BEAT_MS + world.random.between(-100, 200), () => this.tick());
  }

  private makeAttempts({ node, epoch }: LifeOf, joinedAt: Position, actor: string): Attempts {
    const { world, life, store } = this;
    return new Attempts({
      node: { id: node, epoch, name: node, joinedAt },
      store,
      records: RECORDS,
      limits: { memoryMiB: 1, interruptGraceS: 1, logBytes: 1 },
      run: ({ job, onSubmit }) => {
        let end: (result: AttemptResult) => void = () => undefined;
        const result = new Promise<AttemptResult>((resolve) => (end = resolve));
        const { ms, outcome, submits } = world.workOf(job);
        // What it submits last may reach the log after its end.
        for (let n = 0; n < submits; n++)
          life.after(world.random.between(0, 2000), () => void onSubmit?.(ORDER).catch(() => undefined));
        if (ms < Infinity) life.after(ms, () => end(outcome));
        return {
          result,
          use: () => ({ launchMs: 0, cpuMs: 1, peakMiB: 1 }),
          interrupt: () => life.after(world.random.between(10, 500), () => end(ended('interrupted'))),
          terminate: () => life.after(1, () => end({ is: 'terminated' })),
        };
      },
      after: (ms, work) => life.calling(ms, work),
      job: async (id) => queuedJob(await store.readStream(`job-${id}`, 0, 1)),
      engine: () => Promise.resolve(ENGINE),
      app: () => Promise.resolve(APP),
      load: () => Promise.resolve(DATA),
      save: () => Promise.resolve('0'.repeat(64)),
      user: (id) => Promise.resolve({ id, name: id, roles: [] }),
      variables: () => Promise.resolve({ variables: {} }),
      submit: async (parent, request, child, order) => {
        const queued = childOf(parent, request, child, order);
        if (isRefusal(queued)) throw new Error(queued.message);
        const id = childIdOf(parent, child);
        const meta = { commandId: id, actor: request.owner, roles: [], correlation: parent };
        await world.bus.insist(life, { to: 'job', id, command: { ...queued, type: 'SubmitJob' }, meta });
        return id;
      },
      report: async (job, attempt, command) => {
        const meta = { commandId: uuidv5(job, `${command.type}:${attempt}`), actor, roles: [] };
        await world.bus.insist(life, { to: 'job', id: job, command, meta });
      },
    });
  }

  private makeHosts({ node, epoch }: LifeOf, joinedAt: Position, actor: string): SessionHosts {
    const { world, life, store } = this;
    return new SessionHosts({
      node: { id: node, epoch, name: node, joinedAt },
      store,
      packages: { engine: () => Promise.resolve(ENGINE), app: () => Promise.resolve(APP) },
      memoryMiB: 1,
      open: ({ onExit }) =>
        new Promise((resolve) => {
          if (world.random.chance(0.1))
            life.after(world.random.between(100, 5000), () => onExit({ message: 'it crashed' } as never));
          life.after(world.random.between(50, 1500), () => resolve(SESSION));
        }),
      user: (id) => Promise.resolve({ id, name: id, roles: [] }),
      load: () => Promise.resolve(DATA),
      keep: () => Promise.resolve('0'.repeat(64)),
      saved: {
        keep: () => Promise.resolve('0'.repeat(64)),
        load: () => Promise.resolve(DATA),
        forget: () => undefined,
      },
      after: (ms, work) => life.calling(ms, work),
      report: async (session, command) => {
        const meta = { commandId: world.random.uuid(), actor, roles: [] };
        await world.bus.insist(life, { to: 'session', id: session, command, meta });
      },
    });
  }
}

/** What an engine answers when it has come to an end. */
export const ended = (outcome: 'completed' | 'interrupted' | 'infeasible'): AttemptResult => ({
  is: 'ended',
  outcome,
  forced: false,
  solverStatus: 'Optimal',
  objective: 42,
  bound: 42,
  gap: 0,
  statistics: {},
  output: null,
});

// Nobody here looks into a package, a case or a process.
const ENGINE = {} as InstalledEngine;
const APP = { digest: '' } as InstalledApp;
const DATA = {} as CaseData;
const SESSION = { close: () => Promise.resolve(), load: () => Promise.resolve() } as unknown as DataSession;
const RECORDS = {
  open: () =>
    Promise.resolve({
      point: () => Promise.resolve(),
      log: () => undefined,
      incumbent: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }),
  incumbent: () => Promise.resolve(null),
} as unknown as AttemptStore;
