import { Inject, Injectable } from '@nestjs/common';
import {
  type AggregateCommand,
  type EventStore,
  ReadSide,
  type StreamName,
  TooBusy,
} from '@openpro/eventstore';
import { isRefusal, type Refusal } from '@openpro/kernel';
import { type Actor, EVENT_STORE, groupsOf, QUOTA_POOL } from '@openpro/platform';
import { StorageQuotas } from '@openpro/storage';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { batchList } from './batch-list.projection.js';
import { jobList } from './job-list.projection.js';
import { MAX_OPEN_JOBS, type OwnQuota, quotasOf } from './policy-index.js';
import { QueuePolicies } from './queue-policy.queries.js';
import {
  admission,
  type AdmissionStep,
  behind,
  COUNT_BEHIND,
  COUNTED_WITHIN_S,
  type Granted,
  granted,
  grantedByAll,
  spent,
} from './quotas.js';
import { scheduleList } from './schedule-list.projection.js';

const SEEN_WITHIN_MS = 2000;

/** Of these lists all is counted. */
const LISTS = [jobList, batchList, scheduleList].map(({ name }) => name);

/** `$1`: environment, `$3`: owners and groups. Only the owners of open jobs have an index. */
const theirs = (quotas: readonly OwnQuota[]): string =>
  quotas.some(({ per }) => per === 'group')
    ? 'l.environment = $1 AND (l.owner = ANY ($3) OR l.groups ?| $3)'
    : 'l.environment = $1 AND l.owner = ANY ($3)';

/**
 * Each job once, from the list that knows it first: those of a batch that goes on from its row, which knows from the
 * start how many it has; and runs that a schedule has decided until their job is there.
 */
const OPEN = (whose: string): string => `
  SELECT owner, groups, 1 AS amount FROM job_list l
   WHERE ${whose} AND state IN ('queued', 'running')
     AND (batch IS NULL OR NOT EXISTS (SELECT FROM batch_list b WHERE b.id = l.batch AND NOT b.over))
   UNION ALL
  SELECT owner, groups, count - (SELECT coalesce(sum(n::int), 0) FROM jsonb_each_text(ended) e (state, n))
    FROM batch_list l WHERE ${whose} AND NOT over
   UNION ALL
  SELECT owner, groups, 1 FROM schedule_list l, jsonb_array_elements_text(running) run
   WHERE ${whose} AND running <> '[]' AND NOT EXISTS (SELECT FROM job_list j WHERE j.id = run)`;

/** Of each attempt what of it lies in the month (`$4`) until now (`$5`), with the cores that the job has. */
const HOURS = (whose: string): string => `
  SELECT owner, groups,
         greatest(0, coalesce(a."endedAt", $5) - greatest(a."startedAt", $4))
         * coalesce((l.takes->>'cores')::float8, 1) / 3600000 AS amount
    FROM job_list l, jsonb_to_recordset(l.attempts) AS a("startedAt" int8, "endedAt" int8)
   WHERE ${whose} AND (l.ended_at IS NULL OR l.ended_at >= $4)`;

/** For all quotas in one look, in their order: `$2` says of each name in `$3` of what it is. */
const SUMS = (amounts: string): string => `
  WITH theirs AS MATERIALIZED (
    SELECT owner, groups, sum(amount) AS amount FROM (${amounts}) each GROUP BY owner, groups)
  SELECT coalesce(sum(amount), 0)::float8 AS found
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS quota (per, name, n)
    LEFT JOIN theirs ON CASE per WHEN 'user' THEN owner = name ELSE groups ? name END
   GROUP BY n ORDER BY n`;

/** Core-hours grow slowly, and counting them means to look at a month; so it is with what is far from the most. */
const COUNTED_AGAIN_MS = 30_000;
/** So long a full quota is believed to be full, unless a list changes before: a loop costs nobody else's time. */
const FULL_MS = 1000;
/** Servers that may submit for one user meanwhile. */
const AT_ONCE = 8;
const REMEMBERED = 10_000;

/** Who has stopped with the locks in his hand loses them, and nobody waits for them for ever. */
const BEGIN = `
  BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'; SET LOCAL lock_timeout = '${COUNTED_WITHIN_S}s'`;
