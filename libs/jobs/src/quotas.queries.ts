import { Inject, Injectable } from '@nestjs/common';
import { type AggregateCommand, type EventStore, ReadSide } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import { type Actor, EVENT_STORE, groupsOf, QUOTA_POOL } from '@openpro/platform';
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
           WHERE owner = $1 AND cancelled_at IS NULL AND created < count) AS found`;
const OF_GROUP = `
  SELECT count(*) AS found FROM job_list WHERE state IN ('queued', 'running') AND groups ? $1`;

/** Of each attempt what of it lies in the month, with the cores that the job has. */
const HOURS = (whose: string): string => `
  SELECT coalesce(sum(
           greatest(0, coalesce(a."endedAt", $3) - greatest(a."startedAt", $2))
           * coalesce((j.takes->>'cores')::float8, 1)), 0) / 3600000 AS found
    FROM job_list j, jsonb_to_recordset(j.attempts) AS a("startedAt" int8, "endedAt" int8)
   WHERE ${whose} AND (j.ended_at IS NULL OR j.ended_at >= $2)`;
const HOURS_OF_USER = HOURS('j.owner = $1');
const HOURS_OF_GROUP = HOURS('j.groups ? $1');

/** Core-hours grow slowly, and counting them means to look at a month. */
const COUNTED_AGAIN_MS = 30_000;
const REMEMBERED = 10_000;

const monthOf = (now: number): number => {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
};

/** Whatever the policy says: a loop ends somewhere. */
const mostOf = ({ name }: Actor): OwnQuota => ({
  per: 'user',
  name,
  jobs: MAX_OPEN_JOBS,
  coreHours: Infinity,
});

/** Lets nobody have more jobs waiting and running than the policy says. */
@Injectable()
export class Quotas {
  /** By owner, so that one who submits much waits for himself and for nobody else. */
  private readonly turns = new Map<string, Promise<unknown>>();
  private readonly used = new Map<string, { readonly at: number; readonly hours: number }>();

  constructor(
    private readonly policies: QueuePolicies,
    private readonly db: DataSource,
    private readonly readSide: ReadSide,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(QUOTA_POOL) private readonly pool: pg.Pool,
  ) {}

  /** Why he may have no other job just now, if so; another one may be on its way. */
  async refusal(actor: Actor): Promise<Refusal | undefined> {
    const quotas = quotasOf(await this.policies.policy(), { ownerName: actor.name, groups: groupsOf(actor) });
    return this.full(actor, [...quotas, mostOf(actor)], 1);
  }

  /** Submits so many jobs, if that stays within every quota that the actor is under. */
  async within<T>(
    actor: Actor,
    command: AggregateCommand<unknown> | Refusal,
    jobs: number,
    submit: () => Promise<T | Refusal>,
  ): Promise<T | Refusal> {
    if (isRefusal(command)) return submit();
    const quotas = quotasOf(await this.policies.policy(), { ownerName: actor.name, groups: groupsOf(actor) });
    const full = await this.full(actor, [...quotas, mostOf(actor)], jobs);
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
    for (const { per, name, jobs: most, coreHours } of quotas) {
      const [who, has] = per === 'user' ? (['You', 'have'] as const) : ([`Group ${name}`, 'has'] as const);
      const of = per === 'user' ? actor.id : name;
      const open = most === Infinity ? 0 : await this.number(per === 'user' ? OF_USER : OF_GROUP, [of]);
      if (open + jobs > most)
        return refuse(
          'QuotaExceeded',
          `${who} ${has} ${open} jobs waiting or running, and may have ${most}: wait until some have ended`,
          { limit: `${most} jobs` },
        );
      const used = coreHours === Infinity ? 0 : await this.coreHours(per, of);
      if (used >= coreHours)
        return refuse(
          'QuotaExceeded',
          `${who} ${has} used ${Number(used.toPrecision(3))} core-hours this month, and may use ${coreHours}: wait for the next one, or ask an administrator`,
          { limit: `${coreHours} core-hours` },
        );
    }
    return undefined;
  }

  /** In this calendar month, at most so old; a job that says nothing of cores has one. */
  private async coreHours(per: OwnQuota['per'], of: string): Promise<number> {
    const now = Date.now();
    const month = monthOf(now);
    const key = `${per} ${of} ${month}`;
    const known = this.used.get(key);
    if (known && now - known.at < COUNTED_AGAIN_MS) return known.hours;
    const hours = await this.number(per === 'user' ? HOURS_OF_USER : HOURS_OF_GROUP, [of, month, now]);
    if (this.used.size >= REMEMBERED) this.used.clear();
    this.used.set(key, { at: now, hours });
    return hours;
  }

  private async number(sql: string, values: readonly unknown[]): Promise<number> {
    const [row] = await this.db.query<{ found: number }[]>(sql, [...values]);
    return Number(row?.found ?? 0);
  }

  private async wasDone({ id, meta }: AggregateCommand<unknown>): Promise<boolean> {
    const streams = [`job-${id}`, `batch-${id}`];
    const found = await Promise.all(streams.map((stream) => this.store.readStream(stream)));
    return found.flat().some(({ commandId }) => commandId === meta.commandId);
  }
}
