import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { type Pulse, PulseQueries } from '@openpro/cluster';
import { EnginePool } from '@openpro/engine';
import { type EventStore, follow, type Following, ReadSide } from '@openpro/eventstore';
import { Attempts, Dispatcher } from '@openpro/jobs';
import {
  CONFIG,
  EVENT_STORE,
  Metrics,
  NODE,
  reportTo,
  type ServerConfig,
  type ThisNode,
} from '@openpro/platform';
import { SessionHosts } from '@openpro/sessions';
import { LogMetrics } from './log-metrics.js';

/** Several numbers of one answer share one question. */
const PULSE_MS = 1000;

/** The numbers of a server with the pro role, read from whoever knows them. */
@Injectable()
export class ServerMetrics implements OnApplicationBootstrap, OnModuleDestroy {
  private following: Following | null = null;
  private asked: { readonly at: number; readonly pulse: Promise<Pulse> } | null = null;

  constructor(
    private readonly metrics: Metrics,
    private readonly queries: PulseQueries,
    private readonly pool: EnginePool,
    private readonly readSide: ReadSide,
    private readonly attempts: Attempts,
    private readonly dispatcher: Dispatcher,
    private readonly hosts: SessionHosts,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(NODE) private readonly node: ThisNode,
    @Inject(CONFIG) private readonly config: ServerConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.metrics.ofProcess();
    this.ofReadSide();
    this.ofWork();
    this.ofCluster();
    const counted = new LogMetrics(this.metrics, this.node);
    this.following = follow(
      this.store,
      this.node.joinedAt,
      (events) => events.forEach((event) => counted.see(event)),
      reportTo(new Logger('Metrics')),
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.following?.stop();
  }

  private ofReadSide(): void {
    const { metrics, readSide } = this;
    metrics.gauge(
      'openpro_consumer_lag_seconds',
      'How old the event is at which a projection or process stands; 0 at the end of the log',
      ['consumer'],
      () => readSide.health().map(({ name, lagMs }) => [lagMs / 1000, { consumer: name }]),
    );
    metrics.gauge(
      'openpro_consumer_state',
      'Of each projection and process: 1 for the state that it is in',
      ['consumer', 'state'],
      () => readSide.health().map(({ name, state }) => [1, { consumer: name, state }]),
    );
    metrics.gauge(
      'openpro_outbox_commands',
      'Commands that a process has issued and that are not yet done',
      ['process'],
      () =>
        readSide
          .health()
          .flatMap(({ name, commandsWaiting: waiting }) =>
            waiting === undefined ? [] : [[waiting, { process: name }] as const],
          ),
    );
  }

  private ofWork(): void {
    const { metrics, pool, dispatcher } = this;
    metrics.gauge('openpro_slots', 'Jobs that may run at once on this server', [], () => this.config.slots);
    metrics.gauge('openpro_attempts_running', 'Jobs that run on this server', [], () => this.attempts.count);
    metrics.gauge('openpro_sessions', 'Data sessions on this server', [], () => this.hosts.count);
    metrics.gauge(
      'openpro_queue_jobs',
      'Jobs of the whole cluster that wait or run; told by the leader',
      ['state'],
      () => {
        const load = dispatcher.load;
        return load ? (['waiting', 'running'] as const).map((state) => [load[state], { state }]) : [];
      },
    );
    metrics.gauge('openpro_queue_slots', 'Slots of the whole cluster; told by the leader', ['state'], () => {
      const load = dispatcher.load;
      if (!load) return [];
      return [
        [load.taken, { state: 'taken' }],
        [load.slots - load.taken, { state: 'free' }],
      ];
    });
    metrics.gauge(
      'openpro_engine_processes',
      'Engine processes: warm ones wait for their first run, idle ones for another',
      ['state'],
      () => {
        const stats = pool.stats();
        return (['warm', 'idle', 'busy'] as const).map((state) => [stats[state], { state }]);
      },
    );
    metrics.total(
      'openpro_engine_processes_started_total',
      'Engine processes started',
      () => pool.stats().started,
    );
    metrics.total(
      'openpro_engine_processes_reused_total',
      'Runs that got the process of an earlier run',
      () => pool.stats().reused,
    );
  }

  private ofCluster(): void {
    const { metrics } = this;
    metrics.gauge('openpro_leading', '1 when this server leads, else 0', [], async () =>
      (await this.pulse()).leads ? 1 : 0,
    );
    metrics.gauge(
      'openpro_leader_epoch',
      'The epoch of the leader, 0 when nobody leads',
      [],
      async () => (await this.pulse()).epoch ?? 0,
    );
    metrics.gauge(
      'openpro_heartbeat_age_seconds',
      'How long, at least, the beat of this server has stood still',
      [],
      async () => (await this.pulse()).beatAgeMs / 1000,
    );
  }

  private pulse(): Promise<Pulse> {
    const at = performance.now();
    if (!this.asked || at - this.asked.at >= PULSE_MS) this.asked = { at, pulse: this.queries.pulse() };
    return this.asked.pulse;
  }
}