/** In the order given: what is inside is in order before the first one is taken. */
const LOCK = `
  SELECT pg_advisory_xact_lock(hashtextextended(name, 0))
    FROM (SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS quota (name, n) ORDER BY n) AS ordered`;
const LOCK_NOT_AVAILABLE = '55P03';

const monthOf = (now: number): number => {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
};

/** Whose jobs they are. */
export type Holder = Pick<Actor, 'id' | 'name' | 'environment' | 'roles' | 'groups'>;

/**
 * For who is no person and asks again by himself: that nobody can count just now refuses nothing.
 * @throws TooBusy
 */
export const unlessBehind = (stream: StreamName, why?: Refusal): void => {
  if (why?.refused === COUNT_BEHIND) throw new TooBusy(stream);
};

/** Whatever the policy says: a loop ends somewhere. */
const capOf = ({ name }: Holder): OwnQuota => ({
  per: 'user',
  name,
  jobs: MAX_OPEN_JOBS,
  coreHours: Infinity,
});

/** What was counted then, and what has been submitted here since. */
interface Counted {
  readonly at: number;
  readonly found: number;
  since: number;
}

class Memory {
  private readonly known = new Map<string, Counted>();

  get(key: string, maxAgeMs: number): Counted | undefined {
    const found = this.known.get(key);
    return found && performance.now() - found.at < maxAgeMs ? found : undefined;
  }

  set(key: string, found: number): Counted {
    if (this.known.size >= REMEMBERED) this.known.clear();
    const counted = { at: performance.now(), found, since: 0 };
    this.known.set(key, counted);
    return counted;
  }

  clear(): void {
    this.known.clear();
  }
}

/** Lets nobody have more jobs waiting and running than the policy says. */
@Injectable()
export class Quotas {
  /** By owner, so that one who submits much waits for himself and for nobody else. */
  private readonly turns = new Map<string, Promise<unknown>>();
  private readonly hours = new Memory();
  private readonly open = new Memory();
  private readonly full = new Memory();

  constructor(
    private readonly policies: QueuePolicies,
    private readonly db: DataSource,
    private readonly readSide: ReadSide,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(QUOTA_POOL) private readonly pool: pg.Pool,
    private readonly storage: StorageQuotas,
  ) {
    readSide.onCommitted(({ projection }) => {
      if (LISTS.includes(projection)) this.full.clear();
    });
  }

  /** Why he may have no more of them just now, if so; others may be on their way. */
  async refusal(actor: Actor, jobs = 1): Promise<Refusal | undefined> {
    const { quotas, cap } = await this.under(actor);
    const soon = (await this.spent(actor, quotas)) ?? this.foundFull(actor, quotas, jobs)?.why;
    if (soon) return soon;
    const much = cap && granted(cap, await this.about(actor, cap, jobs), jobs).why;
    if (much) return much;
    const exact = quotas.filter((quota) => limitsJobs(quota) && quota !== cap);
    return grantedByAll(exact, await this.count(actor, exact), jobs).why;
  }

  /** Submits so many jobs, if that stays within every quota that the actor is under. */
  async within<T>(
    actor: Holder,
    command: AggregateCommand<unknown> | Refusal,
    jobs: number,
    submit: () => Promise<T | Refusal>,
  ): Promise<T | Refusal> {
    if (isRefusal(command)) return submit();
    return this.admitted(actor, jobs, async ({ why }) =>
      // What was submitted before is answered again, however many jobs there are by now.
      !why || (await this.wasDone(command)) ? submit() : why,
    );
  }

