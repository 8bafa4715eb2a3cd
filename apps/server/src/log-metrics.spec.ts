import { describe, expect, it } from '@jest/globals';
import type { Recorded } from '@openpro/eventstore';
import { Metrics } from '@openpro/platform';
import { LogMetrics } from './log-metrics.js';

const S = 1000;
const at = { attempt: 1, node: 'n', nodeEpoch: 1 };

const counted = async (...events: [atS: number, stream: string, event: object][]) => {
  const metrics = new Metrics();
  const log = new LogMetrics(metrics, { id: 'n', epoch: 1 });
  for (const [seconds, stream, event] of events) {
    const recorded = { at: seconds * S, stream, event, context: 'jobs', correlation: 'c', commandId: 'c' };
    log.see(recorded as unknown as Recorded);
  }
  const text = await metrics.text();
  return (...lines: string[]) => {
    for (const line of lines) expect(text).toContain(`openpro_${line}\n`);
  };
};

describe('the log', () => {
  it('tells how long jobs waited and ran, and how they ended', async () => {
    const says = await counted(
      [0, 'job-1', { type: 'JobQueued' }],
      [3, 'job-1', { type: 'JobStarted', ...at }],
      [10, 'job-1', { type: 'JobRequeued', ...at, reason: 'node-lost' }],
      [11, 'job-1', { type: 'JobStarted', ...at, attempt: 2 }],
      [31, 'job-1', { type: 'JobCompleted', ...at, outcome: 'timeLimit' }],
    );
    says(
      'job_wait_seconds_sum 4',
      'job_wait_seconds_count 2',
      'jobs_requeued_total{reason="node-lost"} 1',
      'attempt_duration_seconds_sum{outcome="requeued"} 7',
      'attempt_duration_seconds_sum{outcome="timeLimit"} 20',
      'jobs_ended_total{outcome="timeLimit"} 1',
      'log_events_total{context="jobs"} 5',
    );
  });

  it('counts no attempt for a job that was cancelled while it waited', async () => {
    const says = await counted(
      [0, 'job-1', { type: 'JobQueued' }],
      [9, 'job-1', { type: 'JobCancelled', attempt: null, node: null, nodeEpoch: null }],
    );
    says('jobs_ended_total{outcome="cancelled"} 1', 'job_wait_seconds_count 0');
  });

  it('counts what ends here though it began before this server did, without a time', async () => {
    const says = await counted(
      [9, 'job-1', { type: 'JobFailed', ...at }],
      [9, 'job-2', { type: 'JobStarted', ...at }],
    );
    says('jobs_ended_total{outcome="failed"} 1', 'job_wait_seconds_count 0');
  });

  it('tells of leaders and deaths', async () => {
    const says = await counted(
      [0, 'leadership-cluster', { type: 'LeaderElected', node: 'n', epoch: 1 }],
      [1, 'node-m', { type: 'NodeDeclaredDead', epoch: 1, reason: 'no beat' }],
    );
    says('leader_elections_total 1', 'servers_declared_dead_total 1');
  });
});
