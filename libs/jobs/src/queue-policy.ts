import {
  type BadInput,
  checkForm,
  checkLabels,
  checkNumber,
  checkOneOf,
  checkText,
  type Decider,
  refuse,
  type Refusal,
} from '@openpro/kernel';
import { MAX_PRIORITY } from './job.js';

/** For whose jobs something holds: patterns in which `*` stands for any characters; all that are there must fit. */
export interface Who {
  readonly user?: string;
  /** One of the owner's groups or roles. */
  readonly group?: string;
  readonly app?: string;
  readonly version?: string;
}

/** Of the rules that fit a new job the lowest number wins. */
export interface PriorityRule extends Who {
  readonly priority: number;
}

const PER = ['user', 'group', 'app', 'server'] as const;

/** Each user, group, app or server whose name fits has at most so many jobs running. */
export interface RunningLimit {
  readonly per: (typeof PER)[number];
  readonly pattern: string;
  readonly running: number;
}

/** How jobs of a kind run: how many at once in the cluster, what each one takes, and where. */
export interface WorkerProfile {
  readonly name: string;
  readonly capacity: number;
  readonly memoryMiB?: number;
  readonly cores?: number;
  readonly labels?: readonly string[];
  /** For the processes of these jobs; the values are sealed. */
  readonly environment?: { readonly [name: string]: string };
  /** Who may ask for it; everybody where nobody is named. */
  readonly for?: readonly Omit<Who, 'version'>[];
}

const QUOTA_PER = ['user', 'group'] as const;

/** What each user or group whose name fits may have; more is refused when it is submitted. */
export interface Quota {
  readonly per: (typeof QUOTA_PER)[number];
  readonly pattern: string;
  /** Waiting and running together. */
  readonly jobs?: number;
  /** Used in this calendar month, in UTC. */
  readonly coreHours?: number;
  /** Of cases, uploads, packages, and data and results of jobs. */
  readonly storageGiB?: number;
}

export interface Policy {
  readonly rules: readonly PriorityRule[];
  readonly limits: readonly RunningLimit[];
  readonly profiles: readonly WorkerProfile[];
  /** Of the owners whose jobs have equal priority, whoever has fewer running goes first. */
  readonly fair: boolean;
  readonly quotas: readonly Quota[];
}

/** Fair, because whoever submits in a loop would otherwise hold up everybody else until his last job has run. */
export const NO_POLICY: Policy = { rules: [], limits: [], profiles: [], fair: true, quotas: [] };

export type QueuePolicyEvent = {
  readonly type: 'QueuePolicySet';
  readonly policy: Policy;
  readonly reason: string;
};

/** `basedOn`: the version that the administrator saw, so that nobody undoes what he has not seen. */
export interface QueuePolicyCommand {
  readonly type: 'SetQueuePolicy';
  readonly policy: Partial<Policy>;
  readonly reason: string;
  readonly basedOn: number;
}

export type QueuePolicyRefusal = BadInput | Refusal<'PolicyChanged'>;

/** Version 0 is the policy of a cluster that nobody has given one. */
export interface QueuePolicy {
  readonly version: number;
  readonly policy: Policy;
}

const MOST_RULES = 200;
const MOST_PROFILES = 100;
const MOST_USERS = 100;
const MOST_VARIABLES = 50;
const MAX_CAPACITY = 100_000;
const MAX_SEALED = 8192;

/** What the platform itself sets for an engine, or what would load foreign code into it. */
const RESERVED = /^(OPENPRO_.*|NODE_.*|LD_.*|PATH|HOME|TMPDIR|LANG|TZ)$/;

const wrong = (field: string, problem: string, limit: string): BadInput =>
  refuse('BadInput', `${field} ${problem}: it must be ${limit}`, { field, limit });

type Fields = { readonly [name: string]: unknown };
type Check = (field: string, value: unknown) => BadInput | undefined;

