import { clip, refuse, type Refusal } from '@openpro/kernel';
import { OWN_PRIORITY, type QueuedJob } from './job.js';
import { matches } from '@openpro/kernel';
import type { Policy, Quota, RunningLimit, Who, WorkerProfile } from './queue-policy.js';

/** Whose job it is, and of what. */
export interface Subject {
  readonly ownerName: string;
  readonly groups: readonly string[];
  readonly app: string;
  readonly version: string;
}

/** Whether something that holds for these holds for this job. */
export const isFor = ({ user, group, app, version }: Who, subject: Subject): boolean =>
  (user === undefined || matches(user, subject.ownerName)) &&
  (group === undefined || subject.groups.some((one) => matches(group, one))) &&
  (app === undefined || matches(app, subject.app)) &&
  (version === undefined || matches(version, subject.version));

/** What a new job gets, and the best that its owner may ask for. */
export const priorityOf = ({ rules }: Policy, subject: Subject): number => {
  const found = rules.filter((rule) => isFor(rule, subject)).map(({ priority }) => priority);
  return found.length > 0 ? Math.min(...found) : OWN_PRIORITY;
};

export const mayUse = ({ for: users = [] }: WorkerProfile, subject: Subject): boolean =>
  users.length === 0 || users.some((who) => isFor(who, subject));

/** What somebody asks for a new job. */
interface Wishes {
  readonly profile?: string | null | undefined;
  readonly priority?: number | null | undefined;
  readonly memoryMiB?: number | undefined;
  readonly cores?: number | undefined;
}

type Terms = Required<Pick<QueuedJob, 'ownerName' | 'groups' | 'best'>> &
  Pick<QueuedJob, 'priority' | 'profile' | 'memoryMiB' | 'cores'>;

/**
 * What the policy makes of a new job, which carries it from then on.
 * @param atLeast what it has, or a worse one by the rules, where its owner says nothing
 */
export const termsOf = (
  policy: Policy,
  subject: Subject,
  { profile, priority, memoryMiB, cores }: Wishes,
  atLeast = 0,
): Terms | Refusal<'NoSuchProfile' | 'NotAllowed'> => {
  const best = priorityOf(policy, subject);
  const found = policy.profiles.find(({ name }) => name === profile);
  if (profile && !found)
    return refuse('NoSuchProfile', `There is no worker profile "${clip(profile, 64)}"`, { field: 'profile' });
  if (found && !mayUse(found, subject))
    return refuse('NotAllowed', `Worker profile ${found.name} is not for your jobs of ${subject.app}`, {
      field: 'profile',
    });
  return {
    ownerName: subject.ownerName,
    groups: subject.groups,
    best,
    priority: priority ?? Math.max(best, atLeast),
    ...(found ? { profile: found.name } : {}),
    ...(memoryMiB === undefined ? {} : { memoryMiB }),
    ...(cores === undefined ? {} : { cores }),
  };
};

/** A quota that somebody is under, by name. */
export interface OwnQuota {
  readonly per: Quota['per'];
  readonly name: string;
  /** Infinity = any number, here and below. */
  readonly jobs: number;
  readonly coreHours: number;
}

/** So many jobs a user may have waiting and running where no quota says anything else: a loop ends somewhere. */
export const MAX_OPEN_JOBS = 20_000;

/** Of several quotas that fit a name the lowest counts. */
export const quotasOf = (
  { quotas }: Policy,
  { ownerName, groups }: Pick<Subject, 'ownerName' | 'groups'>,
): readonly OwnQuota[] => {
  const own = (per: Quota['per'], name: string): readonly OwnQuota[] => {
    const found = quotas.filter((quota) => quota.per === per && matches(quota.pattern, name));
    return found.length > 0
      ? [
          {
            per,
            name,
            jobs: Math.min(...found.map(({ jobs = Infinity }) => jobs)),
            coreHours: Math.min(...found.map(({ coreHours = Infinity }) => coreHours)),
          },
        ]
      : [];
  };
  return [...own('user', ownerName), ...groups.flatMap((group) => own('group', group))];
};

/** So many names are remembered with their limits. */
const REMEMBERED = 50_000;

/** What a policy says about running, looked up by name: the queue asks it for each job. */
export class PolicyIndex {
  private readonly profiles: ReadonlyMap<string, WorkerProfile>;
  private readonly known = new Map<string, number | null>();

  constructor(readonly policy: Policy) {
    this.profiles = new Map(policy.profiles.map((profile) => [profile.name, profile]));
  }

  profile(name: string): WorkerProfile | undefined {
    return this.profiles.get(name);
  }

  /** Null = any number. Of several limits that fit the lowest counts. */
  most(per: RunningLimit['per'], name: string): number | null {
    const key = `${per} ${name}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const found = this.policy.limits.filter((limit) => limit.per === per && matches(limit.pattern, name));
    const most = found.length > 0 ? Math.min(...found.map(({ running }) => running)) : null;
    if (this.known.size >= REMEMBERED) this.known.clear();
    this.known.set(key, most);
    return most;
  }
}
