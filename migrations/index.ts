import { EventLog } from './0001-event-log.js';
import { ReadSideTables } from './0002-read-side.js';
import { ReadModel } from './0003-read-model.js';
import { ClusterTables } from './0004-cluster.js';
import { ClusterReadModel } from './0005-cluster.js';
import { SavedSessions } from './0006-sessions.js';
import { LeaderFence } from './0007-leader-fence.js';
import { LogIdentity } from './0008-log-identity.js';
import { RepeatedJobs } from './0009-repeated-jobs.js';
import { QueuePolicyTables } from './0010-queue-policy.js';
import { Licences } from './0011-licences.js';
import { Schedules } from './0012-schedules.js';
import { Batches } from './0013-batches.js';
import { StatisticsTables } from './0014-statistics.js';
import { Dependencies } from './0015-dependencies.js';
import { StoppedAndClonedJobs } from './0016-stopped-and-cloned-jobs.js';
import { ChildJobs } from './0017-child-jobs.js';
import { QuotaColumns } from './0018-quotas.js';
import { Groups } from './0019-groups.js';
import { WaitsForSeats } from './0020-waits-for-seats.js';
import { StorageQuotas } from './0022-storage-quotas.js';
import { StreamSnapshots } from './0023-stream-snapshots.js';
import { Removing } from './0024-removing.js';

/** In the order in which they run; never changed once released. */
export const migrations = [
  EventLog,
  ReadSideTables,
  ReadModel,
  ClusterTables,
  ClusterReadModel,
  SavedSessions,
  LeaderFence,
  LogIdentity,
  RepeatedJobs,
  QueuePolicyTables,
  Licences,
  Schedules,
  Batches,
  StatisticsTables,
  Dependencies,
  StoppedAndClonedJobs,
  ChildJobs,
  QuotaColumns,
  Groups,
  WaitsForSeats,
  StorageQuotas,
  StreamSnapshots,
  Removing,
];