  /** Has so many of them submitted as there is room for, within every quota. */
  async admitted<T>(holder: Holder, asked: number, submit: (granted: Granted) => Promise<T>): Promise<T> {
    const { quotas, cap } = await this.under(holder);
    const why = await this.spent(holder, quotas);
    if (why) return submit({ jobs: 0, why, spent: true });
    const full = this.foundFull(holder, quotas, asked);
    if (full) return submit(full);
    if (cap) {
      const found = granted(cap, await this.about(holder, cap, asked), asked);
      const counted = this.open.get(keyOf(holder, cap), COUNTED_AGAIN_MS);
      if (counted) counted.since += found.jobs;
      if (found.why) return submit(found);
    }
    const exact = quotas.filter((quota) => limitsJobs(quota) && quota !== cap);
    if (exact.length === 0) return submit({ jobs: asked });
    return this.inTurn(holder, async () => {
      const known = this.foundFull(holder, exact, asked); // the one before has found out
      return known
        ? submit(known)
        : this.locked((client) => this.admit(client, holder, exact, asked), submit);
    });
  }

  /**
   * For what is counted otherwise: while it works, nobody else submits anything for this holder, on no server, and the
   * lists show all that was in the log when it began. It is told where they do not.
   */
  alone<T>(holder: Holder, work: (granted: Granted) => Promise<T>): Promise<T> {
    const alone = async (client: pg.PoolClient): Promise<Granted> => {
      await this.take(client, holder, { is: 'lock', quotas: [capOf(holder)] });
      return (await this.take(client, holder, { is: 'see' })) ? { jobs: 1 } : behind;
    };
    return this.inTurn(holder, () => this.locked(alone, work));
  }

  private async inTurn<T>(holder: Holder, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(holder.id) ?? Promise.resolve();
    const turn = before.then(work);
    const over = turn.catch(() => undefined);
    this.turns.set(holder.id, over);
    void over.then(() => this.turns.get(holder.id) === over && this.turns.delete(holder.id));
    return turn;
  }

  /**
   * While it is counted and submitted, nobody else submits under these quotas, on no server.
   *
   * The locks hang on this connection, the append goes over another one. Where the server dies, stands still for the 10 s
   * after which it loses the locks, or loses the database, after it has sent an append and before it has heard of it, the
   * locks are free and the append may still be written, once. Whoever counts between the two does not see it: then the
   * quotas are passed by what this one request submits, until so many jobs have ended, since it counts from then on. Only
   * an append that makes sure in its own transaction that the locks are still held would exclude that, and a KurrentDB
   * has no such append.
   */
  private async locked<T>(
    find: (client: pg.PoolClient) => Promise<Granted>,
    submit: (granted: Granted) => Promise<T>,
  ): Promise<T> {
    const client = await this.pool.connect();
    let broken = false;
    const lost = (): void => void (broken = true);
    client.on('error', lost);
    try {
      return await submit(await this.found(client, find));
    } finally {
      // Whatever went wrong in it, the connection is as good as before where it still takes this.
      await client.query('ROLLBACK').catch(lost);
      client.off('error', lost);
      client.release(broken);
    }
  }

  private async found(
    client: pg.PoolClient,
    find: (client: pg.PoolClient) => Promise<Granted>,
  ): Promise<Granted> {
    try {
      await client.query(BEGIN);
      return await find(client);
    } catch (error) {
      if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return behind;
      throw error;
    }
  }

  private async admit(
    client: pg.PoolClient,
    holder: Holder,
    quotas: readonly OwnQuota[],
    asked: number,
  ): Promise<Granted> {
    const steps = admission(quotas, asked);
    let step = steps.next();
    while (!step.done) step = steps.next((await this.take(client, holder, step.value)) as never);
    return step.value;
  }

  private async take(client: pg.PoolClient, holder: Holder, step: AdmissionStep): Promise<unknown> {
    switch (step.is) {
      case 'lock': {
        const names = step.quotas.map((quota) => `quota ${keyOf(holder, quota)}`);
        return client.query(LOCK, [names]);
      }
      case 'see': {
        const head = await this.store.head();
        const seen = LISTS.map((name) => this.readSide.waitFor(name, head, SEEN_WITHIN_MS));
        return (await Promise.all(seen)).every(Boolean);
      }
      case 'count': {
        const open = await this.count(holder, step.quotas);
        for (const [n, quota] of step.quotas.entries()) this.full.set(keyOf(holder, quota), open[n]!);
        return open;
      }
    }
  }

