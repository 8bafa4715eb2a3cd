import { nodeList, type NodeRow } from '@openpro/cluster';
import { type Position, START } from '@openpro/eventstore';
import { licenceList, licenceUse } from '@openpro/licensing';
import type { DataSource } from 'typeorm';
import type { Snapshot } from './dispatcher.js';
import { jobList } from './job-list.projection.js';
import { queueFromRows, type QueueJobRow, type SeatRows } from './queue.js';
import { queuePolicyList, type QueuePolicyRow } from './queue-policy.projection.js';

const SOURCES = [jobList, nodeList, queuePolicyList, licenceList, licenceUse];

/**
 * The queue as the read model has it, and the log position up to which that is true: what a new
 * leader starts from. One snapshot of the database, so that rows and position belong together;
 * of the projections involved the one that is behind counts, and following again from there changes nothing.
 */
export const takeOver = (db: DataSource): Promise<Snapshot> =>
  db.transaction('REPEATABLE READ', async (tx) => {
    const checkpoints = await tx.query<{ position: Position }[]>(
      'SELECT position FROM checkpoint WHERE name = ANY($1)',
      [SOURCES.map(({ name, version }) => `${name}@${version}`)],
    );
    // Ten thousand of them: no column and no object more than the queue needs, because nobody leads meanwhile.
    const jobs = await tx.query<QueueJobRow[]>(
      `SELECT id, environment, owner, owner_name, groups, app, procedure, time_limit, profile, licence, memory_mib, cores,
              labels, priority, queued_at, attempt, node_lost, node, node_epoch, started_at, waits_since, takes, held
         FROM job_list WHERE state IN ('queued', 'running')`,
    );
    const nodes = await tx.query<NodeRow[]>("SELECT * FROM node_list WHERE state = 'joined'");
    const [policy] = await tx.query<Pick<QueuePolicyRow, 'policy'>[]>(
      'SELECT policy FROM queue_policy ORDER BY version DESC LIMIT 1',
    );
    const licences = await tx.query<[...SeatRows['licences']]>(
      'SELECT id, title, optimization_seats, users FROM licence_list',
    );
    const uses = await tx.query<[...SeatRows['uses']]>(
      "SELECT id, licence FROM licence_use WHERE kind = 'optimization'",
    );
    const known = checkpoints.length === SOURCES.length; // one without a checkpoint has not begun
    const position = (known && checkpoints.map((row) => row.position).sort()[0]) || START;
    return { queue: queueFromRows(jobs, nodes, policy?.policy, { licences, uses }), position };
  });
