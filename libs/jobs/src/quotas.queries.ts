import { Inject, Injectable } from '@nestjs/common';
import { type AggregateCommand, type EventStore, ReadSide } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import { type Actor, EVENT_STORE, QUOTA_POOL } from '@openpro/platform';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { batchList } from './batch-list.projection.js';
import { jobList } from './job-list.projection.js';
import { MAX_OPEN_JOBS, type OwnQuota, quotasOf } from './policy-index.js';
import { QueuePolicies } from './queue-policy.queries.js';

const SEEN_WITHIN_MS = 2000;

/** What batches have not made yet counts, too. */
const OF_USER = `
  SELECT (SELECT count(*) FROM job_list WHERE owner = $1 AND state IN ('queued', 'running'))
       + (SELECT coalesce(sum(count - created), 0) FROM batch_list
           WHERE owner = $1 AND cancelled_at IS NULL AND created < count) AS jobs`;
const OF_GROUP = `
  SELECT count(*) AS jobs FROM job_list WHERE state IN ('queued', 'running') AND groups ? $1`;

/** Lets nobody have more jobs waiting and running than the policy says. */
@Injectable()
export class Quotas {
  /** By owner, so that one who submits much waits for himself and for nobody else. */
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly policies: QueuePolicies,
    private readonly db: DataSource,
    private readonly readSide: ReadSide,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(QUOTA_POOL) private readonly pool: pg.Pool,
  ) {}

  /** Why he may have no other job just now, if so; another one may be on its way. */
  async refusal(actor: Actor): Promise<Refusal | undefined> {
    const quotas = quotasOf(await this.policies.policy(), { ownerName: actor.name, groups: actor.roles });
    return this.full(actor, [...quotas, { per: 'user', name: actor.name, jobs: MAX_OPEN_JOBS }], 1);
  }

  /** Submits so many jobs, if that stays within every quota that the actor is under. */
  async within<T>(
    actor: Actor,
    command: AggregateCommand<unknown> | Refusal,
    jobs: number,
    submit: () => Promise<T | Refusal>,
  ): Promise<T | Refusal> {
    if (isRefusal(command)) return submit();
    const quotas = quotasOf(await this.policies.policy(), { ownerName: actor.name, groups: actor.roles });
    const most = { per: 'user', name: actor.name, jobs: MAX_OPEN_JOBS } as const;
    const full = await this.full(actor, [...quotas, most], jobs);
    // What was submitted before is answered again, however many jobs there are by now.
    if (full) return (await this.wasDone(command)) ? submit() : full;
    return quotas.length === 0 ? submit() : this.inTurn(actor, quotas, jobs, submit);
  }

  private async inTurn<T>(
    actor: Actor,
    quotas: readonly OwnQuota[],
    jobs: number,
    submit: () => Promise<T | Refusal>,
  ): Promise<T | Refusal> {
    const before = this.turns.get(actor.id) ?? Promise.resolve();
    const turn = before.then(() => this.locked(actor, quotas, jobs, submit));
    const over = turn.catch(() => undefined);
    this.turns.set(actor.id, over);
    void over.then(() => this.turns.get(actor.id) === over && this.turns.delete(actor.id));
    return turn;
  }

  /** While it is counted and submitted, nobody else submits under these quotas, on no server. */
  private async locked<T>(
    actor: Actor,
    quotas: readonly OwnQuota[],
    jobs: number,
    submit: () => Promise<T | Refusal>,
  ): Promise<T | Refusal> {
    const client = await this.pool.connect();
    let broken = false;
    try {
      await client.query('BEGIN');
      for (const key of quotas.map(({ per, name }) => `${per} ${name}`).sort())
        await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`quota ${key}`]);
      const head = await this.store.head();
      const seen = await Promise.all(
        [jobList, batchList].map(({ name }) => this.readSide.waitFor(name, head, SEEN_WITHIN_MS)),
      );
      if (!seen.every(Boolean))
        return refuse('CountBehind', 'Your jobs cannot be counted just now: try again in a moment');
      return (await this.full(actor, quotas, jobs)) ?? (await submit());
    } catch (error) {
      broken = true;
      throw error;
    } finally {
      await client.query('ROLLBACK').catch(() => (broken = true));
      client.release(broken);
    }
  }

  /** Why not, if so. */
  private async full(actor: Actor, quotas: readonly OwnQuota[], jobs: number): Promise<Refusal | undefined> {
    for (const { per, name, jobs: most } of quotas) {
      const [sql, of] = per === 'user' ? [OF_USER, actor.id] : [OF_GROUP, name];
      const [row] = await this.db.query<{ jobs: number }[]>(sql, [of]);
      const open = Number(row?.jobs ?? 0);
      if (open + jobs > most)
        return refuse(
          'QuotaExceeded',
          `${per === 'user' ? 'You have' : `Group ${name} has`} ${open} jobs waiting or running, and may have ${most}: wait until some have ended`,
          { limit: `${most} jobs` },
        );
    }
    return undefined;
  }

  private async wasDone({ id, meta }: AggregateCommand<unknown>): Promise<boolean> {
    const streams = [`job-${id}`, `batch-${id}`];
    const found = await Promise.all(streams.map((stream) => this.store.readStream(stream)));
    return found.flat().some(({ commandId }) => commandId === meta.commandId);
  }
}
