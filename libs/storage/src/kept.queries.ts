import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '@openpro/eventstore';
import type { BatchEvent } from '@openpro/jobs';
import { clip } from '@openpro/kernel';
import {
  type Actor,
  badInput,
  connection,
  EVENT_STORE,
  type Lazy,
  mayChange,
  pageRequest,
  type Storage,
} from '@openpro/platform';
import { DataSource } from 'typeorm';
import { StorageQuotas } from './storage-quotas.js';

/** So many cases and uploads at once. */
export const MAX_AT_ONCE = 200;

const GIB = 1024 ** 3;
/** So many of what uses something are named; nobody reads more. */
const NAMED = 3;

/** One thing that counts against the quotas of its owner. */
export interface Kept {
  readonly type: 'case' | 'upload';
  readonly id: string;
  readonly environment: string;
  readonly owner: string;
  /** saved, input or result; of an upload what it is for. */
  readonly kind: string;
  readonly name: string;
  readonly app: string | null;
  readonly job: string | null;
  /** Equal bytes of one owner have the same, and count once. */
  readonly what: string;
  readonly bytes: number;
  readonly created_at: number;
}

/** Of a case whose size nobody knows yet it says none. $1: now. */
const KEPT = `(
  SELECT 'upload' AS type, id, environment, owner, coalesce(kind, 'file') AS kind, coalesce(name, id) AS name,
         NULL AS app, NULL AS job, coalesce(digest, id) AS what, bytes::float8, coalesce(created_at, 0)::float8 AS created_at
    FROM upload_list WHERE digest IS NOT NULL OR expires_at > $1
   UNION ALL
  SELECT 'case', c.id, environment, owner, kind, name, app, job, digest, coalesce(s.bytes, 0)::float8, created_at::float8
    FROM case_list c LEFT JOIN case_size s USING (digest)) kept`;

const CHOSEN = `(type = 'case' AND id = ANY ($2) OR type = 'upload' AND id = ANY ($3))`;

const PAGE = `
  SELECT * FROM ${KEPT} WHERE environment = $2 AND owner = $3 AND ($4::float8 IS NULL OR (bytes, id) < ($4, $5))
   ORDER BY bytes DESC, id DESC LIMIT $6`;

const THESE = `SELECT * FROM ${KEPT} WHERE ${CHOSEN}`;

/** What is kept elsewhere, too, makes no room. */
const ROOM = `
  SELECT coalesce(sum(bytes), 0)::float8 AS bytes
    FROM (SELECT max(bytes) AS bytes FROM ${KEPT}
           WHERE (owner, what) IN (SELECT unnest($4::text[]), unnest($5::text[]))
           GROUP BY owner, what HAVING bool_and(${CHOSEN})) gone`;

/** Who uses it is its owner: what somebody else runs with equal data is nobody's business, and takes no harm. */
const USES = `
  SELECT k.name, use
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) k (type, owner, what, name)
   CROSS JOIN LATERAL (
     SELECT 'job ' || j.id || ', which has not ended' AS use FROM job_list j
      WHERE k.type = 'case' AND j.owner = k.owner AND j.state IN ('queued', 'running') AND j.input = k.what
      UNION ALL
     SELECT 'schedule ' || s.name FROM schedule_list s
      WHERE k.type = 'case' AND s.owner = k.owner AND s.input = k.what
      UNION ALL
     SELECT 'app ' || v.name || ':' || v.version FROM app_version v
      WHERE k.type = 'upload' AND v.published_by = k.owner AND v.digest = k.what
      UNION ALL
     SELECT 'engine ' || e.id FROM engine_list e
      WHERE k.type = 'upload' AND e.published_by = k.owner AND e.digest = k.what) uses
   LIMIT ${NAMED + 1}`;

/** Batches of whose jobs some are still to be made; the others stand for themselves. */
const BEING_MADE = `
  SELECT id FROM batch_list b
   WHERE owner = ANY ($1) AND NOT over
     AND count > (SELECT count(*) FROM job_list j WHERE j.batch = b.id AND j.state IN ('queued', 'running'))
               + (SELECT coalesce(sum(n::int), 0) FROM jsonb_each_text(ended) e (state, n))`;