const listOf =
  (max: number, check: Check): Check =>
  (field, value) => {
    const limit = `a list of at most ${max}`;
    if (!Array.isArray(value)) return wrong(field, 'is no list', limit);
    if (value.length > max) return wrong(field, `has ${value.length} entries`, limit);
    for (const [index, one] of value.entries()) {
      const bad = check(`${field}[${index}]`, one);
      if (bad) return bad;
    }
    return undefined;
  };

const optional =
  (check: Check): Check =>
  (field, value) =>
    value === undefined ? undefined : check(field, value);

/** An object of these fields and no others: what is misspelt would otherwise silently not hold. */
const objectOf =
  (fields: { readonly [name: string]: Check }): Check =>
  (field, value) => {
    const known = Object.keys(fields).join(', ');
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return wrong(field, 'is no object', `an object with ${known}`);
    const at = (name: string) => (field ? `${field}.${name}` : name);
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined) return wrong(at(unknown.slice(0, 60)), 'is not known', `one of ${known}`);
    for (const [name, check] of Object.entries(fields)) {
      const bad = check(at(name), (value as { readonly [name: string]: unknown })[name]);
      if (bad) return bad;
    }
    return undefined;
  };

const whole =
  (min: number, max: number, unit?: string): Check =>
  (field, value) =>
    checkNumber(field, value, { min, max, whole: true, ...(unit ? { unit } : {}) });

const onlyStars = (field: string, value: string): BadInput | undefined =>
  /^\*{2,}$/.test(value) ? wrong(field, `is ${value}`, 'one * for everything') : undefined;

const nameOf: Check = (field, value) =>
  checkText(field, value, { max: 100 }) ?? onlyStars(field, value as string);

const appOf: Check = (field, value) =>
  nameOf(field, value) ??
  checkForm(
    field,
    value,
    /^[a-z0-9*-]{1,64}$/,
    'the name of an app, lower-case letters, digits, dashes and *; its version has a field of its own',
  );

const versionOf: Check = (field, value) =>
  nameOf(field, value) ??
  checkForm(field, value, /^[0-9*][0-9A-Za-z.*-]{0,63}$/, 'a version like 1.4.0, or a pattern like 1.*');

const somebody = (who: unknown, field: string): BadInput | undefined => {
  const { user, group, app, version } = who as Who;
  return (user ?? group ?? app ?? version)
    ? undefined
    : wrong(field, 'says for whose jobs it is in no field', 'user "*" where everybody is meant');
};

const WHO = { user: optional(nameOf), group: optional(nameOf), app: optional(appOf) };

const rule: Check = (field, value) =>
  objectOf({ ...WHO, version: optional(versionOf), priority: whole(1, MAX_PRIORITY) })(field, value) ??
  somebody(value, field);

const NAME_OF = { user: nameOf, group: nameOf, app: appOf, server: nameOf };

/** The pattern is of what the limit is per. */
const per =
  (names: readonly (keyof typeof NAME_OF)[], fields: { readonly [name: string]: Check }): Check =>
  (field, value) =>
    objectOf({
      per: (at, name) => checkOneOf(at, name as string, names),
      pattern: (at, pattern) => NAME_OF[(value as { readonly per: keyof typeof NAME_OF }).per](at, pattern),
      ...fields,
    })(field, value);

const variables: Check = (field, value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return wrong(field, 'is no object', 'an object of names and values');
  const entries = Object.entries(value);
  if (entries.length > MOST_VARIABLES)
    return wrong(field, `has ${entries.length} variables`, `at most ${MOST_VARIABLES}`);
  for (const [name, sealed] of entries) {
    const at = `${field}.${name.slice(0, 60)}`;
    const bad =
      checkForm(at, name, /^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'a name of letters, digits and underscores') ??
      (RESERVED.test(name) ? wrong(at, 'is the platform’s own', 'another name') : undefined) ??
      checkText(at, sealed, { max: MAX_SEALED }) ??
      // The log is read by auditors and lasts for ever.
      checkForm(at, sealed, SEALED, 'sealed before it is recorded');
    if (bad) return bad;
  }
  return undefined;
};

