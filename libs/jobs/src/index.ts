export {
  job,
  type JobCommand,
  type JobError,
  type JobEvent,
  type JobOf,
  type JobResult,
  type PackageRef,
  type QueuedJob,
} from './job.js';
export type { BatchEvent } from './batch.js';
export { batchList } from './batch-list.projection.js';
export { cancelChildJobs } from './cancel-child-jobs.process.js';
export { submitBatch } from './submit-batch.process.js';
export { clusterTimeline } from './cluster-timeline.projection.js';
export { jobList, type JobRow } from './job-list.projection.js';
export { queuePolicyList } from './queue-policy.projection.js';
export { decidePlacements, type Placement } from './placement.js';
export { emptyQueue, evolveQueue, type Queue, queueFromRows } from './queue.js';
export { fireSchedules } from './fire-schedules.process.js';
export { releaseDependents } from './release-dependents.process.js';
export { requeueLostJobs } from './requeue-lost-jobs.process.js';
export { scheduleList } from './schedule-list.projection.js';
export { tariffList } from './tariff.projection.js';
export { Attempts } from './attempts.js';
export { AttemptStore } from './attempt-store.js';
export { Dispatcher } from './dispatcher.js';
export { ForBatch, ForJob, ForQueuePolicy } from './jobs.commands.js';
export { ForSchedule } from './schedules.commands.js';
export { JobsModule } from './jobs.module.js';
export { JobQueries } from './jobs.queries.js';
export { takeOver } from './take-over.queries.js';
