import type { LeadershipEvent, NodeEvent } from '@openpro/cluster';
import type { Recorded } from '@openpro/eventstore';
import type { JobEvent } from '@openpro/jobs';
import { idOf } from '@openpro/kernel';
import { type Metrics, type ThisNode, tracePast } from '@openpro/platform';

const SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 86_400];
/** Of so many jobs it is remembered since when they wait or run; of the others the times are not told. */
const MAX_JOBS = 100_000;

interface Since {
  readonly at: number;
  readonly correlation: string;
  readonly commandId: string;
}

/**
 * Counts what the log says, and not what the code at hand does: so it counts what has happened, wherever it was
 * done. Every server counts all of it, from its start on.
 */
export class LogMetrics {
  private readonly since = new Map<string, Since>();
  private readonly events;
  private readonly ended;
  private readonly requeued;
  private readonly waits;
  private readonly attempts;
  private readonly elections;
  private readonly deaths;

  constructor(
    metrics: Metrics,
    private readonly node: Pick<ThisNode, 'id' | 'epoch'>,
  ) {
    this.events = metrics.counter('openpro_log_events_total', 'Events in the log by context', ['context']);
    this.ended = metrics.counter('openpro_jobs_ended_total', 'Jobs that have ended by outcome', ['outcome']);
    this.requeued = metrics.counter('openpro_jobs_requeued_total', 'Jobs given back to the queue by reason', [
      'reason',
    ]);
    this.waits = metrics.histogram(
      'openpro_job_wait_seconds',
      'From being queued, or queued again, to the start of an attempt',
      [],
      SECONDS,
    );
    this.attempts = metrics.histogram(
      'openpro_attempt_duration_seconds',
      'From the start of an attempt to its end by outcome; a requeue is one',
      ['outcome'],
      SECONDS,
    );
    this.elections = metrics.counter('openpro_leader_elections_total', 'Leaders elected');
    this.deaths = metrics.counter('openpro_servers_declared_dead_total', 'Servers taken for dead');
  }

  see(recorded: Recorded): void {
    const { context, stream, at } = recorded;
    const event = recorded.event as JobEvent | NodeEvent | LeadershipEvent;
    const job = idOf(stream);
    this.events.inc({ context });
    switch (event.type) {
      case 'JobQueued':
      case 'JobReleased': // until then it waited for other jobs, and not for a server
        return this.remember(job, recorded);
      case 'JobStarted': {
        const before = this.since.get(job);
        this.remember(job, recorded);
        if (!before) return;
        this.waits.observe((at - before.at) / 1000);
        if (event.node === this.node.id && event.nodeEpoch === this.node.epoch)
          tracePast('wait in the queue', { 'openpro.job': job }, before, { from: before.at, to: at });
        return;
      }
      case 'JobRequeued':
        this.requeued.inc({ reason: event.reason });
        this.attemptEnded(job, at, 'requeued');
        return this.remember(job, recorded);
      case 'JobCompleted':
        return this.end(job, at, event.outcome, true);
      case 'JobFailed':
        return this.end(job, at, 'failed', true);
      case 'JobCancelled':
        return this.end(job, at, 'cancelled', event.attempt !== null);
      case 'JobAbandoned':
        return this.end(job, at, 'abandoned', true);
      case 'LeaderElected':
        return void this.elections.inc();
      case 'NodeDeclaredDead':
        return void this.deaths.inc();
      case 'JobPrioritized':
      case 'JobDependentAdded':
      case 'JobChildAdded':
      case 'JobChildrenCancelled':
      case 'JobAttemptMeasured':
      case 'JobDependencyMet':
      case 'JobInterruptRequested':
      case 'NodeInvited':
      case 'NodeAdmitted':
      case 'NodeJoined':
      case 'NodeLeft':
      case 'NodeDrainStarted':
      case 'NodeResumed':
      case 'NodeRemoved':
        return;
    }
  }

  private end(job: string, at: number, outcome: string, ran: boolean): void {
    this.ended.inc({ outcome });
    if (ran) this.attemptEnded(job, at, outcome);
    this.since.delete(job);
  }

  private attemptEnded(job: string, at: number, outcome: string): void {
    const started = this.since.get(job);
    if (started) this.attempts.observe({ outcome }, (at - started.at) / 1000);
  }

  private remember(job: string, { at, correlation, commandId }: Recorded): void {
    if (this.since.size < MAX_JOBS || this.since.has(job))
      this.since.set(job, { at, correlation, commandId });
  }
}