/** How a value looks that only servers can read. */
const SEALED = /^sealed:[A-Za-z0-9_-]+$/;

const profile = objectOf({
  name: (field, value) =>
    checkForm(
      field,
      value,
      /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/,
      'a name of 1 to 64 letters, digits, spaces, ., _, -',
    ),
  capacity: whole(0, MAX_CAPACITY, 'jobs at once'),
  memoryMiB: optional(whole(1, 16 * 1024 * 1024, 'MiB')),
  cores: optional((field, value) => checkNumber(field, value, { min: 0.1, max: 4096 })),
  labels: optional((field, value) =>
    Array.isArray(value)
      ? checkLabels(field, value as string[])
      : wrong(field, 'is no list', 'a list of labels'),
  ),
  environment: optional(variables),
  for: optional(listOf(MOST_USERS, (field, value) => objectOf(WHO)(field, value) ?? somebody(value, field))),
});

const flag: Check = (field, value) =>
  typeof value === 'boolean' ? undefined : wrong(field, 'is not true or false', 'true or false');

const document = objectOf({
  rules: listOf(MOST_RULES, rule),
  limits: listOf(MOST_RULES, per(PER, { running: whole(0, MAX_CAPACITY, 'jobs at once') })),
  profiles: listOf(MOST_PROFILES, profile),
  fair: flag,
  quotas: listOf(
    MOST_RULES,
    (field, value) =>
      per(QUOTA_PER, {
        jobs: optional(whole(0, 10_000_000, 'jobs')),
        coreHours: optional((at, hours) => checkNumber(at, hours, { min: 0, max: 1e9, unit: 'core-hours' })),
        storageGiB: optional((at, size) => checkNumber(at, size, { min: 0, max: 1e6, unit: 'GiB' })),
      })(field, value) ??
      (['jobs', 'coreHours', 'storageGiB'].every((name) => (value as Fields)[name] === undefined)
        ? wrong(field, 'limits nothing', 'jobs, coreHours or storageGiB')
        : undefined),
  ),
});

/** Two of the same: one of them would never count. */
const twice = <T>(field: string, list: readonly T[], sameAs: (one: T) => unknown): BadInput | undefined => {
  const seen = new Map<string, number>();
  for (const [index, one] of list.entries()) {
    const key = JSON.stringify(sameAs(one));
    const before = seen.get(key);
    if (before !== undefined)
      return wrong(`${field}[${index}]`, `is for the same as ${field}[${before}]`, 'for something else');
    seen.set(key, index);
  }
  return undefined;
};

const wrongIn = (policy: Policy): BadInput | undefined =>
  document('', policy) ??
  twice('rules', policy.rules, ({ user, group, app, version }) => [user, group, app, version]) ??
  twice('limits', policy.limits, ({ per, pattern }) => [per, pattern]) ??
  twice('profiles', policy.profiles, ({ name }) => name) ??
  twice('quotas', policy.quotas, ({ per, pattern }) => [per, pattern]);

const decider: Decider<QueuePolicy, QueuePolicyCommand, QueuePolicyEvent, QueuePolicyRefusal> = {
  initial: { version: 0, policy: NO_POLICY },

  decide(command, { version }) {
    const policy = { ...NO_POLICY, ...command.policy };
    const bad = wrongIn(policy) ?? checkText('reason', command.reason, { max: 500 });
    if (bad) return bad;
    return command.basedOn === version
      ? [{ type: 'QueuePolicySet', policy, reason: command.reason }]
      : refuse(
          'PolicyChanged',
          `Your change is based on version ${command.basedOn} of the policy, but version ${version} holds by now: look at that one and change it`,
          { field: 'basedOn', limit: `version ${version}` },
        );
  },

  evolve: ({ version }, { policy }) => ({ version: version + 1, policy }),
};

/** The cluster has one: the stream is `queue-policy`. */
export const queuePolicy = { name: 'queue', context: 'jobs', decider } as const;
export const POLICY_ID = 'policy';
