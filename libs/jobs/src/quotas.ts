import { refuse, type Refusal } from '@openpro/kernel';
import type { OwnQuota } from './policy-index.js';

/** So many of the jobs that were asked for, and why not all of them. */
export interface Granted {
  readonly jobs: number;
  readonly why?: Refusal;
  /** Nothing may run, not even in the place of something else. */
  readonly spent?: true;
}

const jobsIn = (count: number): string => (count === 1 ? '1 job' : `${count} jobs`);

const whose = ({ per, name }: OwnQuota): string => `${per === 'user' ? 'User' : 'Group'} ${name}`;

/**
 * For whom the jobs of something count that makes them one after the other: while some have not ended, for the groups of
 * those, too. Its owner may be in others by now.
 */
export const groupsWhile = (
  goesOn: boolean,
  before: readonly string[],
  now: readonly string[],
): readonly string[] => (goesOn ? [...new Set([...before, ...now])] : now);

/** For how many jobs the quota has room where so many wait or run. */
export const granted = (quota: OwnQuota, open: number, asked: number): Granted => {
  const room = Math.max(0, quota.jobs - open);
  if (room >= asked) return { jobs: asked };
  const then = room === 0 ? 'wait until some have ended' : `there is room for ${room} more`;
  const why = refuse(
    'QuotaExceeded',
    `${whose(quota)} has ${jobsIn(open)} waiting or running, and may have ${quota.jobs}: ${then}`,
    { field: 'jobs', limit: `${quota.jobs} jobs` },
  );
  return { jobs: room, why };
};

/** Why nothing more may run this month, if so. */
export const spent = (quota: OwnQuota, hours: number): Refusal | undefined =>
  hours < quota.coreHours
    ? undefined
    : refuse(
        'QuotaExceeded',
        `${whose(quota)} has used ${Number(hours.toPrecision(3))} core-hours this month, and may use ${quota.coreHours}: wait for the next one, or ask an administrator`,
        { field: 'coreHours', limit: `${quota.coreHours} core-hours` },
      );

/** So long one waits for those who count before. */
export const COUNTED_WITHIN_S = 15;
export const COUNT_BEHIND = 'CountBehind';

/** Nobody knows now; it may be asked again. */
export const behind: Granted = {
  jobs: 0,
  why: refuse(COUNT_BEHIND, 'The jobs cannot be counted just now: try again in a moment', {
    field: 'jobs',
    limit: `a count within ${COUNTED_WITHIN_S} s`,
  }),
};

export type AdmissionStep =
  /** One after the other in this order: until they are given back, nobody else admits anything under one of them. */
  | { readonly is: 'lock'; readonly quotas: readonly OwnQuota[] }
  /** Waits until the lists show all that is in the log by now; answers whether they do. */
  | { readonly is: 'see' }
  /** Answers of each how many jobs of those under it wait, run, or are sure to be made. */
  | { readonly is: 'count'; readonly quotas: readonly OwnQuota[] };

const keyOf = ({ per, name }: OwnQuota): string => `${per} ${name}`;

/** What the tightest of them grants, of each of which so many are open. */
export const grantedByAll = (
  quotas: readonly OwnQuota[],
  open: readonly number[],
  asked: number,
): Granted => {
  let least: Granted = { jobs: asked };
  for (const [n, quota] of quotas.entries()) {
    const one = granted(quota, open[n] ?? Infinity, asked);
    if (one.why && (!least.why || one.jobs < least.jobs)) least = one;
  }
  return least;
};

/**
 * What has to be done, in this order, so that no quota is passed however many servers do it at once. The locks are
 * held until what is granted has been submitted: then whoever has them next sees it. Each step is answered as it says.
 */
export function* admission(
  quotas: readonly OwnQuota[],
  asked: number,
): Generator<AdmissionStep, Granted, never> {
  // In the same order by everybody, so that no two wait for each other.
  yield { is: 'lock', quotas: [...quotas].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) };
  const seen: boolean = yield { is: 'see' };
  if (!seen) return behind;
  const open: readonly number[] = yield { is: 'count', quotas };
  return grantedByAll(quotas, open, asked);
}
