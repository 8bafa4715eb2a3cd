import { nodeList, type NodeRow } from '../../libs/cluster/src/node-list.projection.js';
import type { NodeEvent } from '../../libs/cluster/src/node.js';
import { type Recorded, START } from '../../libs/eventstore/src/event-store.js';
import type { Projection } from '../../libs/eventstore/src/read-side.js';
import type { Snapshot } from '../../libs/jobs/src/dispatcher.js';
import { jobList, type JobRow } from '../../libs/jobs/src/job-list.projection.js';
import type { JobEvent } from '../../libs/jobs/src/job.js';
import { queueFromRows } from '../../libs/jobs/src/queue.js';
import { licenceList, type LicenceRow } from '../../libs/licensing/src/licence-list.projection.js';
import { licenceUse, type LicenceUseRow } from '../../libs/licensing/src/licence-use.projection.js';
import type { LicenceEvent } from '../../libs/licensing/src/licence.js';
import type { DomainEvent } from '../../libs/kernel/src/index.js';
import type { LifeOf } from './lease.js';
import type { Random } from './random.js';

/** One table, behind the log as far as chance wants it. */
class Table<Row extends object, E extends DomainEvent> {
  readonly rows = new Map<string, Row>();
  position = 0;

  constructor(
    private readonly projection: Projection<Row, E>,
    private readonly log: readonly Recorded[],
  ) {}

  catchUp(to: number): void {
    const { on, keyOf, evolve } = this.projection;
    for (; this.position < to; this.position++) {
      const recorded = this.log[this.position] as Recorded<E>;
      const key = on.includes(recorded.event.type) ? keyOf(recorded) : undefined;
      const row = key === undefined ? undefined : evolve(this.rows.get(key), recorded);
      if (key === undefined) continue;
      if (row === undefined) this.rows.delete(key);
      else this.rows.set(key, row);
    }
  }
}

/** What a new leader reads: the rows as the real projections make them, each table up to a checkpoint of its own. */
export class ReadModel {
  private readonly jobs: Table<JobRow, JobEvent>;
  private readonly nodes: Table<NodeRow, NodeEvent>;
  private readonly licences: Table<LicenceRow, LicenceEvent>;
  private readonly uses: Table<LicenceUseRow, LicenceEvent>;

  constructor(
    private readonly log: readonly Recorded[],
    private readonly random: Random,
    /** A mutant: the newest checkpoint counts instead of the oldest. */
    private readonly believesNewest: boolean,
  ) {
    this.jobs = new Table(jobList, log);
    this.nodes = new Table(nodeList, log);
    this.licences = new Table(licenceList as Projection<LicenceRow, never>, log);
    this.uses = new Table(licenceUse as Projection<LicenceUseRow, never>, log);
  }

  joined(): readonly LifeOf[] {
    this.catchUp(this.nodes);
    return [...this.nodes.rows.values()]
      .filter(({ state }) => state === 'joined')
      .map(({ id, epoch }) => ({ node: id, epoch }));
  }

  takeOver(): Promise<Snapshot> {
    const { log, jobs, nodes, licences, uses } = this;
    const tables = [jobs, nodes, licences, uses];
    for (const table of tables) this.catchUp(table);
    const positions = tables.map((table) => table.position);
    const position = this.believesNewest ? Math.max(...positions) : Math.min(...positions);
    const live = [...jobs.rows.values()].filter(({ state }) => state === 'queued' || state === 'running');
    return Promise.resolve({
      queue: queueFromRows(live, [...nodes.rows.values()], undefined, {
        licences: [...licences.rows.values()],
        uses: [...uses.rows.values()].filter(({ kind }) => kind === 'optimization'),
      }),
      position: position === 0 ? START : log[position - 1]!.position,
    });
  }

  private catchUp(table: { readonly position: number; catchUp(to: number): void }): void {
    table.catchUp(Math.max(table.position, this.log.length - this.random.between(0, 12)));
  }
}