/** What people keep in the storage, and what uses it. */
@Injectable()
export class KeptQueries {
  constructor(
    private readonly db: DataSource,
    private readonly quotas: StorageQuotas,
    @Inject(EVENT_STORE) private readonly store: Pick<EventStore, 'readStream'>,
  ) {}

  async of(actor: Actor): Promise<Lazy<Storage>> {
    const { used, quotas } = await this.quotas.usage(actor);
    return {
      used,
      quotas: quotas.map(({ per, name, gib, used: all }) => ({ per, name, limit: gib * GIB, used: all })),
      kept: ({ first, after }: { first: number; after?: string | null }) => this.page(actor, first, after),
      room: async ({ cases, uploads }: { cases: readonly string[]; uploads: readonly string[] }) => {
        if (cases.length + uploads.length > MAX_AT_ONCE)
          throw badInput('cases', `These are ${cases.length + uploads.length}`, `${MAX_AT_ONCE} at most`);
        const things = (await this.these(cases, uploads)).filter((thing) => mayChange(actor, thing));
        return this.room(things);
      },
    };
  }

  /** Whoever they belong to. */
  these(cases: readonly string[], uploads: readonly string[]): Promise<readonly Kept[]> {
    return this.db.query<Kept[]>(THESE, [Date.now(), cases, uploads]);
  }

  /** The first of what uses any of them, in words. */
  async usesOf(things: readonly Kept[]): Promise<string | undefined> {
    const uses = await this.db.query<{ name: string; use: string }[]>(USES, [
      ...[things.map(({ type }) => type), things.map(({ owner }) => owner)],
      ...[things.map(({ what }) => what), things.map(({ name }) => name)],
    ]);
    const [first] = uses;
    if (!first) return this.batchOf(things);
    const those = uses.filter(({ name }) => name === first.name).map(({ use }) => use);
    const more = those.length > NAMED ? ' and more' : '';
    return `“${clip(first.name, 60)}” is used by ${those.slice(0, NAMED).join('; ')}${more}`;
  }

  /** Their scenarios stand in the log only: read one by one, because a batch may have 10,000. */
  private async batchOf(things: readonly Kept[]): Promise<string | undefined> {
    const cases = new Map(things.filter(({ type }) => type === 'case').map((thing) => [thing.what, thing]));
    if (cases.size === 0) return undefined;
    const owners = [...new Set(things.map(({ owner }) => owner))];
    for (const { id } of await this.db.query<{ id: string }[]>(BEING_MADE, [owners])) {
      const [submitted] = await this.store.readStream(`batch-${id}`, 0, 1);
      const { job, scenarios } = submitted?.event as BatchEvent & { type: 'BatchSubmitted' };
      const list = 'list' in scenarios ? scenarios.list : [];
      const used = [job.input, ...list.map(({ input }) => input)].find((input) => input && cases.has(input));
      if (used)
        return `“${clip(cases.get(used)?.name ?? '', 60)}” is used by batch ${id}, whose jobs are not all made yet`;
    }
    return undefined;
  }

  private async room(things: readonly Kept[]): Promise<number> {
    const ids = (type: Kept['type']) => things.filter((thing) => thing.type === type).map(({ id }) => id);
    const [found] = await this.db.query<[{ bytes: number }]>(ROOM, [
      ...[Date.now(), ids('case'), ids('upload')],
      ...[things.map(({ owner }) => owner), things.map(({ what }) => what)],
    ]);
    return found.bytes;
  }

  private async page(actor: Actor, first: number, cursor: string | null | undefined) {
    const { after } = pageRequest(first, cursor, 'time', 'text');
    const from = [after?.[0] ?? null, after?.[1] ?? null];
    const rows = await this.db.query<Kept[]>(PAGE, [
      ...[Date.now(), actor.environment, actor.id, ...from],
      first + 1,
    ]);
    return connection(
      rows,
      first,
      ({ id, kind, name, app, job, bytes, created_at }) => ({
        ...{ id, kind, name, app, job, bytes },
        createdAt: created_at,
      }),
      ({ bytes, id }) => [bytes, id],
    );
  }
}