  /** That none has room for any, as was seen a moment ago. */
  private foundFull(holder: Holder, quotas: readonly OwnQuota[], asked: number): Granted | undefined {
    for (const quota of quotas) {
      const known = this.full.get(keyOf(holder, quota), FULL_MS);
      const found = known && granted(quota, known.found, asked);
      if (found?.why && found.jobs === 0) return found;
    }
    return undefined;
  }

  /** Counted seldom while there is much room, and more often the less there is. */
  private async about(holder: Holder, cap: OwnQuota, asked: number): Promise<number> {
    const key = keyOf(holder, cap);
    const known = this.open.get(key, COUNTED_AGAIN_MS);
    if (known && known.found + AT_ONCE * (known.since + asked) <= cap.jobs) return known.found + known.since;
    const [open] = await this.count(holder, [cap]);
    const { found } = this.open.set(key, open!);
    this.full.set(key, found);
    return found;
  }

  /** Of core-hours; and of storage, which the results of whatever he runs would fill further. */
  private async spent(holder: Holder, quotas: readonly OwnQuota[]): Promise<Refusal | undefined> {
    const limiting = quotas.filter(({ coreHours }) => coreHours < Infinity);
    const hours = await this.coreHours(holder, limiting);
    const why = limiting.map((quota, n) => spent(quota, hours[n]!)).find(Boolean);
    if (why) return why;
    const limited = (await this.policies.policy()).quotas.some(({ storageGiB }) => storageGiB !== undefined);
    return limited ? this.storage.over(holder) : undefined;
  }

  /** In this calendar month, at most so old; a job that says nothing of cores has one. */
  private async coreHours(holder: Holder, quotas: readonly OwnQuota[]): Promise<readonly number[]> {
    const now = Date.now();
    const month = monthOf(now);
    const key = (quota: OwnQuota): string => `${month} ${keyOf(holder, quota)}`;
    const known = quotas.map((quota) => this.hours.get(key(quota), COUNTED_AGAIN_MS));
    const old = quotas.filter((_quota, n) => !known[n]);
    const found = await this.sums(HOURS, holder, old, month, now);
    const anew = found.map((hours, n) => this.hours.set(key(old[n]!), hours));
    return known.map((one) => (one ?? anew.shift()!).found);
  }

  /** Of each quota, in their order. */
  private count(holder: Holder, quotas: readonly OwnQuota[]): Promise<readonly number[]> {
    return this.sums(OPEN, holder, quotas);
  }

  private async sums(
    amounts: (whose: string) => string,
    holder: Holder,
    quotas: readonly OwnQuota[],
    ...more: readonly number[]
  ): Promise<readonly number[]> {
    if (quotas.length === 0) return [];
    const rows = await this.db.query<{ found: number }[]>(SUMS(amounts(theirs(quotas))), [
      holder.environment,
      quotas.map(({ per }) => per),
      quotas.map(({ per, name }) => (per === 'user' ? holder.id : name)),
      ...more,
    ]);
    return rows.map(({ found }) => found);
  }

  /** All that he is under; the last resort where nothing else bounds him. */
  private async under(holder: Holder): Promise<{ quotas: readonly OwnQuota[]; cap?: OwnQuota }> {
    const subject = { ownerName: holder.name, groups: groupsOf(holder) };
    const quotas = quotasOf(await this.policies.policy(), subject);
    if (quotas.some(({ per, jobs }) => per === 'user' && jobs <= MAX_OPEN_JOBS)) return { quotas };
    const cap = capOf(holder);
    return { quotas: [...quotas, cap], cap };
  }

  private async wasDone({ id, meta }: AggregateCommand<unknown>): Promise<boolean> {
    const streams = [`job-${id}`, `batch-${id}`];
    const found = await Promise.all(streams.map((stream) => this.store.readStream(stream)));
    return found.flat().some(({ commandId }) => commandId === meta.commandId);
  }
}

const limitsJobs = ({ jobs }: OwnQuota): boolean => jobs < Infinity;

/** Of whose jobs it is the quota. */
const keyOf = ({ environment, id }: Holder, { per, name }: OwnQuota): string =>
  `${per} ${environment} ${per === 'user' ? id : name}`;
