import { Inject, Injectable } from '@nestjs/common';
import { type EventStore, ReadSide, streamOf } from '@openpro/eventstore';
import { IdentityQueries } from '@openpro/identity';
import { refuse } from '@openpro/kernel';
import {
  type Actor,
  CONFIG,
  connection,
  EVENT_STORE,
  has,
  type Lazy,
  type PageRequest,
  type QueuePolicy,
  readPage,
  type ServerConfig,
  Where,
} from '@openpro/platform';
import { StorageQuotas } from '@openpro/storage';
import { DataSource } from 'typeorm';
import type { Environment, NoEnvironment } from './attempts.js';
import { groupsNamedIn, type JobGroup, type Keeper, nobodyIn, useOf, warningsOf } from './policy-use.js';
import { queuePolicyList, type QueuePolicyRow } from './queue-policy.projection.js';
import { NO_POLICY, type Policy, POLICY_ID, queuePolicy, type QueuePolicyEvent } from './queue-policy.js';
import { Sealing } from './sealing.js';

const NOBODY: QueuePolicyRow = { id: '0', version: 0, policy: NO_POLICY, reason: '', set_at: 0, set_by: '' };

const COLUMNS = ['id', 'version', 'policy', 'reason', 'set_at', 'set_by'] as const;

/** The policy of the queue as the read model has it: remembered until it reports another one. */
@Injectable()
export class QueuePolicies {
  readonly sealing: Sealing;
  private known: Promise<QueuePolicyRow> | null = null;

  constructor(
    private readonly db: DataSource,
    private readonly people: IdentityQueries,
    @Inject(CONFIG) { storageDir }: ServerConfig,
    readSide: ReadSide,
    private readonly storage: StorageQuotas,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {
    this.sealing = new Sealing(storageDir);
    readSide.onCommitted(({ projection }) => {
      if (projection === queuePolicyList.name) this.known = null;
    });
  }

  async policy(): Promise<Policy> {
    return (await this.row()).policy;
  }

  /**
   * As they are now, from the log: the leader goes by it, too. By a list that stands still this server would give back
   * what the leader gives it, again and again.
   */
  async variables(profile: string): Promise<Environment | NoEnvironment> {
    const [last] = await this.store.readStreamBack(streamOf(queuePolicy, POLICY_ID), 1);
    const { profiles } = (last?.event as QueuePolicyEvent | undefined)?.policy ?? NO_POLICY;
    const found = profiles.find(({ name }) => name === profile);
    return found
      ? this.sealing.environmentOf(found)
      : refuse('ProfileUnknown', `There is no worker profile ${profile} any more`);
  }

  async current(actor: Actor): Promise<Lazy<QueuePolicy>> {
    return this.view(actor, await this.row());
  }

  async history(actor: Actor, page: PageRequest) {
    const where = new Where().and`true`;
    const list = { columns: COLUMNS, where, order: ['version'], direction: 'DESC', page } as const;
    const rows = await readPage(this.db, queuePolicyList, list);
    return connection(
      rows,
      page.first,
      (row) => this.view(actor, row),
      ({ version }) => [version],
    );
  }

  private view(actor: Actor, { version, policy, reason, set_at, set_by }: QueuePolicyRow): Lazy<QueuePolicy> {
    const groups = (): Promise<readonly JobGroup[]> => this.groups();
    return {
      version,
      document: this.sealing.shown(policy, has(actor)),
      reason,
      setAt: version === 0 ? null : set_at,
      setBy: () => (version === 0 ? null : this.people.user(set_by)),
      use: async () => useOf(policy, await groups(), await this.keepers(actor, policy)),
      warnings: async () => [
        ...warningsOf(policy, await groups()),
        ...(await this.people.withoutMembers(groupsNamedIn(policy))).map(nobodyIn),
      ],
    };
  }

  /** Asked for only where there is a quota of it. */
  private async keepers({ environment }: Actor, { quotas }: Policy): Promise<readonly Keeper[]> {
    return quotas.some(({ storageGiB }) => storageGiB !== undefined) ? this.storage.kept(environment) : [];
  }

  private row(): Promise<QueuePolicyRow> {
    if (this.known) return this.known;
    const known = this.db
      .query<QueuePolicyRow[]>(`SELECT ${COLUMNS.join(', ')} FROM queue_policy ORDER BY version DESC LIMIT 1`)
      .then(([row]) => row ?? NOBODY);
    this.known = known;
    known.catch(() => {
      if (this.known === known) this.known = null;
    });
    return known;
  }

  /** All that waits and runs, alike counted together; what batches have not made yet waits, too. */
  private groups(): Promise<JobGroup[]> {
    return this.db.query(
      `SELECT j.owner, j.owner_name AS "ownerName", j.groups, j.app, j.version, j.profile,
              n.name AS server, j.state = 'running' AS running, count(*)::int AS count
         FROM job_list j LEFT JOIN node_list n ON n.id = j.node
        WHERE j.state IN ('queued', 'running')
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
       UNION ALL
       SELECT owner, owner_name, groups, app, version, NULL, NULL, false, sum(count - created)::int
         FROM batch_list WHERE NOT over AND created < count
        GROUP BY 1, 2, 3, 4, 5`,
    );
  }
}
