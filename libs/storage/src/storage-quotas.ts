import { Inject, Injectable } from '@nestjs/common';
import { type EventStore, ReadSide } from '@openpro/eventstore';
import type { Refusal } from '@openpro/kernel';
import { type Actor, EVENT_STORE, groupsOf } from '@openpro/platform';
import { DataSource } from 'typeorm';
import { FolderBlobStore } from './blob-store.js';
import { caseList } from './case-list.projection.js';
import { loadManifest } from './case-store.js';
import { type QuotaOfStorage, type StorageQuota, storageQuotasOf, storageRefusal } from './storage-quota.js';
import { uploadList } from './upload-list.projection.js';

/** Counting means to look at all that somebody keeps. */
const COUNTED_AGAIN_MS = 30_000;
/** So long a full quota is believed to be full: who asks in a loop costs nobody else's time. */
const FULL_MS = 1000;
const SEEN_WITHIN_MS = 2000;
/** What is let in is in the log by then, or never. */
const ON_ITS_WAY_MS = 60_000;
const LOST_FOR_MS = 60 * 60_000;
const REMEMBERED = 10_000;
/** So many grants are looked for in the lists rather than summed each time. */
const MANY = 1000;
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

/** In one look: what they keep, and which of what was granted ($4 owners, $5 what) is in the lists by now. */
const COUNT = (whose: keyof typeof THEIRS): string => `
  SELECT (SELECT coalesce(sum(bytes), 0) FROM (${KEPT(whose)}) k) AS bytes,
         ARRAY(SELECT g.owner || ' ' || what FROM unnest($4::text[], $5::text[]) g (owner, what)
                WHERE EXISTS (SELECT FROM upload_list u WHERE u.id = what)
                   OR EXISTS (SELECT FROM case_list c
                               WHERE c.environment = $2 AND c.owner = g.owner AND c.digest = what)) AS seen`;

const NOT_WEIGHED = (whose: keyof typeof THEIRS): string => `
  SELECT digest FROM case_list
   WHERE environment = $2 AND owner IN (${THEIRS[whose]}) AND digest <> ALL ($3::text[])
     AND NOT EXISTS (SELECT FROM case_size s WHERE s.digest = case_list.digest)
   GROUP BY digest ORDER BY max(created_at) DESC LIMIT ${WEIGHED_AT_ONCE}`;

interface Keeper {
  readonly ownerName: string;
  readonly groups: readonly string[];
  readonly bytes: number;
}

/** What was let in and may be on its way still; a quota may hear of the same thing twice. */
interface Grant {
  readonly owner: string;
  /** The id of an upload or the digest of a case, by which a list will know it. */
  readonly what: string;
  readonly bytes: number;
  readonly until: number;
}

/** What is kept under a quota: what was counted, and beside it what was granted here and no list shows yet. */
class Kept {
  at = -Infinity;
  counted = 0;
  /** Something was removed that this may have counted. */
  roomMade = false;
  counting: Promise<void> | undefined;
  readonly granted = new Map<string, Grant>();

  get bytes(): number {
    return [...this.granted.values()].reduce((sum, { bytes }) => sum + bytes, this.counted);
  }
}

/** Keeps everybody within what the policy says that he may keep in the storage. */
@Injectable()
export class StorageQuotas {
  private readonly known = new Map<string, Kept>();
  /** Cases that the disk has lost weigh nothing; when that was found. */
  private readonly lost = new Map<string, number>();

  constructor(
    private readonly db: DataSource,
    private readonly blobs: FolderBlobStore,
    private readonly readSide: ReadSide,
    @Inject(EVENT_STORE) private readonly store: Pick<EventStore, 'head'>,
  ) {}

  /** Why he may keep nothing more, if so. */
  over(actor: Owner, field?: string): Promise<Refusal | undefined> {
    return this.refusal(actor, '', 0, field);
  }

  /**
   * Why he may not keep so many bytes more, if so; else they count from now on.
   * @param what the id of an upload or the digest of a case; the same thing counts once
   * @param field what in the request brings them
   */
  async refusal(actor: Owner, what: string, bytes: number, field?: string): Promise<Refusal | undefined> {
    const under = (await this.quotasOf(actor)).map((quota) => ({ quota, kept: this.under(actor, quota) }));
    const key = `${actor.id} ${what}`;
    const refused = ({ quota, kept }: (typeof under)[number]): Refusal | undefined =>
      storageRefusal(quota, kept.bytes, Math.max(0, bytes - (kept.granted.get(key)?.bytes ?? 0)), field);
    for (const one of under) {
      const age = performance.now() - one.kept.at;
      const believed = !refused(one) ? COUNTED_AGAIN_MS : one.kept.roomMade ? 0 : FULL_MS;
      if (age < believed && one.kept.granted.size < MANY) continue;
      await (one.kept.counting ??= this.count(actor, one.quota, one.kept));
    }
    // From here on nothing waits: who asks at the same time finds what is granted here.
    for (const one of under) {
      const why = refused(one);
      if (why) return why;
    }
    const until = performance.now() + ON_ITS_WAY_MS;
    for (const { kept } of under)
      if (bytes > (kept.granted.get(key)?.bytes ?? 0))
        kept.granted.set(key, { owner: actor.id, what, bytes, until });
    return undefined;
  }

  /** The same of a case that is in the blob store already; what he has anyway is nothing more. */
  async refusalOfCase(actor: Owner, digest: string, field: string): Promise<Refusal | undefined> {
    const [his] = await this.db.query<object[]>(
      'SELECT FROM case_list WHERE environment = $1 AND owner = $2 AND digest = $3 LIMIT 1',
      [actor.environment, actor.id, digest],
    );
    return his ? this.over(actor, field) : this.refusal(actor, digest, await this.weigh(digest), field);
  }

