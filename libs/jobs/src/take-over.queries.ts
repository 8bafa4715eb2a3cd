import type { NodeRow } from '@openpro/cluster';
import { entityOf, type Position, START } from '@openpro/eventstore';
import { type DataSource, In } from 'typeorm';
import type { Snapshot } from './dispatcher.js';
import { jobList } from './job-list.projection.js';
import { queueFromRows } from './queue.js';

const LIVE = ['queued', 'running'];

/**
 * The queue as the read model has it, and the log position up to which that is true: what a new
 * leader starts from. One snapshot of the database, so that rows and position belong together;
 * of the projections involved the one that is behind counts, and following again from there changes nothing.
 */
export const takeOver = (db: DataSource): Promise<Snapshot> =>
  db.transaction('REPEATABLE READ', async (tx) => {
    const checkpoints = await tx.query<{ position: Position }[]>(
      'SELECT position FROM checkpoint WHERE name = ANY($1)',
      [[`${jobList.name}@${jobList.version}`, 'node_list@1']],
    );
    const jobs = await tx.getRepository(entityOf(jobList)).findBy({ state: In(LIVE) });
    const nodes = await tx.query<NodeRow[]>("SELECT * FROM node_list WHERE state = 'joined'");
    const position = checkpoints.map((row) => row.position).sort()[0] ?? START;
    return { queue: queueFromRows(jobs, nodes), position };
  });
