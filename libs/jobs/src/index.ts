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
export { jobList, type JobRow, queuedJobOf } from './job-list.projection.js';
export { decidePlacements, type Placement } from './placement.js';
export { emptyQueue, evolveQueue, type Queue, queueFromRows } from './queue.js';
export { requeueLostJobs } from './requeue-lost-jobs.process.js';