  /** What he keeps, and what is kept under each quota that he is under, counted at most once a second however many look. */
  async usage(actor: Owner) {
    await this.weighAll('user', actor.id, actor.environment);
    const [his] = await this.db.query<[{ used: number }]>(
      `SELECT coalesce(sum(bytes), 0) AS used FROM (${KEPT('user')}) k`,
      [actor.id, actor.environment, Date.now()],
    );
    const quotas: (StorageQuota & { used: number })[] = [];
    for (const quota of await this.quotasOf(actor)) {
      const kept = this.under(actor, quota);
      if (kept.roomMade || performance.now() - kept.at >= FULL_MS)
        await (kept.counting ??= this.count(actor, quota, kept));
      quotas.push({ ...quota, used: kept.bytes });
    }
    return { used: his.used, quotas };
  }

  /**
   * What was removed makes room at once here, on other servers when they count again; false: the lists are behind. Only
   * what seems full is counted again: who removes in a loop costs nobody else's time either.
   */
  async removed(things: readonly Pick<Grant, 'owner' | 'what'>[]): Promise<boolean> {
    const caughtUp = await this.listsShowAll();
    const keys = things.map(({ owner, what }) => `${owner} ${what}`);
    for (const kept of this.known.values()) {
      if (kept.granted.size > 0) for (const key of keys) kept.granted.delete(key);
      kept.roomMade = true;
    }
    return caughtUp;
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

  private async quotasOf(actor: Owner): Promise<readonly StorageQuota[]> {
    const [row] = await this.db.query<{ quotas: readonly QuotaOfStorage[] | null }[]>(
      `SELECT policy->'quotas' AS quotas FROM queue_policy ORDER BY version DESC LIMIT 1`,
    );
    return storageQuotasOf(row?.quotas ?? [], actor.name, groupsOf(actor));
  }

  private under(actor: Owner, quota: StorageQuota): Kept {
    const key = keyOf(actor, quota);
    const found = this.known.get(key) ?? new Kept();
    if (this.known.size >= REMEMBERED)
      for (const [other, { granted, counting }] of this.known)
        if (granted.size === 0 && !counting) this.known.delete(other);
    this.known.set(key, found);
    return found;
  }

  /** One at a time of each quota: an older count cannot come after a newer one, which has seen what was granted. */
  private async count(actor: Owner, quota: StorageQuota, kept: Kept): Promise<void> {
    try {
      const who = quota.per === 'user' ? actor.id : quota.name;
      const at = performance.now();
      kept.roomMade = false; // by what is removed from here on this count may not have seen
      const caughtUp = await this.listsShowAll();
      await this.weighAll(quota.per, who, actor.environment);
      const granted = [...kept.granted.values()];
      const [found] = await this.db.query<[{ bytes: number; seen: readonly string[] }]>(COUNT(quota.per), [
        ...[who, actor.environment, Date.now()],
        ...[granted.map(({ owner }) => owner), granted.map(({ what }) => what)],
      ]);
      for (const key of found.seen) kept.granted.delete(key);
      // What has not come by then comes no more: something else was in its way.
      for (const [key, { until }] of kept.granted) if (caughtUp && until < at) kept.granted.delete(key);
      kept.counted = found.bytes;
      kept.at = performance.now();
    } finally {
      kept.counting = undefined;
    }
  }

  private async listsShowAll(): Promise<boolean> {
    const head = await this.store.head();
    const seen = [uploadList, caseList].map(({ name }) => this.readSide.waitFor(name, head, SEEN_WITHIN_MS));
    return (await Promise.all(seen)).every(Boolean);
  }

  private async weighAll(whose: keyof typeof THEIRS, who: string, environment: string): Promise<void> {
    const now = performance.now();
    for (const [digest, at] of this.lost) if (now - at > LOST_FOR_MS) this.lost.delete(digest);
    const unknown = await this.db.query<{ digest: string }[]>(NOT_WEIGHED(whose), [
      ...[who, environment],
      [...this.lost.keys()],
    ]);
    const found: { digest: string; bytes: number }[] = [];
    const lane = async (): Promise<void> => {
      for (let next = unknown.pop(); next; next = unknown.pop()) {
        const { digest } = next;
        await this.sizeOf(digest).then(
          (bytes) => found.push({ digest, bytes }),
          () => this.lost.set(digest, now), // must not be in the way of the others
        );
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
    if (found.length > 0) await this.remember(found);
  }

  /** The size of a case, which its manifest tells, once for all servers. */
  private async weigh(digest: string): Promise<number> {
    const [known] = await this.db.query<{ bytes: string }[]>(
      'SELECT bytes FROM case_size WHERE digest = $1',
      [digest],
    );
    if (known) return Number(known.bytes);
    const bytes = await this.sizeOf(digest);
    await this.remember([{ digest, bytes }]);
    return bytes;
  }

  private async sizeOf(digest: string): Promise<number> {
    const { sets, identifiers } = await loadManifest(this.blobs, digest);
    return [...sets, ...identifiers].reduce((sum, blob) => sum + blob.bytes, 0);
  }

  private remember(found: readonly { digest: string; bytes: number }[]): Promise<unknown> {
    return this.db.query(
      'INSERT INTO case_size SELECT * FROM unnest($1::text[], $2::int8[]) ON CONFLICT DO NOTHING',
      [found.map(({ digest }) => digest), found.map(({ bytes }) => bytes)],
    );
  }
}

type Owner = Pick<Actor, 'id' | 'name' | 'environment' | 'roles' | 'groups'>;

const keyOf = ({ environment, id }: Owner, { per, name }: StorageQuota): string =>
  `${per} ${environment} ${per === 'user' ? id : name}`;
