import { Injectable } from '@nestjs/common';
import type { Refusal } from '@openpro/kernel';
import { type Actor, groupsOf } from '@openpro/platform';
import { DataSource } from 'typeorm';
import { FolderBlobStore } from './blob-store.js';
import { loadManifest } from './case-store.js';
import { type QuotaOfStorage, type StorageQuota, storageQuotasOf, storageRefusal } from './storage-quota.js';

/** Counting means to look at all that somebody keeps. */
const COUNTED_AGAIN_MS = 30_000;
const REMEMBERED = 10_000;
/** So many cases whose size nobody knows yet are looked at each time; the newest first. */
const WEIGHED_AT_ONCE = 2000;
const SIDE_BY_SIDE = 8;

/** Who keeps something; the members of a group are those who are in it now. */
const THEIRS = {
  user: 'SELECT $1::text AS id',
  group: 'SELECT id FROM user_list WHERE environment = $2 AND (roles ? $1 OR groups ? $1)',
  all: 'SELECT id FROM user_list WHERE environment = $2 AND $1 = $1',
} as const;

/** Equal bytes of one owner count once: a package is the upload that it came in, and a case the input of many jobs. */
const KEPT = (whose: keyof typeof THEIRS): string => `
  SELECT owner, sum(bytes)::float8 AS bytes
    FROM (SELECT owner, max(bytes) AS bytes
            FROM (SELECT owner, coalesce(digest, id) AS what, bytes FROM upload_list
                   WHERE environment = $2 AND (digest IS NOT NULL OR expires_at > $3)
                   UNION ALL
                  SELECT owner, digest, s.bytes FROM case_list JOIN case_size s USING (digest)
                   WHERE environment = $2) kept
           WHERE owner IN (${THEIRS[whose]})
           GROUP BY owner, what) once
   GROUP BY owner`;

const NOT_WEIGHED = (whose: keyof typeof THEIRS): string => `
  SELECT digest FROM case_list
   WHERE environment = $2 AND owner IN (${THEIRS[whose]})
     AND NOT EXISTS (SELECT FROM case_size s WHERE s.digest = case_list.digest)
   GROUP BY digest ORDER BY max(created_at) DESC LIMIT ${WEIGHED_AT_ONCE}`;

interface Keeper {
  readonly ownerName: string;
  readonly groups: readonly string[];
  readonly bytes: number;
}

interface Counted {
  readonly at: number;
  bytes: number;
}

/** Keeps everybody within what the policy says that he may keep in the storage. */
@Injectable()
export class StorageQuotas {
  private readonly known = new Map<string, Counted>();

  constructor(
    private readonly db: DataSource,
    private readonly blobs: FolderBlobStore,
  ) {}

  /**
   * Why he may not keep so many bytes more, if so; else they count from now on.
   * @param field what in the request brings them
   */
  async refusal(actor: Owner, bytes: number, field: string): Promise<Refusal | undefined> {
    const [row] = await this.db.query<{ quotas: readonly QuotaOfStorage[] | null }[]>(
      `SELECT policy->'quotas' AS quotas FROM queue_policy ORDER BY version DESC LIMIT 1`,
    );
    const quotas = storageQuotasOf(row?.quotas ?? [], actor.name, groupsOf(actor));
    const counted: Counted[] = [];
    for (const quota of quotas) {
      const known = this.known.get(keyOf(actor, quota));
      const fresh = known && performance.now() - known.at < COUNTED_AGAIN_MS;
      // Who has made room need not wait until it is seen.
      const enough = fresh && !storageRefusal(quota, known.bytes, bytes, field);
      const now = enough ? known : await this.count(actor, quota);
      const refused = storageRefusal(quota, now.bytes, bytes, field);
      if (refused) return refused;
      counted.push(now);
    }
    for (const one of counted) one.bytes += Math.max(0, bytes);
    return undefined;
  }

  /** The same of a case that is in the blob store already; what he has anyway is nothing more. */
  async refusalOfCase(actor: Owner, digest: string, field: string): Promise<Refusal | undefined> {
    const [his] = await this.db.query<object[]>(
      'SELECT FROM case_list WHERE environment = $1 AND owner = $2 AND digest = $3 LIMIT 1',
      [actor.environment, actor.id, digest],
    );
    return this.refusal(actor, his ? 0 : await this.weigh(digest), field);
  }

  /** What everybody in the environment keeps. */
  async kept(environment: string): Promise<readonly Keeper[]> {
    await this.weighAll('all', '', environment);
    return this.db.query<Keeper[]>(
      `SELECT u.name AS "ownerName", u.roles || u.groups AS groups, k.bytes
         FROM (${KEPT('all')}) k JOIN user_list u ON u.id = k.owner`,
      ['', environment, Date.now()],
    );
  }

  private async count(actor: Owner, quota: StorageQuota): Promise<Counted> {
    const who = quota.per === 'user' ? actor.id : quota.name;
    await this.weighAll(quota.per, who, actor.environment);
    const sums = await this.db.query<{ bytes: number }[]>(KEPT(quota.per), [
      who,
      actor.environment,
      Date.now(),
    ]);
    if (this.known.size >= REMEMBERED) this.known.clear();
    const counted = { at: performance.now(), bytes: sums.reduce((sum, { bytes }) => sum + bytes, 0) };
    this.known.set(keyOf(actor, quota), counted);
    return counted;
  }

  private async weighAll(whose: keyof typeof THEIRS, who: string, environment: string): Promise<void> {
    const unknown = await this.db.query<{ digest: string }[]>(NOT_WEIGHED(whose), [who, environment]);
    const lane = async (): Promise<void> => {
      // One that is lost weighs nothing, and must not be in the way of the others.
      for (let next = unknown.pop(); next; next = unknown.pop()) await this.weigh(next.digest).catch(() => 0);
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
  }

  /** The size of a case, which its manifest tells, once for all servers. */
  private async weigh(digest: string): Promise<number> {
    const [known] = await this.db.query<{ bytes: string }[]>(
      'SELECT bytes FROM case_size WHERE digest = $1',
      [digest],
    );
    if (known) return Number(known.bytes);
    const { sets, identifiers } = await loadManifest(this.blobs, digest);
    const bytes = [...sets, ...identifiers].reduce((sum, blob) => sum + blob.bytes, 0);
    await this.db.query('INSERT INTO case_size VALUES ($1, $2) ON CONFLICT DO NOTHING', [digest, bytes]);
    return bytes;
  }
}

type Owner = Pick<Actor, 'id' | 'name' | 'environment' | 'roles' | 'groups'>;

const keyOf = ({ environment, id }: Owner, { per, name }: StorageQuota): string =>
  `${per} ${environment} ${per === 'user' ? id : name}`;
