import { matches, refuse, type Refusal } from '@openpro/kernel';

const GIB = 1024 ** 3;

/** As the policy of the queue has it. */
export interface QuotaOfStorage {
  readonly per: 'user' | 'group';
  readonly pattern: string;
  readonly storageGiB?: number;
}

/** One that somebody is under, by name. */
export interface StorageQuota {
  readonly per: 'user' | 'group';
  readonly name: string;
  readonly gib: number;
}

/** Of several that fit a name the lowest counts. */
export const storageQuotasOf = (
  quotas: readonly QuotaOfStorage[],
  user: string,
  groups: readonly string[],
): readonly StorageQuota[] => {
  const own = (per: StorageQuota['per'], name: string): readonly StorageQuota[] => {
    const fit = quotas.filter((quota) => quota.per === per && matches(quota.pattern, name));
    const gib = Math.min(...fit.map(({ storageGiB = Infinity }) => storageGiB));
    return gib < Infinity ? [{ per, name, gib }] : [];
  };
  return [...own('user', user), ...groups.flatMap((group) => own('group', group))];
};

const sizeOf = (bytes: number): string =>
  bytes >= GIB / 10
    ? `${Number((bytes / GIB).toPrecision(3))} GiB`
    : `${Number((bytes / 1024 ** 2).toPrecision(3))} MiB`;

/** Why so many bytes more are not kept, if so: not one byte beyond the quota. */
export const storageRefusal = (
  { per, name, gib }: StorageQuota,
  kept: number,
  more: number,
  field = 'storageGiB',
): Refusal | undefined =>
  kept + more <= gib * GIB
    ? undefined
    : refuse(
        'QuotaExceeded',
        `${per === 'user' ? 'User' : 'Group'} ${name} keeps ${sizeOf(kept)} in the storage and may keep ${gib} GiB${more > 0 ? `, and this is ${sizeOf(more)} more` : ''}: remove what is needed no more (under Storage in the portal, or with openpro storage list), or ask an administrator for a larger quota`,
        { field, limit: `${gib} GiB` },
      );
