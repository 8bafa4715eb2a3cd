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
  type Granted,
  granted,
  spent,
} from './quotas.js';
import { scheduleList } from './schedule-list.projection.js';

const SEEN_WITHIN_MS = 2000;

/** Of these lists all is counted. */
const LISTS = [jobList, batchList, scheduleList].map(({ name }) => name);

/**
 * Each job once, from the list that knows it first: those of a batch that goes on from its row, which knows from the
 * start how many it has; and runs that a schedule has decided until their job is there. `$1`: whose.
 */
const OPEN = (theirs: string): string => `
  SELECT (SELECT count(*) FROM job_list l
           WHERE ${theirs} AND state IN ('queued', 'running')
             AND (batch IS NULL OR NOT EXISTS (SELECT FROM batch_list b WHERE b.id = l.batch AND NOT b.over)))
       + (SELECT coalesce(sum(count - (SELECT coalesce(sum(n::int), 0) FROM jsonb_each_text(ended) e (state, n))), 0)
            FROM batch_list l WHERE ${theirs} AND NOT over)
       + (SELECT count(*) FROM schedule_list l, jsonb_array_elements_text(running) run
           WHERE ${theirs} AND running <> '[]' AND NOT EXISTS (SELECT FROM job_list j WHERE j.id = run)) AS found`;

/** Of each attempt what of it lies in the month, with the cores that the job has. */
const HOURS = (theirs: string): string => `
  SELECT coalesce(sum(
           greatest(0, coalesce(a."endedAt", $4) - greatest(a."startedAt", $3))
           * coalesce((l.takes->>'cores')::float8, 1)), 0) / 3600000 AS found
    FROM job_list l, jsonb_to_recordset(l.attempts) AS a("startedAt" int8, "endedAt" int8)
   WHERE ${theirs} AND (l.ended_at IS NULL OR l.ended_at >= $3)`;

const THEIRS = {
  user: 'l.environment = $1 AND l.owner = $2',
  group: 'l.environment = $1 AND l.groups ? $2',
} as const;

/** Core-hours grow slowly, and counting them means to look at a month; so it is with what is far from the most. */
const COUNTED_AGAIN_MS = 30_000;
/** So long a full quota is believed to be full, unless a list changes before: a loop costs nobody else's time. */
const FULL_MS = 1000;
/** Servers that may submit for one user meanwhile. */
const AT_ONCE = 8;
const REMEMBERED = 10_000;

/** Who has stopped with the locks in his hand loses them, and nobody waits for them for ever. */
const BEGIN = `
  BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'; SET LOCAL lock_timeout = '15s'`;
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
    for (const quota of quotas) {
      const open = quota === cap ? await this.about(actor, cap, jobs) : await this.count(actor, quota);
      const { why } = granted(quota, open, jobs);
      if (why) return why;
    }
    return undefined;
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
    const exact = quotas.filter((quota) => quota.jobs < Infinity && quota !== cap);
    return exact.length === 0 ? submit({ jobs: asked }) : this.inTurn(holder, exact, asked, submit);
  }

  private async inTurn<T>(
    holder: Holder,
    quotas: readonly OwnQuota[],
    asked: number,
    submit: (granted: Granted) => Promise<T>,
  ): Promise<T> {
    const before = this.turns.get(holder.id) ?? Promise.resolve();
    const turn = before.then(async () => {
      const full = this.foundFull(holder, quotas, asked); // the one before has found out
      return full ? submit(full) : this.locked(holder, quotas, asked, submit);
    });
    const over = turn.catch(() => undefined);
    this.turns.set(holder.id, over);
    void over.then(() => this.turns.get(holder.id) === over && this.turns.delete(holder.id));
    return turn;
  }

  /** While it is counted and submitted, nobody else submits under these quotas, on no server. */
  private async locked<T>(
    holder: Holder,
    quotas: readonly OwnQuota[],
    asked: number,
    submit: (granted: Granted) => Promise<T>,
  ): Promise<T> {
    const client = await this.pool.connect();
    let broken = false;
    const lost = (): void => void (broken = true);
    client.on('error', lost);
    try {
      return await submit(await this.found(client, holder, quotas, asked));
    } finally {
      // Whatever went wrong in it, the connection is as good as before where it still takes this.
      await client.query('ROLLBACK').catch(lost);
      client.off('error', lost);
      client.release(broken);
    }
  }

  private async found(
    client: pg.PoolClient,
    holder: Holder,
    quotas: readonly OwnQuota[],
    asked: number,
  ): Promise<Granted> {
    try {
      await client.query(BEGIN);
      const steps = admission(quotas, asked);
      let step = steps.next();
      while (!step.done) step = steps.next((await this.take(client, holder, step.value)) as never);
      return step.value;
    } catch (error) {
      if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return behind;
      throw error;
    }
  }

  private async take(client: pg.PoolClient, holder: Holder, step: AdmissionStep): Promise<unknown> {
    switch (step.is) {
      case 'lock': {
        const key = `quota ${keyOf(holder, step.quota)}`;
        return client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [key]);
      }
      case 'see': {
        const head = await this.store.head();
        const seen = LISTS.map((name) => this.readSide.waitFor(name, head, SEEN_WITHIN_MS));
        return (await Promise.all(seen)).every(Boolean);
      }
      case 'count': {
        const open = await this.count(holder, step.quota);
        this.full.set(keyOf(holder, step.quota), open);
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
    const { found } = this.open.set(key, await this.count(holder, cap));
    this.full.set(key, found);
    return found;
  }

  /** Of core-hours; and of storage, which the results of whatever he runs would fill further. */
  private async spent(holder: Holder, quotas: readonly OwnQuota[]): Promise<Refusal | undefined> {
    for (const quota of quotas) {
      const why = quota.coreHours < Infinity && spent(quota, await this.coreHours(holder, quota));
      if (why) return why;
    }
    const limited = (await this.policies.policy()).quotas.some(({ storageGiB }) => storageGiB !== undefined);
    return limited ? this.storage.over(holder) : undefined;
  }

  /** In this calendar month, at most so old; a job that says nothing of cores has one. */
  private async coreHours(holder: Holder, quota: OwnQuota): Promise<number> {
    const now = Date.now();
    const month = monthOf(now);
    const key = `${month} ${keyOf(holder, quota)}`;
    const known = this.hours.get(key, COUNTED_AGAIN_MS);
    if (known) return known.found;
    return this.hours.set(key, await this.number(HOURS, holder, quota, month, now)).found;
  }

  private count(holder: Holder, quota: OwnQuota): Promise<number> {
    return this.number(OPEN, holder, quota);
  }

  private async number(
    sql: (theirs: string) => string,
    holder: Holder,
    { per, name }: OwnQuota,
    ...more: readonly number[]
  ): Promise<number> {
    const values = [holder.environment, per === 'user' ? holder.id : name, ...more];
    const [row] = await this.db.query<{ found: number }[]>(sql(THEIRS[per]), values);
    return Number(row?.found ?? 0);
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

/** Of whose jobs it is the quota. */
const keyOf = ({ environment, id }: Holder, { per, name }: OwnQuota): string =>
  `${per} ${environment} ${per === 'user' ? id : name}`;
