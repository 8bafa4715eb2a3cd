import { ROLES } from '@openpro/kernel';
import { isFor, type Subject } from './policy-index.js';
import { matches } from '@openpro/kernel';
import type { Policy, RunningLimit } from './queue-policy.js';

/** So many jobs of one owner, app, version, profile and server that wait or run. */
export interface JobGroup extends Subject {
  readonly owner: string;
  readonly profile: string | null;
  /** The server's name; null of those that wait. */
  readonly server: string | null;
  readonly running: boolean;
  readonly count: number;
}

/** One user, group, app or server that a limit or a quota is for. */
export interface Use {
  readonly name: string;
  readonly count: number;
}

/** What there is now of what the policy is about, in the order of its parts. */
export interface PolicyUse {
  /** Waiting jobs that each rule fits. */
  readonly rules: readonly number[];
  /** Running jobs, of those who have most. */
  readonly limits: readonly (readonly Use[])[];
  readonly profiles: readonly { readonly running: number; readonly waiting: number }[];
  /** Jobs that wait or run. */
  readonly quotas: readonly (readonly Use[])[];
  /** MiB that those under each quota of storage keep; nobody where it is none. */
  readonly storage: readonly (readonly Use[])[];
}

/** Who keeps how much in the storage. */
export interface Keeper extends Pick<Subject, 'ownerName' | 'groups'> {
  readonly bytes: number;
}

const MOST_SHOWN = 20;

const namesOf = (per: RunningLimit['per'], group: JobGroup): readonly string[] => {
  switch (per) {
    case 'user':
      return [group.ownerName];
    case 'group':
      return group.groups;
    case 'app':
      return [group.app];
    case 'server':
      return group.server === null ? [] : [group.server];
  }
};

const usesOf = (
  { per, pattern }: { readonly per: RunningLimit['per']; readonly pattern: string },
  groups: readonly JobGroup[],
): readonly Use[] => {
  const counts = new Map<string, number>();
  for (const group of groups)
    for (const name of namesOf(per, group))
      if (matches(pattern, name)) counts.set(name, (counts.get(name) ?? 0) + group.count);
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_SHOWN);
};

const whole = ({ name, count }: Use): Use => ({ name, count: Math.round(count) });

const sum = (groups: readonly JobGroup[]): number => groups.reduce((all, { count }) => all + count, 0);

const keptBy = ({ ownerName, groups, bytes }: Keeper): JobGroup => ({
  ...{ owner: '', ownerName, groups, app: '', version: '', profile: null, server: null, running: false },
  count: bytes / 1024 ** 2,
});

export const useOf = (
  { rules, limits, profiles, quotas }: Policy,
  groups: readonly JobGroup[],
  keepers: readonly Keeper[] = [],
): PolicyUse => {
  const kept = keepers.map(keptBy);
  const running = groups.filter((group) => group.running);
  const waiting = groups.filter((group) => !group.running);
  return {
    rules: rules.map((rule) => sum(waiting.filter((group) => isFor(rule, group)))),
    limits: limits.map((limit) => usesOf(limit, running)),
    profiles: profiles.map(({ name }) => ({
      running: sum(running.filter(({ profile }) => profile === name)),
      waiting: sum(waiting.filter(({ profile }) => profile === name)),
    })),
    quotas: quotas.map((quota) => usesOf(quota, groups)),
    storage: quotas.map((quota) => (quota.storageGiB === undefined ? [] : usesOf(quota, kept).map(whole))),
  };
};

const jobs = (count: number): string => `${count.toLocaleString('en')} ${count === 1 ? 'job' : 'jobs'}`;

/** Patterns of groups that fit no role: they are for somebody only while he is in such a group. */
export const groupsNamedIn = ({ rules, limits, profiles, quotas }: Policy): readonly string[] => {
  const named = [
    ...[...rules, ...profiles.flatMap((profile) => profile.for ?? [])].flatMap(({ group }) => group ?? []),
    ...[...limits, ...quotas].filter(({ per }) => per === 'group').map(({ pattern }) => pattern),
  ];
  return [...new Set(named)].filter((pattern) => !ROLES.some((role) => matches(pattern, role)));
};

export const nobodyIn = (pattern: string): string =>
  `Nobody is in a group ${pattern}: what the policy says of it holds for no new job`;

/** What an administrator may not have meant: nothing of it is wrong. */
export const warningsOf = (policy: Policy, groups: readonly JobGroup[]): readonly string[] => {
  const { limits, profiles, quotas } = useOf(policy, groups);
  const known = new Set(policy.profiles.map(({ name }) => name));
  const orphans = new Map<string, number>();
  for (const { profile, running, count } of groups)
    if (!running && profile !== null && !known.has(profile))
      orphans.set(profile, (orphans.get(profile) ?? 0) + count);
  const until = 'nothing is ended, and nothing new starts until fewer run';
  return [
    ...policy.profiles.flatMap(({ name, capacity }, index) => {
      const { running = 0 } = profiles[index] ?? {};
      return running > capacity
        ? [`${jobs(running)} of profile ${name} run now, more than its capacity of ${capacity}: ${until}`]
        : [];
    }),
    ...policy.limits.flatMap(({ per, running }, index) =>
      (limits[index] ?? [])
        .filter(({ count }) => count > running)
        .map(
          ({ name, count }) =>
            `${jobs(count)} of ${per} ${name} run now, more than the limit of ${running}: ${until}`,
        ),
    ),
    ...policy.quotas.flatMap(({ per, jobs: most = Infinity }, index) =>
      (quotas[index] ?? [])
        .filter(({ count }) => count > most)
        .map(
          ({ name, count }) =>
            `${per} ${name} has ${jobs(count)}, more than the quota of ${most}: none is ended, and no new one is taken until there are fewer`,
        ),
    ),
    ...[...orphans].map(
      ([name, count]) =>
        `${jobs(count)} ${count === 1 ? 'waits' : 'wait'} for profile ${name}, which is not there: until it is made again they do not start`,
    ),
  ];
};
