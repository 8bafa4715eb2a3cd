// Made by schema/generate.mjs from schema/*.graphql and apps/cli/src/*.graphql: do not edit.
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type BatchState =
  /** Its jobs are being made. */
  | 'CREATING'
  | 'RUNNING'
  | 'ENDED'
  | 'CANCELLED';

export type ScenarioOrder =
  | 'SCENARIO'
  | 'STATE'
  | 'OBJECTIVE'
  | 'GAP'
  | 'RUN_TIME';

export type AxisInput = {
  argument: string;
  values: Array<unknown>;
};

/** What all scenarios have in common, and one of: `grid`, all combinations of these values; `list`, the arguments of each; `cases`, the data of each. */
export type SubmitBatch = {
  /** Its priority is 200 unless you say otherwise; its arguments go for every scenario that does not set them. */
  job: SubmitJob;
  grid?: Array<AxisInput> | null | undefined;
  list?: Array<unknown> | null | undefined;
  cases?: Array<string> | null | undefined;
};

export type UploadKind =
  | 'ENGINE'
  | 'APP'
  /** Input data: the text of an identifier, for example an MPS file. */
  | 'FILE';

export type JobState =
  | 'QUEUED'
  | 'RUNNING'
  | 'COMPLETED'
  | 'INTERRUPTED'
  | 'TIME_LIMIT'
  | 'INFEASIBLE'
  | 'UNBOUNDED'
  | 'FAILED'
  | 'CANCELLED'
  | 'ABANDONED';

/** SUCCESS: it is completed, or has a solution from when its time limit came. ANY: it has ended. */
export type DependencyEnd =
  | 'SUCCESS'
  | 'ANY';

export type JobFilter = {
  states?: Array<JobState> | null | undefined;
  app?: string | null | undefined;
  owner?: string | null | undefined;
  session?: string | null | undefined;
  /** In the description, the app's name or the procedure. */
  search?: string | null | undefined;
  /** Only those whose last attempt runs or ran on this server. */
  node?: string | null | undefined;
  /** Only those that this job has submitted. */
  parent?: string | null | undefined;
  /** All jobs of its scenarios, also those that were retried. */
  batch?: string | null | undefined;
  /** Only the runs of this schedule. */
  schedule?: string | null | undefined;
};

export type JobOrder =
  | 'NEWEST'
  | 'OLDEST'
  | 'PRIORITY';

/** A scalar or text identifier that gets its value from an upload. */
export type FileInput = {
  identifier: string;
  upload: string;
};

export type ValueInput = {
  identifier: string;
  cells: Array<Cell>;
};

/** A job that must have ended before this one starts; if it ends otherwise, this one is cancelled. */
export type DependencyInput = {
  job: string;
  on?: DependencyEnd | null | undefined;
};

/** The data comes from one of: `session` (as it stands), `case`, or the app's default case; `files` and `values` go on top. */
export type SubmitJob = {
  app?: string | null | undefined;
  version?: string | null | undefined;
  session?: string | null | undefined;
  case?: string | null | undefined;
  procedure: string;
  args?: unknown;
  files?: Array<FileInput> | null | undefined;
  values?: Array<ValueInput> | null | undefined;
  description?: string | null | undefined;
  /** You may only lower it: a number above what the rules of the queue give it, 100 where there is none for it. */
  priority?: number | null | undefined;
  /** The worker profile that it runs under; the app's own where none is named. */
  profile?: string | null | undefined;
  /** Seconds. The best solution so far is kept. */
  timeLimit?: number | null | undefined;
  /** Relative gap at which the solver may stop, 0.01 = 1 %. */
  gap?: number | null | undefined;
  seed?: number | null | undefined;
  /** At most 50 jobs, which you may see. */
  after?: Array<DependencyInput> | null | undefined;
};

/** What is to be another than in the first job; what is left out stays, and null takes a limit away. */
export type JobChanges = {
  /** All of them. */
  args?: unknown;
  description?: string | null | undefined;
  /** You may only lower it: a number above 100. */
  priority?: number | null | undefined;
  /** Null takes it away. */
  profile?: string | null | undefined;
  timeLimit?: number | null | undefined;
  gap?: number | null | undefined;
  seed?: number | null | undefined;
  /** At most 50 jobs, which you may see; what the first job waited for is none of its. */
  after?: Array<DependencyInput> | null | undefined;
};

export type SeatKind =
  /** For a session in which somebody works; his sessions on one device share one. */
  | 'DATA'
  /** For an attempt of a job. */
  | 'OPTIMIZATION';

export type ScheduleState =
  | 'ACTIVE'
  | 'PAUSED'
  /** It has no further time. */
  | 'FINISHED';

/** What happens when it is time and the run before has not ended: leave this one out, let it wait, end the other at once, run both. */
export type Overlap =
  | 'SKIP'
  | 'QUEUE'
  | 'REPLACE'
  | 'ALLOW';

/** What happens with times that passed while no server ran: nothing, one run for all of them, or a run for each, `atMost` of them. */
export type MissedRuns =
  | 'SKIP'
  | 'ONCE'
  | 'ALL';

/** One of `at`, `in` and `cron`. */
export type WhenInput = {
  /** A date and time like 2027-03-01T06:00, in `zone` unless it ends with Z or an offset. */
  at?: string | null | undefined;
  /** Seconds from now. */
  in?: number | null | undefined;
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  cron?: string | null | undefined;
  /** The name of a time zone, like Europe/Amsterdam. */
  zone?: string | null | undefined;
};

export type ScheduleTerms = {
  name: string;
  when: WhenInput;
  overlap?: Overlap | null | undefined;
  missed?: MissedRuns | null | undefined;
  /** With `missed: ALL`; 1 to 100. */
  atMost?: number | null | undefined;
};

export type SessionState =
  | 'REQUESTED'
  | 'STARTING'
  | 'READY'
  | 'ENDED';

export type Cell = {
  /** One element per index set. */
  tuple: Array<string>;
  /** Null sets the default. */
  value?: unknown;
};

/** What the rows of statistics are about. */
export type StatisticsBy =
  | 'HOUR'
  | 'DAY'
  | 'MONTH'
  | 'USER'
  /** All roles and groups of the owner when he submitted it: a row per combination, so that each job counts once. */
  | 'GROUP'
  | 'APP'
  | 'VERSION'
  /** Where an attempt ran. */
  | 'SERVER';

export type TariffInput = {
  currency: string;
  job?: number | null | undefined;
  coreHour?: number | null | undefined;
  gibHour?: number | null | undefined;
  cpuHour?: number | null | undefined;
};

type RefusalFields_NotAllowed_Fragment = { code: string, message: string, field: string | null, limit: string | null };

type RefusalFields_NotFound_Fragment = { code: string, message: string, field: string | null, limit: string | null };

type RefusalFields_BadInput_Fragment = { code: string, message: string, field: string | null, limit: string | null };

type RefusalFields_Conflict_Fragment = { code: string, message: string, field: string | null, limit: string | null };

export type RefusalFieldsFragment =
  | RefusalFields_NotAllowed_Fragment
  | RefusalFields_NotFound_Fragment
  | RefusalFields_BadInput_Fragment
  | RefusalFields_Conflict_Fragment
;

export type UserFieldsFragment = { id: string, name: string, environment: string, roles: Array<string>, groups: Array<string> };

export type EngineFieldsFragment = { id: string, name: string, version: string, title: string, vendor: string, license: string, digest: string, size: number, publishedAt: number, publishedBy: string, retired: boolean, solvers: Array<{ id: string, version: string, license: string, classes: Array<string> }> };

export type AppVersionFieldsFragment = { id: string, name: string, version: string, title: string, description: string, category: string, digest: string, size: number, publishedAt: number, publishedBy: string, hidden: boolean, latest: boolean, engine: { id: string }, procedures: Array<{ name: string, label: string, where: string }> };

export type JobFieldsFragment = { id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null };

export type PointFieldsFragment = { at: number, phase: string, elapsed: number, objective: number | null, bound: number | null, gap: number | null, nodes: number | null, iterations: number | null, incumbents: number, text: string | null };

export type CaseFieldsFragment = { id: string, name: string, kind: string, app: string, version: string, job: string | null, createdAt: number, digest: string, owner: { id: string, name: string }, identifiers: Array<{ name: string, type: string, domain: Array<string>, count: number, size: number, digest: string }> };

export type LogEventFieldsFragment = { position: string, id: string, type: string, stream: string, version: number, at: number, actor: string, roles: Array<string>, commandId: string, correlation: string, causation: string | null, data: unknown };

export type KeyFieldsFragment = { id: string, name: string, publicKey: string, trustedAt: number, revoked: boolean };

export type WhoAmIQueryVariables = Exact<{ [key: string]: never; }>;


export type WhoAmIQuery = { me: { id: string, name: string, environment: string, roles: Array<string>, groups: Array<string> } };

export type UsersQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  search?: string | null | undefined;
  group?: string | null | undefined;
}>;


export type UsersQuery = { users: { nodes: Array<{ id: string, name: string, environment: string, roles: Array<string>, groups: Array<string> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type GroupsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type GroupsQuery = { groups: { nodes: Array<{ name: string, members: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type SetUserGroupsMutationVariables = Exact<{
  user: string;
  groups: Array<string> | string;
  basedOn: Array<string> | string;
  reason?: string | null | undefined;
  commandId: string;
}>;


export type SetUserGroupsMutation = { setUserGroups:
    | { __typename: 'User', id: string, name: string, environment: string, roles: Array<string>, groups: Array<string> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type IssueSignInLinkMutationVariables = Exact<{
  commandId: string;
}>;


export type IssueSignInLinkMutation = { issueSignInLink:
    | { __typename: 'SignInLink', url: string, expiresAt: number }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type ServerStatusQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ServerStatusQuery = { platform: { version: string, startedAt: number }, nodes: { nodes: Array<{ id: string, name: string, state: string, epoch: number, leader: boolean, roles: Array<string>, labels: Array<string>, version: string, slots: number, runningJobs: number, sessions: number, joinedAt: number | null, lastBeat: number | null, isolation: string, drain: { reason: string, until: number } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type NodeFieldsFragment = { id: string, name: string, state: string, epoch: number, leader: boolean, roles: Array<string>, labels: Array<string>, version: string, slots: number, runningJobs: number, sessions: number, joinedAt: number | null, lastBeat: number | null, isolation: string, drain: { reason: string, until: number } | null };

export type ServersQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  removed?: boolean | null | undefined;
}>;


export type ServersQuery = { nodes: { nodes: Array<{ id: string, name: string, state: string, epoch: number, leader: boolean, roles: Array<string>, labels: Array<string>, version: string, slots: number, runningJobs: number, sessions: number, joinedAt: number | null, lastBeat: number | null, isolation: string, drain: { reason: string, until: number } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type JobsThereQueryVariables = Exact<{
  node: string;
}>;


export type JobsThereQuery = { jobs: { nodes: Array<{ id: string, procedure: string, app: { id: string } }> } };

export type InviteServerMutationVariables = Exact<{
  name: string;
  roles: Array<string> | string;
  commandId: string;
}>;


export type InviteServerMutation = { inviteServer:
    | { __typename: 'ServerInvitation', node: string, name: string, roles: Array<string>, token: string, address: string, expiresAt: number }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type DrainServerMutationVariables = Exact<{
  id: string;
  reason?: string | null | undefined;
  graceS?: number | null | undefined;
  commandId: string;
}>;


export type DrainServerMutation = { drainNode:
    | { __typename: 'Node', id: string, name: string, state: string, epoch: number, leader: boolean, roles: Array<string>, labels: Array<string>, version: string, slots: number, runningJobs: number, sessions: number, joinedAt: number | null, lastBeat: number | null, isolation: string, drain: { reason: string, until: number } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type ResumeServerMutationVariables = Exact<{
  id: string;
  commandId: string;
}>;


export type ResumeServerMutation = { resumeNode:
    | { __typename: 'Node', id: string, name: string, state: string, epoch: number, leader: boolean, roles: Array<string>, labels: Array<string>, version: string, slots: number, runningJobs: number, sessions: number, joinedAt: number | null, lastBeat: number | null, isolation: string, drain: { reason: string, until: number } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type RemoveServerMutationVariables = Exact<{
  id: string;
  reason?: string | null | undefined;
  force?: boolean | null | undefined;
  commandId: string;
}>;


export type RemoveServerMutation = { removeNode:
    | { __typename: 'Node', id: string, name: string, state: string, epoch: number, leader: boolean, roles: Array<string>, labels: Array<string>, version: string, slots: number, runningJobs: number, sessions: number, joinedAt: number | null, lastBeat: number | null, isolation: string, drain: { reason: string, until: number } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type ServersChangedSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type ServersChangedSubscription = { clusterChanged: { nodes: Array<{ id: string, name: string, state: string, epoch: number, leader: boolean, roles: Array<string>, labels: Array<string>, version: string, slots: number, runningJobs: number, sessions: number, joinedAt: number | null, lastBeat: number | null, isolation: string, drain: { reason: string, until: number } | null }> } };

export type KeysQueryVariables = Exact<{ [key: string]: never; }>;


export type KeysQuery = { publisherKeys: Array<{ id: string, name: string, publicKey: string, trustedAt: number, revoked: boolean }> };

export type EnginesQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  includeRetired: boolean;
}>;


export type EnginesQuery = { engines: { nodes: Array<{ id: string, name: string, version: string, title: string, vendor: string, license: string, digest: string, size: number, publishedAt: number, publishedBy: string, retired: boolean, solvers: Array<{ id: string, version: string, license: string, classes: Array<string> }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type AppsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  search?: string | null | undefined;
}>;


export type AppsQuery = { apps: { nodes: Array<{ name: string, title: string, description: string, category: string, latest: { id: string, name: string, version: string, title: string, description: string, category: string, digest: string, size: number, publishedAt: number, publishedBy: string, hidden: boolean, latest: boolean, engine: { id: string }, procedures: Array<{ name: string, label: string, where: string }> }, versions: Array<{ id: string, name: string, version: string, title: string, description: string, category: string, digest: string, size: number, publishedAt: number, publishedBy: string, hidden: boolean, latest: boolean, engine: { id: string }, procedures: Array<{ name: string, label: string, where: string }> }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type JobsQueryVariables = Exact<{
  filter?: JobFilter | null | undefined;
  order?: JobOrder | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type JobsQuery = { jobs: { nodes: Array<{ id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type JobByIdQueryVariables = Exact<{
  id: string;
}>;


export type JobByIdQuery = { job: { id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, progress: Array<{ at: number, phase: string, elapsed: number, objective: number | null, bound: number | null, gap: number | null, nodes: number | null, iterations: number | null, incumbents: number, text: string | null }>, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null } | null };

export type JobLogQueryVariables = Exact<{
  id: string;
  attempt?: number | null | undefined;
  offset: number;
}>;


export type JobLogQuery = { job: { state: JobState, attempts: Array<{ number: number }>, log: { text: string, nextOffset: number, open: boolean } } | null };

export type CasesQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  app?: string | null | undefined;
  kind?: string | null | undefined;
}>;


export type CasesQuery = { cases: { nodes: Array<{ id: string, name: string, kind: string, app: string, version: string, job: string | null, createdAt: number, digest: string, owner: { id: string, name: string }, identifiers: Array<{ name: string, type: string, domain: Array<string>, count: number, size: number, digest: string }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CaseByIdQueryVariables = Exact<{
  id: string;
}>;


export type CaseByIdQuery = { case: { id: string, name: string, kind: string, app: string, version: string, job: string | null, createdAt: number, digest: string, owner: { id: string, name: string }, identifiers: Array<{ name: string, type: string, domain: Array<string>, count: number, size: number, digest: string }> } | null };

export type CaseTableQueryVariables = Exact<{
  id: string;
  identifier: string;
  offset: number;
  limit: number;
}>;


export type CaseTableQuery = { case: { table: { columns: Array<string>, rows: Array<Array<unknown>>, total: number } | null } | null };

export type EventsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  stream?: string | null | undefined;
  types?: Array<string> | string | null | undefined;
}>;


export type EventsQuery = { events: { nodes: Array<{ position: string, id: string, type: string, stream: string, version: number, at: number, actor: string, roles: Array<string>, commandId: string, correlation: string, causation: string | null, data: unknown }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type EventStreamSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  types?: Array<string> | string | null | undefined;
}>;


export type EventStreamSubscription = { events: { position: string, id: string, type: string, stream: string, version: number, at: number, actor: string, roles: Array<string>, commandId: string, correlation: string, causation: string | null, data: unknown } };

export type JobProgressSubscriptionVariables = Exact<{
  id: string;
}>;


export type JobProgressSubscription = { jobProgress: { log: string, job: { id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null }, points: Array<{ at: number, phase: string, elapsed: number, objective: number | null, bound: number | null, gap: number | null, nodes: number | null, iterations: number | null, incumbents: number, text: string | null }> } };

export type SignOutMutationVariables = Exact<{
  commandId: string;
}>;


export type SignOutMutation = { signOut:
    | { __typename: 'Ok' }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type TrustKeyMutationVariables = Exact<{
  publicKey: string;
  name: string;
  commandId: string;
}>;


export type TrustKeyMutation = { trustKey:
    | { __typename: 'PublisherKey', id: string, name: string, publicKey: string, trustedAt: number, revoked: boolean }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type RevokeKeyMutationVariables = Exact<{
  id: string;
  commandId: string;
}>;


export type RevokeKeyMutation = { revokeKey:
    | { __typename: 'PublisherKey', id: string, name: string, publicKey: string, trustedAt: number, revoked: boolean }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type RequestUploadMutationVariables = Exact<{
  kind: UploadKind;
  name: string;
  size: number;
  commandId: string;
}>;


export type RequestUploadMutation = { requestUpload:
    | { __typename: 'Upload', id: string, url: string, maxBytes: number, expiresAt: number }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type PublishEngineMutationVariables = Exact<{
  upload: string;
  commandId: string;
}>;


export type PublishEngineMutation = { publishEngine:
    | { __typename: 'Engine', id: string, name: string, version: string, title: string, vendor: string, license: string, digest: string, size: number, publishedAt: number, publishedBy: string, retired: boolean, solvers: Array<{ id: string, version: string, license: string, classes: Array<string> }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type RetireEngineMutationVariables = Exact<{
  name: string;
  version: string;
  commandId: string;
}>;


export type RetireEngineMutation = { retireEngine:
    | { __typename: 'Engine', id: string, name: string, version: string, title: string, vendor: string, license: string, digest: string, size: number, publishedAt: number, publishedBy: string, retired: boolean, solvers: Array<{ id: string, version: string, license: string, classes: Array<string> }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type PublishAppMutationVariables = Exact<{
  upload: string;
  commandId: string;
}>;


export type PublishAppMutation = { publishApp:
    | { __typename: 'AppVersion', id: string, name: string, version: string, title: string, description: string, category: string, digest: string, size: number, publishedAt: number, publishedBy: string, hidden: boolean, latest: boolean, engine: { id: string }, procedures: Array<{ name: string, label: string, where: string }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type HideAppMutationVariables = Exact<{
  name: string;
  version: string;
  hidden: boolean;
  commandId: string;
}>;


export type HideAppMutation = { hideApp:
    | { __typename: 'AppVersion', id: string, name: string, version: string, title: string, description: string, category: string, digest: string, size: number, publishedAt: number, publishedBy: string, hidden: boolean, latest: boolean, engine: { id: string }, procedures: Array<{ name: string, label: string, where: string }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type MoveLatestMutationVariables = Exact<{
  name: string;
  version: string;
  commandId: string;
}>;


export type MoveLatestMutation = { moveLatest:
    | { __typename: 'AppVersion', id: string, name: string, version: string, title: string, description: string, category: string, digest: string, size: number, publishedAt: number, publishedBy: string, hidden: boolean, latest: boolean, engine: { id: string }, procedures: Array<{ name: string, label: string, where: string }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type SubmitJobMutationVariables = Exact<{
  input: SubmitJob;
  commandId: string;
}>;


export type SubmitJobMutation = { submitJob:
    | { __typename: 'Job', id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type JobArgumentsQueryVariables = Exact<{
  id: string;
}>;


export type JobArgumentsQuery = { job: { id: string, args: unknown } | null };

export type CloneJobMutationVariables = Exact<{
  id: string;
  changes: JobChanges;
  commandId: string;
}>;


export type CloneJobMutation = { cloneJob:
    | { __typename: 'Job', id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type JobAttemptsQueryVariables = Exact<{
  id: string;
}>;


export type JobAttemptsQuery = { job: { id: string, state: JobState, attempts: Array<{ number: number, nodeName: string, startedAt: number, endedAt: number | null, outcome: string | null, use: { cpuMs: number, peakMiB: number } | null }> } | null };

export type AttemptEndQueryVariables = Exact<{
  id: string;
  attempt: number;
}>;


export type AttemptEndQuery = { job: { id: string, progress: Array<{ objective: number | null, bound: number | null, gap: number | null, incumbents: number }> } | null };

export type RepeatJobMutationVariables = Exact<{
  id: string;
  commandId: string;
}>;


export type RepeatJobMutation = { repeatJob:
    | { __typename: 'Job', id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type PrioritizeJobMutationVariables = Exact<{
  id: string;
  priority: number;
  commandId: string;
}>;


export type PrioritizeJobMutation = { prioritizeJob:
    | { __typename: 'Job', id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type InterruptJobMutationVariables = Exact<{
  id: string;
  reason?: string | null | undefined;
  commandId: string;
}>;


export type InterruptJobMutation = { interruptJob:
    | { __typename: 'Job', id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type TerminateJobMutationVariables = Exact<{
  id: string;
  reason?: string | null | undefined;
  commandId: string;
}>;


export type TerminateJobMutation = { terminateJob:
    | { __typename: 'Job', id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type BatchFieldsFragment = { id: string, procedure: string, description: string, priority: number, state: BatchState, submittedAt: number, scenarios: number, created: number, retries: number, cancelledAt: number | null, cancelledBy: string | null, cancelReason: string | null, app: { id: string }, owner: { id: string, name: string }, ended: Array<{ state: JobState, count: number }> };

export type BatchesQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type BatchesQuery = { batches: { nodes: Array<{ id: string, procedure: string, description: string, priority: number, state: BatchState, submittedAt: number, scenarios: number, created: number, retries: number, cancelledAt: number | null, cancelledBy: string | null, cancelReason: string | null, app: { id: string }, owner: { id: string, name: string }, ended: Array<{ state: JobState, count: number }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type BatchByIdQueryVariables = Exact<{
  id: string;
}>;


export type BatchByIdQuery = { batch: { cells: string, id: string, procedure: string, description: string, priority: number, state: BatchState, submittedAt: number, scenarios: number, created: number, retries: number, cancelledAt: number | null, cancelledBy: string | null, cancelReason: string | null, app: { id: string }, owner: { id: string, name: string }, ended: Array<{ state: JobState, count: number }> } | null };

export type BatchResultsQueryVariables = Exact<{
  id: string;
  states?: Array<JobState> | JobState | null | undefined;
  order: ScenarioOrder;
  descending: boolean;
  first: number;
  offset: number;
}>;


export type BatchResultsQuery = { batch: { id: string, results: { total: number, rows: Array<{ index: number, job: string, args: unknown, state: JobState, objective: number | null, bound: number | null, gap: number | null, runTime: number | null, error: string | null }> } } | null };

export type SubmitBatchMutationVariables = Exact<{
  input: SubmitBatch;
  commandId: string;
}>;


export type SubmitBatchMutation = { submitBatch:
    | { __typename: 'Batch', id: string, procedure: string, description: string, priority: number, state: BatchState, submittedAt: number, scenarios: number, created: number, retries: number, cancelledAt: number | null, cancelledBy: string | null, cancelReason: string | null, app: { id: string }, owner: { id: string, name: string }, ended: Array<{ state: JobState, count: number }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type RetryBatchMutationVariables = Exact<{
  id: string;
  commandId: string;
}>;


export type RetryBatchMutation = { retryBatch:
    | { __typename: 'Batch', id: string, procedure: string, description: string, priority: number, state: BatchState, submittedAt: number, scenarios: number, created: number, retries: number, cancelledAt: number | null, cancelledBy: string | null, cancelReason: string | null, app: { id: string }, owner: { id: string, name: string }, ended: Array<{ state: JobState, count: number }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type CancelBatchMutationVariables = Exact<{
  id: string;
  reason?: string | null | undefined;
  commandId: string;
}>;


export type CancelBatchMutation = { cancelBatch:
    | { __typename: 'Batch', id: string, procedure: string, description: string, priority: number, state: BatchState, submittedAt: number, scenarios: number, created: number, retries: number, cancelledAt: number | null, cancelledBy: string | null, cancelReason: string | null, app: { id: string }, owner: { id: string, name: string }, ended: Array<{ state: JobState, count: number }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type BatchChangedSubscriptionVariables = Exact<{
  id: string;
}>;


export type BatchChangedSubscription = { batchChanged: { cells: string, id: string, procedure: string, description: string, priority: number, state: BatchState, submittedAt: number, scenarios: number, created: number, retries: number, cancelledAt: number | null, cancelledBy: string | null, cancelReason: string | null, app: { id: string }, owner: { id: string, name: string }, ended: Array<{ state: JobState, count: number }> } };

export type ScheduleFieldsFragment = { id: string, name: string, procedure: string, description: string, at: string | null, in: number | null, cron: string | null, zone: string | null, overlap: Overlap, missed: MissedRuns, atMost: number, state: ScheduleState, pausedBecause: string | null, nextAt: number | null, lastSkipped: string | null, app: { id: string }, owner: { name: string }, next: Array<{ at: number, text: string, note: string | null }>, lastRun: { id: string, state: JobState } | null };

export type SchedulesQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type SchedulesQuery = { schedules: { nodes: Array<{ id: string, name: string, procedure: string, description: string, at: string | null, in: number | null, cron: string | null, zone: string | null, overlap: Overlap, missed: MissedRuns, atMost: number, state: ScheduleState, pausedBecause: string | null, nextAt: number | null, lastSkipped: string | null, app: { id: string }, owner: { name: string }, next: Array<{ at: number, text: string, note: string | null }>, lastRun: { id: string, state: JobState } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ScheduleByIdQueryVariables = Exact<{
  id: string;
  runs?: number | null | undefined;
}>;


export type ScheduleByIdQuery = { schedule: { id: string, name: string, procedure: string, description: string, at: string | null, in: number | null, cron: string | null, zone: string | null, overlap: Overlap, missed: MissedRuns, atMost: number, state: ScheduleState, pausedBecause: string | null, nextAt: number | null, lastSkipped: string | null, app: { id: string }, owner: { name: string }, next: Array<{ at: number, text: string, note: string | null }>, lastRun: { id: string, state: JobState } | null } | null, jobs: { nodes: Array<{ id: string, state: JobState, queuedAt: number, endedAt: number | null, objective: number | null }> } };

export type MakeScheduleMutationVariables = Exact<{
  job: SubmitJob;
  terms: ScheduleTerms;
  commandId: string;
}>;


export type MakeScheduleMutation = { makeSchedule:
    | { __typename: 'Schedule', id: string, name: string, procedure: string, description: string, at: string | null, in: number | null, cron: string | null, zone: string | null, overlap: Overlap, missed: MissedRuns, atMost: number, state: ScheduleState, pausedBecause: string | null, nextAt: number | null, lastSkipped: string | null, app: { id: string }, owner: { name: string }, next: Array<{ at: number, text: string, note: string | null }>, lastRun: { id: string, state: JobState } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type PauseScheduleMutationVariables = Exact<{
  id: string;
  reason: string;
  commandId: string;
}>;


export type PauseScheduleMutation = { pauseSchedule:
    | { __typename: 'Schedule', id: string, name: string, procedure: string, description: string, at: string | null, in: number | null, cron: string | null, zone: string | null, overlap: Overlap, missed: MissedRuns, atMost: number, state: ScheduleState, pausedBecause: string | null, nextAt: number | null, lastSkipped: string | null, app: { id: string }, owner: { name: string }, next: Array<{ at: number, text: string, note: string | null }>, lastRun: { id: string, state: JobState } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type ResumeScheduleMutationVariables = Exact<{
  id: string;
  commandId: string;
}>;


export type ResumeScheduleMutation = { resumeSchedule:
    | { __typename: 'Schedule', id: string, name: string, procedure: string, description: string, at: string | null, in: number | null, cron: string | null, zone: string | null, overlap: Overlap, missed: MissedRuns, atMost: number, state: ScheduleState, pausedBecause: string | null, nextAt: number | null, lastSkipped: string | null, app: { id: string }, owner: { name: string }, next: Array<{ at: number, text: string, note: string | null }>, lastRun: { id: string, state: JobState } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type DeleteScheduleMutationVariables = Exact<{
  id: string;
  commandId: string;
}>;


export type DeleteScheduleMutation = { deleteSchedule:
    | { __typename: 'Ok', ok: boolean }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type LicenceFieldsFragment = { name: string, title: string, dataSeats: number, optimizationSeats: number, holdS: number, leaseS: number, definedAt: number, definedBy: string, reason: string, version: number, dataTaken: number, optimizationTaken: number, waiting: number, note: string | null, users: Array<{ id: string, name: string }> };

export type SeatFieldsFragment = { id: string, kind: SeatKind, session: string | null, job: string | null, attempt: number | null, since: number, waitedMs: number | null, place: number | null, user: { id: string, name: string } };

export type LicencesQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type LicencesQuery = { licences: { nodes: Array<{ name: string, title: string, dataSeats: number, optimizationSeats: number, holdS: number, leaseS: number, definedAt: number, definedBy: string, reason: string, version: number, dataTaken: number, optimizationTaken: number, waiting: number, note: string | null, users: Array<{ id: string, name: string }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type LicenceSeatsQueryVariables = Exact<{
  name: string;
  waiting: boolean;
  first: number;
  after?: string | null | undefined;
}>;


export type LicenceSeatsQuery = { licence: { name: string, title: string, dataSeats: number, optimizationSeats: number, holdS: number, leaseS: number, definedAt: number, definedBy: string, reason: string, version: number, dataTaken: number, optimizationTaken: number, waiting: number, note: string | null, seats: { nodes: Array<{ id: string, kind: SeatKind, session: string | null, job: string | null, attempt: number | null, since: number, waitedMs: number | null, place: number | null, user: { id: string, name: string } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } }, users: Array<{ id: string, name: string }> } | null };

export type DefineLicenceMutationVariables = Exact<{
  name: string;
  title?: string | null | undefined;
  dataSeats?: number | null | undefined;
  optimizationSeats?: number | null | undefined;
  holdS?: number | null | undefined;
  leaseS?: number | null | undefined;
  users?: Array<string> | string | null | undefined;
  reason?: string | null | undefined;
  basedOn?: number | null | undefined;
  commandId: string;
}>;


export type DefineLicenceMutation = { defineLicence:
    | { __typename: 'Licence', name: string, title: string, dataSeats: number, optimizationSeats: number, holdS: number, leaseS: number, definedAt: number, definedBy: string, reason: string, version: number, dataTaken: number, optimizationTaken: number, waiting: number, note: string | null, users: Array<{ id: string, name: string }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type FreeSeatMutationVariables = Exact<{
  licence: string;
  holder: string;
  reason?: string | null | undefined;
  commandId: string;
}>;


export type FreeSeatMutation = { freeSeat:
    | { __typename: 'Licence', name: string, title: string, dataSeats: number, optimizationSeats: number, holdS: number, leaseS: number, definedAt: number, definedBy: string, reason: string, version: number, dataTaken: number, optimizationTaken: number, waiting: number, note: string | null, users: Array<{ id: string, name: string }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type LeaveLineMutationVariables = Exact<{
  session: string;
  commandId: string;
}>;


export type LeaveLineMutation = { leaveLine:
    | { __typename: 'Session', id: string, state: SessionState, endReason: string | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type QueuePolicyQueryVariables = Exact<{ [key: string]: never; }>;


export type QueuePolicyQuery = { queuePolicy: { version: number, document: unknown, warnings: Array<string> } };

export type QueuePolicyHistoryQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type QueuePolicyHistoryQuery = { queuePolicyHistory: { nodes: Array<{ version: number, reason: string, setAt: number | null, setBy: { name: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type SetQueuePolicyMutationVariables = Exact<{
  policy: unknown;
  reason: string;
  basedOn: number;
  commandId: string;
}>;


export type SetQueuePolicyMutation = { setQueuePolicy:
    | { __typename: 'QueuePolicy', version: number, document: unknown, warnings: Array<string>, use: { rules: Array<number>, quotas: Array<Array<{ name: string, count: number }>>, storage: Array<Array<{ name: string, count: number }>> } }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type SpreadFieldsFragment = { min: number, mean: number, p50: number, p95: number, max: number };

export type StatisticsRowFieldsFragment = { key: string, label: string, jobs: number, completed: number, failed: number, cancelled: number, attempts: number, coreHours: number, gibHours: number, cpuHours: number, peakMiB: number | null, cost: number, queue: { min: number, mean: number, p50: number, p95: number, max: number } | null, launch: { min: number, mean: number, p50: number, p95: number, max: number } | null, run: { min: number, mean: number, p50: number, p95: number, max: number } | null };

export type JobStatisticsQueryVariables = Exact<{
  from: number;
  to: number;
  by: StatisticsBy;
  timeZone?: string | null | undefined;
  app?: string | null | undefined;
  group?: string | null | undefined;
  owner?: string | null | undefined;
  csv: boolean;
}>;


export type JobStatisticsQuery = { jobStatistics: { more: boolean, currency: string, csv?: string, rows: Array<{ key: string, label: string, jobs: number, completed: number, failed: number, cancelled: number, attempts: number, coreHours: number, gibHours: number, cpuHours: number, peakMiB: number | null, cost: number, queue: { min: number, mean: number, p50: number, p95: number, max: number } | null, launch: { min: number, mean: number, p50: number, p95: number, max: number } | null, run: { min: number, mean: number, p50: number, p95: number, max: number } | null }>, total: { key: string, label: string, jobs: number, completed: number, failed: number, cancelled: number, attempts: number, coreHours: number, gibHours: number, cpuHours: number, peakMiB: number | null, cost: number, queue: { min: number, mean: number, p50: number, p95: number, max: number } | null, launch: { min: number, mean: number, p50: number, p95: number, max: number } | null, run: { min: number, mean: number, p50: number, p95: number, max: number } | null } | null } };

export type TariffFieldsFragment = { version: number, currency: string, job: number, coreHour: number, gibHour: number, cpuHour: number, reason: string, setAt: number | null, setBy: { name: string } | null };

export type TariffQueryVariables = Exact<{ [key: string]: never; }>;


export type TariffQuery = { tariff: { version: number, currency: string, job: number, coreHour: number, gibHour: number, cpuHour: number, reason: string, setAt: number | null, setBy: { name: string } | null } };

export type SetTariffMutationVariables = Exact<{
  tariff: TariffInput;
  reason: string;
  basedOn: number;
  commandId: string;
}>;


export type SetTariffMutation = { setTariff:
    | { __typename: 'Tariff', version: number, currency: string, job: number, coreHour: number, gibHour: number, cpuHour: number, reason: string, setAt: number | null, setBy: { name: string } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type TariffHistoryQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type TariffHistoryQuery = { tariffHistory: { nodes: Array<{ version: number, currency: string, job: number, coreHour: number, gibHour: number, cpuHour: number, reason: string, setAt: number | null, setBy: { name: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ChangeScheduleMutationVariables = Exact<{
  id: string;
  terms: ScheduleTerms;
  commandId: string;
}>;


export type ChangeScheduleMutation = { changeSchedule:
    | { __typename: 'Schedule', id: string, name: string, procedure: string, description: string, at: string | null, in: number | null, cron: string | null, zone: string | null, overlap: Overlap, missed: MissedRuns, atMost: number, state: ScheduleState, pausedBecause: string | null, nextAt: number | null, lastSkipped: string | null, app: { id: string }, owner: { name: string }, next: Array<{ at: number, text: string, note: string | null }>, lastRun: { id: string, state: JobState } | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type DueTimesQueryVariables = Exact<{
  when: WhenInput;
  count: number;
}>;


export type DueTimesQuery = { dueTimes: Array<{ at: number, text: string, note: string | null }> };

export type JobDetailsQueryVariables = Exact<{
  id: string;
}>;


export type JobDetailsQuery = { job: { args: unknown, seed: number | null, gapLimit: number | null, parent: string | null, batch: string | null, schedule: string | null, id: string, procedure: string, description: string, state: JobState, priority: number, profile: string | null, waitingFor: string | null, place: number | null, waited: string | null, queuedAt: number, startedAt: number | null, endedAt: number | null, timeLimit: number | null, session: string | null, solverStatus: string | null, objective: number | null, bound: number | null, gap: number | null, repeats: string | null, compared: string | null, clones: string | null, differs: string | null, stoppedBy: string | null, stopReason: string | null, dependsOn: Array<{ job: string, on: DependencyEnd, met: boolean, title: string | null, state: JobState | null }>, neededBy: Array<{ id: string, procedure: string, description: string, state: JobState }>, timeline: Array<{ type: string, at: number, actor: string, data: unknown }>, app: { id: string, name: string, version: string, title: string }, owner: { id: string, name: string }, attempts: Array<{ number: number, node: string, startedAt: number, endedAt: number | null, outcome: string | null }>, error: { code: string, message: string, where: string | null } | null, input: { id: string } | null, result: { id: string } | null } | null };

export type SessionFieldsFragment = { id: string, state: SessionState, node: string | null, requestedAt: number, readyAt: number | null, endedAt: number | null, endReason: string | null, savedAt: number | null, licence: string | null, waitingFor: string | null, waited: string | null, app: { id: string }, owner: { id: string, name: string }, steps: Array<{ name: string, at: number }> };

export type SessionsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  state?: SessionState | null | undefined;
}>;


export type SessionsQuery = { sessions: { nodes: Array<{ id: string, state: SessionState, node: string | null, requestedAt: number, readyAt: number | null, endedAt: number | null, endReason: string | null, savedAt: number | null, licence: string | null, waitingFor: string | null, waited: string | null, app: { id: string }, owner: { id: string, name: string }, steps: Array<{ name: string, at: number }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type SessionByIdQueryVariables = Exact<{
  id: string;
}>;


export type SessionByIdQuery = { session: { id: string, state: SessionState, node: string | null, requestedAt: number, readyAt: number | null, endedAt: number | null, endReason: string | null, savedAt: number | null, licence: string | null, waitingFor: string | null, waited: string | null, app: { id: string }, owner: { id: string, name: string }, steps: Array<{ name: string, at: number }> } | null };

export type EndSessionMutationVariables = Exact<{
  id: string;
  commandId: string;
}>;


export type EndSessionMutation = { endSession:
    | { __typename: 'Session', id: string, state: SessionState, endReason: string | null }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export type JobChoicesQueryVariables = Exact<{
  app: string;
  version?: string | null | undefined;
}>;


export type JobChoicesQuery = { jobChoices: { priority: number, profile: string | null, profiles: Array<{ name: string, capacity: number, memoryMiB: number | null, cores: number | null, labels: Array<string> }> } | null };

export type StorageUseFragment = { used: number, quotas: Array<{ per: string, name: string, used: number, limit: number }> };

export type StorageQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type StorageQuery = { storage: { used: number, kept: { nodes: Array<{ id: string, kind: string, name: string, app: string | null, job: string | null, bytes: number, createdAt: number }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } }, quotas: Array<{ per: string, name: string, used: number, limit: number }> } };

export type StorageRoomQueryVariables = Exact<{
  cases: Array<string> | string;
  uploads: Array<string> | string;
}>;


export type StorageRoomQuery = { storage: { room: number } };

export type RemoveStoredMutationVariables = Exact<{
  cases: Array<string> | string;
  uploads: Array<string> | string;
  commandId: string;
}>;


export type RemoveStoredMutation = { removeStored:
    | { __typename: 'Storage', used: number, quotas: Array<{ per: string, name: string, used: number, limit: number }> }
    | { __typename: 'NotAllowed', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'NotFound', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'BadInput', code: string, message: string, field: string | null, limit: string | null }
    | { __typename: 'Conflict', code: string, message: string, field: string | null, limit: string | null }
   };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, unknown> | undefined;

  constructor(value: string, __meta__?: Record<string, unknown> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const RefusalFieldsFragmentDoc = new TypedDocumentString(`
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
    `, {"fragmentName":"RefusalFields"}) as unknown as TypedDocumentString<RefusalFieldsFragment, unknown>;
export const UserFieldsFragmentDoc = new TypedDocumentString(`
    fragment UserFields on User {
  id
  name
  environment
  roles
  groups
}
    `, {"fragmentName":"UserFields"}) as unknown as TypedDocumentString<UserFieldsFragment, unknown>;
export const EngineFieldsFragmentDoc = new TypedDocumentString(`
    fragment EngineFields on Engine {
  id
  name
  version
  title
  vendor
  license
  digest
  size
  solvers {
    id
    version
    license
    classes
  }
  publishedAt
  publishedBy
  retired
}
    `, {"fragmentName":"EngineFields"}) as unknown as TypedDocumentString<EngineFieldsFragment, unknown>;
export const AppVersionFieldsFragmentDoc = new TypedDocumentString(`
    fragment AppVersionFields on AppVersion {
  id
  name
  version
  title
  description
  category
  engine {
    id
  }
  procedures {
    name
    label
    where
  }
  digest
  size
  publishedAt
  publishedBy
  hidden
  latest
}
    `, {"fragmentName":"AppVersionFields"}) as unknown as TypedDocumentString<AppVersionFieldsFragment, unknown>;
export const JobFieldsFragmentDoc = new TypedDocumentString(`
    fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}
    `, {"fragmentName":"JobFields"}) as unknown as TypedDocumentString<JobFieldsFragment, unknown>;
export const PointFieldsFragmentDoc = new TypedDocumentString(`
    fragment PointFields on ProgressPoint {
  at
  phase
  elapsed
  objective
  bound
  gap
  nodes
  iterations
  incumbents
  text
}
    `, {"fragmentName":"PointFields"}) as unknown as TypedDocumentString<PointFieldsFragment, unknown>;
export const CaseFieldsFragmentDoc = new TypedDocumentString(`
    fragment CaseFields on Case {
  id
  name
  kind
  app
  version
  owner {
    id
    name
  }
  job
  createdAt
  digest
  identifiers {
    name
    type
    domain
    count
    size
    digest
  }
}
    `, {"fragmentName":"CaseFields"}) as unknown as TypedDocumentString<CaseFieldsFragment, unknown>;
export const LogEventFieldsFragmentDoc = new TypedDocumentString(`
    fragment LogEventFields on LogEvent {
  position
  id
  type
  stream
  version
  at
  actor
  roles
  commandId
  correlation
  causation
  data
}
    `, {"fragmentName":"LogEventFields"}) as unknown as TypedDocumentString<LogEventFieldsFragment, unknown>;
export const KeyFieldsFragmentDoc = new TypedDocumentString(`
    fragment KeyFields on PublisherKey {
  id
  name
  publicKey
  trustedAt
  revoked
}
    `, {"fragmentName":"KeyFields"}) as unknown as TypedDocumentString<KeyFieldsFragment, unknown>;
export const NodeFieldsFragmentDoc = new TypedDocumentString(`
    fragment NodeFields on Node {
  id
  name
  state
  epoch
  leader
  roles
  labels
  version
  slots
  runningJobs
  sessions
  drain {
    reason
    until
  }
  joinedAt
  lastBeat
  isolation
}
    `, {"fragmentName":"NodeFields"}) as unknown as TypedDocumentString<NodeFieldsFragment, unknown>;
export const BatchFieldsFragmentDoc = new TypedDocumentString(`
    fragment BatchFields on Batch {
  id
  app {
    id
  }
  procedure
  description
  owner {
    id
    name
  }
  priority
  state
  submittedAt
  scenarios
  created
  ended {
    state
    count
  }
  retries
  cancelledAt
  cancelledBy
  cancelReason
}
    `, {"fragmentName":"BatchFields"}) as unknown as TypedDocumentString<BatchFieldsFragment, unknown>;
export const ScheduleFieldsFragmentDoc = new TypedDocumentString(`
    fragment ScheduleFields on Schedule {
  id
  name
  app {
    id
  }
  procedure
  description
  owner {
    name
  }
  at
  in
  cron
  zone
  overlap
  missed
  atMost
  state
  pausedBecause
  nextAt
  next {
    at
    text
    note
  }
  lastRun {
    id
    state
  }
  lastSkipped
}
    `, {"fragmentName":"ScheduleFields"}) as unknown as TypedDocumentString<ScheduleFieldsFragment, unknown>;
export const LicenceFieldsFragmentDoc = new TypedDocumentString(`
    fragment LicenceFields on Licence {
  name
  title
  dataSeats
  optimizationSeats
  holdS
  leaseS
  users {
    id
    name
  }
  definedAt
  definedBy
  reason
  version
  dataTaken
  optimizationTaken
  waiting
  note
}
    `, {"fragmentName":"LicenceFields"}) as unknown as TypedDocumentString<LicenceFieldsFragment, unknown>;
export const SeatFieldsFragmentDoc = new TypedDocumentString(`
    fragment SeatFields on Seat {
  id
  kind
  user {
    id
    name
  }
  session
  job
  attempt
  since
  waitedMs
  place
}
    `, {"fragmentName":"SeatFields"}) as unknown as TypedDocumentString<SeatFieldsFragment, unknown>;
export const SpreadFieldsFragmentDoc = new TypedDocumentString(`
    fragment SpreadFields on Spread {
  min
  mean
  p50
  p95
  max
}
    `, {"fragmentName":"SpreadFields"}) as unknown as TypedDocumentString<SpreadFieldsFragment, unknown>;
export const StatisticsRowFieldsFragmentDoc = new TypedDocumentString(`
    fragment StatisticsRowFields on StatisticsRow {
  key
  label
  jobs
  completed
  failed
  cancelled
  attempts
  queue {
    ...SpreadFields
  }
  launch {
    ...SpreadFields
  }
  run {
    ...SpreadFields
  }
  coreHours
  gibHours
  cpuHours
  peakMiB
  cost
}
    fragment SpreadFields on Spread {
  min
  mean
  p50
  p95
  max
}`, {"fragmentName":"StatisticsRowFields"}) as unknown as TypedDocumentString<StatisticsRowFieldsFragment, unknown>;
export const TariffFieldsFragmentDoc = new TypedDocumentString(`
    fragment TariffFields on Tariff {
  version
  currency
  job
  coreHour
  gibHour
  cpuHour
  reason
  setAt
  setBy {
    name
  }
}
    `, {"fragmentName":"TariffFields"}) as unknown as TypedDocumentString<TariffFieldsFragment, unknown>;
export const SessionFieldsFragmentDoc = new TypedDocumentString(`
    fragment SessionFields on Session {
  id
  app {
    id
  }
  state
  owner {
    id
    name
  }
  node
  requestedAt
  readyAt
  endedAt
  endReason
  savedAt
  licence
  waitingFor
  waited
  steps {
    name
    at
  }
}
    `, {"fragmentName":"SessionFields"}) as unknown as TypedDocumentString<SessionFieldsFragment, unknown>;
export const StorageUseFragmentDoc = new TypedDocumentString(`
    fragment StorageUse on Storage {
  used
  quotas {
    per
    name
    used
    limit
  }
}
    `, {"fragmentName":"StorageUse"}) as unknown as TypedDocumentString<StorageUseFragment, unknown>;
export const WhoAmIDocument = new TypedDocumentString(`
    query WhoAmI {
  me {
    ...UserFields
  }
}
    fragment UserFields on User {
  id
  name
  environment
  roles
  groups
}`) as unknown as TypedDocumentString<WhoAmIQuery, WhoAmIQueryVariables>;
export const UsersDocument = new TypedDocumentString(`
    query Users($first: Int!, $after: String, $search: String, $group: String) {
  users(first: $first, after: $after, search: $search, group: $group) {
    nodes {
      ...UserFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment UserFields on User {
  id
  name
  environment
  roles
  groups
}`) as unknown as TypedDocumentString<UsersQuery, UsersQueryVariables>;
export const GroupsDocument = new TypedDocumentString(`
    query Groups($first: Int!, $after: String) {
  groups(first: $first, after: $after) {
    nodes {
      name
      members
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<GroupsQuery, GroupsQueryVariables>;
export const SetUserGroupsDocument = new TypedDocumentString(`
    mutation SetUserGroups($user: ID!, $groups: [String!]!, $basedOn: [String!]!, $reason: String, $commandId: ID!) {
  setUserGroups(
    user: $user
    groups: $groups
    basedOn: $basedOn
    reason: $reason
    commandId: $commandId
  ) {
    __typename
    ...UserFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment UserFields on User {
  id
  name
  environment
  roles
  groups
}`) as unknown as TypedDocumentString<SetUserGroupsMutation, SetUserGroupsMutationVariables>;
export const IssueSignInLinkDocument = new TypedDocumentString(`
    mutation IssueSignInLink($commandId: ID!) {
  issueSignInLink(commandId: $commandId) {
    __typename
    ... on SignInLink {
      url
      expiresAt
    }
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}`) as unknown as TypedDocumentString<IssueSignInLinkMutation, IssueSignInLinkMutationVariables>;
export const ServerStatusDocument = new TypedDocumentString(`
    query ServerStatus($after: String) {
  platform {
    version
    startedAt
  }
  nodes(first: 200, after: $after) {
    nodes {
      ...NodeFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment NodeFields on Node {
  id
  name
  state
  epoch
  leader
  roles
  labels
  version
  slots
  runningJobs
  sessions
  drain {
    reason
    until
  }
  joinedAt
  lastBeat
  isolation
}`) as unknown as TypedDocumentString<ServerStatusQuery, ServerStatusQueryVariables>;
export const ServersDocument = new TypedDocumentString(`
    query Servers($first: Int, $after: String, $removed: Boolean) {
  nodes(first: $first, after: $after, removed: $removed) {
    nodes {
      ...NodeFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment NodeFields on Node {
  id
  name
  state
  epoch
  leader
  roles
  labels
  version
  slots
  runningJobs
  sessions
  drain {
    reason
    until
  }
  joinedAt
  lastBeat
  isolation
}`) as unknown as TypedDocumentString<ServersQuery, ServersQueryVariables>;
export const JobsThereDocument = new TypedDocumentString(`
    query JobsThere($node: ID!) {
  jobs(filter: {node: $node, states: [RUNNING]}, first: 10) {
    nodes {
      id
      procedure
      app {
        id
      }
    }
  }
}
    `) as unknown as TypedDocumentString<JobsThereQuery, JobsThereQueryVariables>;
export const InviteServerDocument = new TypedDocumentString(`
    mutation InviteServer($name: String!, $roles: [String!]!, $commandId: ID!) {
  inviteServer(name: $name, roles: $roles, commandId: $commandId) {
    __typename
    ... on ServerInvitation {
      node
      name
      roles
      token
      address
      expiresAt
    }
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}`) as unknown as TypedDocumentString<InviteServerMutation, InviteServerMutationVariables>;
export const DrainServerDocument = new TypedDocumentString(`
    mutation DrainServer($id: ID!, $reason: String, $graceS: Int, $commandId: ID!) {
  drainNode(id: $id, reason: $reason, graceS: $graceS, commandId: $commandId) {
    __typename
    ...NodeFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment NodeFields on Node {
  id
  name
  state
  epoch
  leader
  roles
  labels
  version
  slots
  runningJobs
  sessions
  drain {
    reason
    until
  }
  joinedAt
  lastBeat
  isolation
}`) as unknown as TypedDocumentString<DrainServerMutation, DrainServerMutationVariables>;
export const ResumeServerDocument = new TypedDocumentString(`
    mutation ResumeServer($id: ID!, $commandId: ID!) {
  resumeNode(id: $id, commandId: $commandId) {
    __typename
    ...NodeFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment NodeFields on Node {
  id
  name
  state
  epoch
  leader
  roles
  labels
  version
  slots
  runningJobs
  sessions
  drain {
    reason
    until
  }
  joinedAt
  lastBeat
  isolation
}`) as unknown as TypedDocumentString<ResumeServerMutation, ResumeServerMutationVariables>;
export const RemoveServerDocument = new TypedDocumentString(`
    mutation RemoveServer($id: ID!, $reason: String, $force: Boolean, $commandId: ID!) {
  removeNode(id: $id, reason: $reason, force: $force, commandId: $commandId) {
    __typename
    ...NodeFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment NodeFields on Node {
  id
  name
  state
  epoch
  leader
  roles
  labels
  version
  slots
  runningJobs
  sessions
  drain {
    reason
    until
  }
  joinedAt
  lastBeat
  isolation
}`) as unknown as TypedDocumentString<RemoveServerMutation, RemoveServerMutationVariables>;
export const ServersChangedDocument = new TypedDocumentString(`
    subscription ServersChanged {
  clusterChanged {
    nodes {
      ...NodeFields
    }
  }
}
    fragment NodeFields on Node {
  id
  name
  state
  epoch
  leader
  roles
  labels
  version
  slots
  runningJobs
  sessions
  drain {
    reason
    until
  }
  joinedAt
  lastBeat
  isolation
}`) as unknown as TypedDocumentString<ServersChangedSubscription, ServersChangedSubscriptionVariables>;
export const KeysDocument = new TypedDocumentString(`
    query Keys {
  publisherKeys {
    ...KeyFields
  }
}
    fragment KeyFields on PublisherKey {
  id
  name
  publicKey
  trustedAt
  revoked
}`) as unknown as TypedDocumentString<KeysQuery, KeysQueryVariables>;
export const EnginesDocument = new TypedDocumentString(`
    query Engines($first: Int!, $after: String, $includeRetired: Boolean!) {
  engines(first: $first, after: $after, includeRetired: $includeRetired) {
    nodes {
      ...EngineFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment EngineFields on Engine {
  id
  name
  version
  title
  vendor
  license
  digest
  size
  solvers {
    id
    version
    license
    classes
  }
  publishedAt
  publishedBy
  retired
}`) as unknown as TypedDocumentString<EnginesQuery, EnginesQueryVariables>;
export const AppsDocument = new TypedDocumentString(`
    query Apps($first: Int!, $after: String, $search: String) {
  apps(first: $first, after: $after, search: $search) {
    nodes {
      name
      title
      description
      category
      latest {
        ...AppVersionFields
      }
      versions {
        ...AppVersionFields
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment AppVersionFields on AppVersion {
  id
  name
  version
  title
  description
  category
  engine {
    id
  }
  procedures {
    name
    label
    where
  }
  digest
  size
  publishedAt
  publishedBy
  hidden
  latest
}`) as unknown as TypedDocumentString<AppsQuery, AppsQueryVariables>;
export const JobsDocument = new TypedDocumentString(`
    query Jobs($filter: JobFilter, $order: JobOrder, $first: Int!, $after: String) {
  jobs(filter: $filter, order: $order, first: $first, after: $after) {
    nodes {
      ...JobFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}`) as unknown as TypedDocumentString<JobsQuery, JobsQueryVariables>;
export const JobByIdDocument = new TypedDocumentString(`
    query JobById($id: ID!) {
  job(id: $id) {
    ...JobFields
    progress(last: 1) {
      ...PointFields
    }
  }
}
    fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}
fragment PointFields on ProgressPoint {
  at
  phase
  elapsed
  objective
  bound
  gap
  nodes
  iterations
  incumbents
  text
}`) as unknown as TypedDocumentString<JobByIdQuery, JobByIdQueryVariables>;
export const JobLogDocument = new TypedDocumentString(`
    query JobLog($id: ID!, $attempt: Int, $offset: Float!) {
  job(id: $id) {
    state
    attempts {
      number
    }
    log(attempt: $attempt, offset: $offset) {
      text
      nextOffset
      open
    }
  }
}
    `) as unknown as TypedDocumentString<JobLogQuery, JobLogQueryVariables>;
export const CasesDocument = new TypedDocumentString(`
    query Cases($first: Int!, $after: String, $app: String, $kind: String) {
  cases(first: $first, after: $after, app: $app, kind: $kind) {
    nodes {
      ...CaseFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment CaseFields on Case {
  id
  name
  kind
  app
  version
  owner {
    id
    name
  }
  job
  createdAt
  digest
  identifiers {
    name
    type
    domain
    count
    size
    digest
  }
}`) as unknown as TypedDocumentString<CasesQuery, CasesQueryVariables>;
export const CaseByIdDocument = new TypedDocumentString(`
    query CaseById($id: ID!) {
  case(id: $id) {
    ...CaseFields
  }
}
    fragment CaseFields on Case {
  id
  name
  kind
  app
  version
  owner {
    id
    name
  }
  job
  createdAt
  digest
  identifiers {
    name
    type
    domain
    count
    size
    digest
  }
}`) as unknown as TypedDocumentString<CaseByIdQuery, CaseByIdQueryVariables>;
export const CaseTableDocument = new TypedDocumentString(`
    query CaseTable($id: ID!, $identifier: String!, $offset: Int!, $limit: Int!) {
  case(id: $id) {
    table(identifier: $identifier, offset: $offset, limit: $limit) {
      columns
      rows
      total
    }
  }
}
    `) as unknown as TypedDocumentString<CaseTableQuery, CaseTableQueryVariables>;
export const EventsDocument = new TypedDocumentString(`
    query Events($first: Int, $after: String, $last: Int, $stream: String, $types: [String!]) {
  events(
    first: $first
    after: $after
    last: $last
    stream: $stream
    types: $types
  ) {
    nodes {
      ...LogEventFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment LogEventFields on LogEvent {
  position
  id
  type
  stream
  version
  at
  actor
  roles
  commandId
  correlation
  causation
  data
}`) as unknown as TypedDocumentString<EventsQuery, EventsQueryVariables>;
export const EventStreamDocument = new TypedDocumentString(`
    subscription EventStream($after: String, $types: [String!]) {
  events(after: $after, types: $types) {
    ...LogEventFields
  }
}
    fragment LogEventFields on LogEvent {
  position
  id
  type
  stream
  version
  at
  actor
  roles
  commandId
  correlation
  causation
  data
}`) as unknown as TypedDocumentString<EventStreamSubscription, EventStreamSubscriptionVariables>;
export const JobProgressDocument = new TypedDocumentString(`
    subscription JobProgress($id: ID!) {
  jobProgress(id: $id) {
    job {
      ...JobFields
    }
    points {
      ...PointFields
    }
    log
  }
}
    fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}
fragment PointFields on ProgressPoint {
  at
  phase
  elapsed
  objective
  bound
  gap
  nodes
  iterations
  incumbents
  text
}`) as unknown as TypedDocumentString<JobProgressSubscription, JobProgressSubscriptionVariables>;
export const SignOutDocument = new TypedDocumentString(`
    mutation SignOut($commandId: ID!) {
  signOut(commandId: $commandId) {
    __typename
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}`) as unknown as TypedDocumentString<SignOutMutation, SignOutMutationVariables>;
export const TrustKeyDocument = new TypedDocumentString(`
    mutation TrustKey($publicKey: String!, $name: String!, $commandId: ID!) {
  trustKey(publicKey: $publicKey, name: $name, commandId: $commandId) {
    __typename
    ...KeyFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment KeyFields on PublisherKey {
  id
  name
  publicKey
  trustedAt
  revoked
}`) as unknown as TypedDocumentString<TrustKeyMutation, TrustKeyMutationVariables>;
export const RevokeKeyDocument = new TypedDocumentString(`
    mutation RevokeKey($id: ID!, $commandId: ID!) {
  revokeKey(id: $id, commandId: $commandId) {
    __typename
    ...KeyFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment KeyFields on PublisherKey {
  id
  name
  publicKey
  trustedAt
  revoked
}`) as unknown as TypedDocumentString<RevokeKeyMutation, RevokeKeyMutationVariables>;
export const RequestUploadDocument = new TypedDocumentString(`
    mutation RequestUpload($kind: UploadKind!, $name: String!, $size: Float!, $commandId: ID!) {
  requestUpload(kind: $kind, name: $name, size: $size, commandId: $commandId) {
    __typename
    ... on Upload {
      id
      url
      maxBytes
      expiresAt
    }
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}`) as unknown as TypedDocumentString<RequestUploadMutation, RequestUploadMutationVariables>;
export const PublishEngineDocument = new TypedDocumentString(`
    mutation PublishEngine($upload: ID!, $commandId: ID!) {
  publishEngine(upload: $upload, commandId: $commandId) {
    __typename
    ...EngineFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment EngineFields on Engine {
  id
  name
  version
  title
  vendor
  license
  digest
  size
  solvers {
    id
    version
    license
    classes
  }
  publishedAt
  publishedBy
  retired
}`) as unknown as TypedDocumentString<PublishEngineMutation, PublishEngineMutationVariables>;
export const RetireEngineDocument = new TypedDocumentString(`
    mutation RetireEngine($name: String!, $version: String!, $commandId: ID!) {
  retireEngine(name: $name, version: $version, commandId: $commandId) {
    __typename
    ...EngineFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment EngineFields on Engine {
  id
  name
  version
  title
  vendor
  license
  digest
  size
  solvers {
    id
    version
    license
    classes
  }
  publishedAt
  publishedBy
  retired
}`) as unknown as TypedDocumentString<RetireEngineMutation, RetireEngineMutationVariables>;
export const PublishAppDocument = new TypedDocumentString(`
    mutation PublishApp($upload: ID!, $commandId: ID!) {
  publishApp(upload: $upload, commandId: $commandId) {
    __typename
    ...AppVersionFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment AppVersionFields on AppVersion {
  id
  name
  version
  title
  description
  category
  engine {
    id
  }
  procedures {
    name
    label
    where
  }
  digest
  size
  publishedAt
  publishedBy
  hidden
  latest
}`) as unknown as TypedDocumentString<PublishAppMutation, PublishAppMutationVariables>;
export const HideAppDocument = new TypedDocumentString(`
    mutation HideApp($name: String!, $version: String!, $hidden: Boolean!, $commandId: ID!) {
  hideApp(name: $name, version: $version, hidden: $hidden, commandId: $commandId) {
    __typename
    ...AppVersionFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment AppVersionFields on AppVersion {
  id
  name
  version
  title
  description
  category
  engine {
    id
  }
  procedures {
    name
    label
    where
  }
  digest
  size
  publishedAt
  publishedBy
  hidden
  latest
}`) as unknown as TypedDocumentString<HideAppMutation, HideAppMutationVariables>;
export const MoveLatestDocument = new TypedDocumentString(`
    mutation MoveLatest($name: String!, $version: String!, $commandId: ID!) {
  moveLatest(name: $name, version: $version, commandId: $commandId) {
    __typename
    ...AppVersionFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment AppVersionFields on AppVersion {
  id
  name
  version
  title
  description
  category
  engine {
    id
  }
  procedures {
    name
    label
    where
  }
  digest
  size
  publishedAt
  publishedBy
  hidden
  latest
}`) as unknown as TypedDocumentString<MoveLatestMutation, MoveLatestMutationVariables>;
export const SubmitJobDocument = new TypedDocumentString(`
    mutation SubmitJob($input: SubmitJob!, $commandId: ID!) {
  submitJob(input: $input, commandId: $commandId) {
    __typename
    ...JobFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}`) as unknown as TypedDocumentString<SubmitJobMutation, SubmitJobMutationVariables>;
export const JobArgumentsDocument = new TypedDocumentString(`
    query JobArguments($id: ID!) {
  job(id: $id) {
    id
    args
  }
}
    `) as unknown as TypedDocumentString<JobArgumentsQuery, JobArgumentsQueryVariables>;
export const CloneJobDocument = new TypedDocumentString(`
    mutation CloneJob($id: ID!, $changes: JobChanges!, $commandId: ID!) {
  cloneJob(id: $id, changes: $changes, commandId: $commandId) {
    __typename
    ...JobFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}`) as unknown as TypedDocumentString<CloneJobMutation, CloneJobMutationVariables>;
export const JobAttemptsDocument = new TypedDocumentString(`
    query JobAttempts($id: ID!) {
  job(id: $id) {
    id
    state
    attempts {
      number
      nodeName
      startedAt
      endedAt
      outcome
      use {
        cpuMs
        peakMiB
      }
    }
  }
}
    `) as unknown as TypedDocumentString<JobAttemptsQuery, JobAttemptsQueryVariables>;
export const AttemptEndDocument = new TypedDocumentString(`
    query AttemptEnd($id: ID!, $attempt: Int!) {
  job(id: $id) {
    id
    progress(attempt: $attempt, last: 1) {
      objective
      bound
      gap
      incumbents
    }
  }
}
    `) as unknown as TypedDocumentString<AttemptEndQuery, AttemptEndQueryVariables>;
export const RepeatJobDocument = new TypedDocumentString(`
    mutation RepeatJob($id: ID!, $commandId: ID!) {
  repeatJob(id: $id, commandId: $commandId) {
    __typename
    ...JobFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}`) as unknown as TypedDocumentString<RepeatJobMutation, RepeatJobMutationVariables>;
export const PrioritizeJobDocument = new TypedDocumentString(`
    mutation PrioritizeJob($id: ID!, $priority: Int!, $commandId: ID!) {
  prioritizeJob(id: $id, priority: $priority, commandId: $commandId) {
    __typename
    ...JobFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}`) as unknown as TypedDocumentString<PrioritizeJobMutation, PrioritizeJobMutationVariables>;
export const InterruptJobDocument = new TypedDocumentString(`
    mutation InterruptJob($id: ID!, $reason: String, $commandId: ID!) {
  interruptJob(id: $id, reason: $reason, commandId: $commandId) {
    __typename
    ...JobFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}`) as unknown as TypedDocumentString<InterruptJobMutation, InterruptJobMutationVariables>;
export const TerminateJobDocument = new TypedDocumentString(`
    mutation TerminateJob($id: ID!, $reason: String, $commandId: ID!) {
  terminateJob(id: $id, reason: $reason, commandId: $commandId) {
    __typename
    ...JobFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}`) as unknown as TypedDocumentString<TerminateJobMutation, TerminateJobMutationVariables>;
export const BatchesDocument = new TypedDocumentString(`
    query Batches($first: Int, $after: String) {
  batches(first: $first, after: $after) {
    nodes {
      ...BatchFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment BatchFields on Batch {
  id
  app {
    id
  }
  procedure
  description
  owner {
    id
    name
  }
  priority
  state
  submittedAt
  scenarios
  created
  ended {
    state
    count
  }
  retries
  cancelledAt
  cancelledBy
  cancelReason
}`) as unknown as TypedDocumentString<BatchesQuery, BatchesQueryVariables>;
export const BatchByIdDocument = new TypedDocumentString(`
    query BatchById($id: ID!) {
  batch(id: $id) {
    ...BatchFields
    cells
  }
}
    fragment BatchFields on Batch {
  id
  app {
    id
  }
  procedure
  description
  owner {
    id
    name
  }
  priority
  state
  submittedAt
  scenarios
  created
  ended {
    state
    count
  }
  retries
  cancelledAt
  cancelledBy
  cancelReason
}`) as unknown as TypedDocumentString<BatchByIdQuery, BatchByIdQueryVariables>;
export const BatchResultsDocument = new TypedDocumentString(`
    query BatchResults($id: ID!, $states: [JobState!], $order: ScenarioOrder!, $descending: Boolean!, $first: Int!, $offset: Int!) {
  batch(id: $id) {
    id
    results(
      states: $states
      order: $order
      descending: $descending
      first: $first
      offset: $offset
    ) {
      total
      rows {
        index
        job
        args
        state
        objective
        bound
        gap
        runTime
        error
      }
    }
  }
}
    `) as unknown as TypedDocumentString<BatchResultsQuery, BatchResultsQueryVariables>;
export const SubmitBatchDocument = new TypedDocumentString(`
    mutation SubmitBatch($input: SubmitBatch!, $commandId: ID!) {
  submitBatch(input: $input, commandId: $commandId) {
    __typename
    ...BatchFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment BatchFields on Batch {
  id
  app {
    id
  }
  procedure
  description
  owner {
    id
    name
  }
  priority
  state
  submittedAt
  scenarios
  created
  ended {
    state
    count
  }
  retries
  cancelledAt
  cancelledBy
  cancelReason
}`) as unknown as TypedDocumentString<SubmitBatchMutation, SubmitBatchMutationVariables>;
export const RetryBatchDocument = new TypedDocumentString(`
    mutation RetryBatch($id: ID!, $commandId: ID!) {
  retryBatch(id: $id, commandId: $commandId) {
    __typename
    ...BatchFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment BatchFields on Batch {
  id
  app {
    id
  }
  procedure
  description
  owner {
    id
    name
  }
  priority
  state
  submittedAt
  scenarios
  created
  ended {
    state
    count
  }
  retries
  cancelledAt
  cancelledBy
  cancelReason
}`) as unknown as TypedDocumentString<RetryBatchMutation, RetryBatchMutationVariables>;
export const CancelBatchDocument = new TypedDocumentString(`
    mutation CancelBatch($id: ID!, $reason: String, $commandId: ID!) {
  cancelBatch(id: $id, reason: $reason, commandId: $commandId) {
    __typename
    ...BatchFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment BatchFields on Batch {
  id
  app {
    id
  }
  procedure
  description
  owner {
    id
    name
  }
  priority
  state
  submittedAt
  scenarios
  created
  ended {
    state
    count
  }
  retries
  cancelledAt
  cancelledBy
  cancelReason
}`) as unknown as TypedDocumentString<CancelBatchMutation, CancelBatchMutationVariables>;
export const BatchChangedDocument = new TypedDocumentString(`
    subscription BatchChanged($id: ID!) {
  batchChanged(id: $id) {
    ...BatchFields
    cells
  }
}
    fragment BatchFields on Batch {
  id
  app {
    id
  }
  procedure
  description
  owner {
    id
    name
  }
  priority
  state
  submittedAt
  scenarios
  created
  ended {
    state
    count
  }
  retries
  cancelledAt
  cancelledBy
  cancelReason
}`) as unknown as TypedDocumentString<BatchChangedSubscription, BatchChangedSubscriptionVariables>;
export const SchedulesDocument = new TypedDocumentString(`
    query Schedules($first: Int, $after: String) {
  schedules(first: $first, after: $after) {
    nodes {
      ...ScheduleFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment ScheduleFields on Schedule {
  id
  name
  app {
    id
  }
  procedure
  description
  owner {
    name
  }
  at
  in
  cron
  zone
  overlap
  missed
  atMost
  state
  pausedBecause
  nextAt
  next {
    at
    text
    note
  }
  lastRun {
    id
    state
  }
  lastSkipped
}`) as unknown as TypedDocumentString<SchedulesQuery, SchedulesQueryVariables>;
export const ScheduleByIdDocument = new TypedDocumentString(`
    query ScheduleById($id: ID!, $runs: Int) {
  schedule(id: $id) {
    ...ScheduleFields
  }
  jobs(filter: {schedule: $id}, first: $runs) {
    nodes {
      id
      state
      queuedAt
      endedAt
      objective
    }
  }
}
    fragment ScheduleFields on Schedule {
  id
  name
  app {
    id
  }
  procedure
  description
  owner {
    name
  }
  at
  in
  cron
  zone
  overlap
  missed
  atMost
  state
  pausedBecause
  nextAt
  next {
    at
    text
    note
  }
  lastRun {
    id
    state
  }
  lastSkipped
}`) as unknown as TypedDocumentString<ScheduleByIdQuery, ScheduleByIdQueryVariables>;
export const MakeScheduleDocument = new TypedDocumentString(`
    mutation MakeSchedule($job: SubmitJob!, $terms: ScheduleTerms!, $commandId: ID!) {
  makeSchedule(job: $job, terms: $terms, commandId: $commandId) {
    __typename
    ...ScheduleFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment ScheduleFields on Schedule {
  id
  name
  app {
    id
  }
  procedure
  description
  owner {
    name
  }
  at
  in
  cron
  zone
  overlap
  missed
  atMost
  state
  pausedBecause
  nextAt
  next {
    at
    text
    note
  }
  lastRun {
    id
    state
  }
  lastSkipped
}`) as unknown as TypedDocumentString<MakeScheduleMutation, MakeScheduleMutationVariables>;
export const PauseScheduleDocument = new TypedDocumentString(`
    mutation PauseSchedule($id: ID!, $reason: String!, $commandId: ID!) {
  pauseSchedule(id: $id, reason: $reason, commandId: $commandId) {
    __typename
    ...ScheduleFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment ScheduleFields on Schedule {
  id
  name
  app {
    id
  }
  procedure
  description
  owner {
    name
  }
  at
  in
  cron
  zone
  overlap
  missed
  atMost
  state
  pausedBecause
  nextAt
  next {
    at
    text
    note
  }
  lastRun {
    id
    state
  }
  lastSkipped
}`) as unknown as TypedDocumentString<PauseScheduleMutation, PauseScheduleMutationVariables>;
export const ResumeScheduleDocument = new TypedDocumentString(`
    mutation ResumeSchedule($id: ID!, $commandId: ID!) {
  resumeSchedule(id: $id, commandId: $commandId) {
    __typename
    ...ScheduleFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment ScheduleFields on Schedule {
  id
  name
  app {
    id
  }
  procedure
  description
  owner {
    name
  }
  at
  in
  cron
  zone
  overlap
  missed
  atMost
  state
  pausedBecause
  nextAt
  next {
    at
    text
    note
  }
  lastRun {
    id
    state
  }
  lastSkipped
}`) as unknown as TypedDocumentString<ResumeScheduleMutation, ResumeScheduleMutationVariables>;
export const DeleteScheduleDocument = new TypedDocumentString(`
    mutation DeleteSchedule($id: ID!, $commandId: ID!) {
  deleteSchedule(id: $id, commandId: $commandId) {
    __typename
    ... on Ok {
      ok
    }
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}`) as unknown as TypedDocumentString<DeleteScheduleMutation, DeleteScheduleMutationVariables>;
export const LicencesDocument = new TypedDocumentString(`
    query Licences($first: Int!, $after: String) {
  licences(first: $first, after: $after) {
    nodes {
      ...LicenceFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment LicenceFields on Licence {
  name
  title
  dataSeats
  optimizationSeats
  holdS
  leaseS
  users {
    id
    name
  }
  definedAt
  definedBy
  reason
  version
  dataTaken
  optimizationTaken
  waiting
  note
}`) as unknown as TypedDocumentString<LicencesQuery, LicencesQueryVariables>;
export const LicenceSeatsDocument = new TypedDocumentString(`
    query LicenceSeats($name: ID!, $waiting: Boolean!, $first: Int!, $after: String) {
  licence(name: $name) {
    ...LicenceFields
    seats(waiting: $waiting, first: $first, after: $after) {
      nodes {
        ...SeatFields
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    fragment LicenceFields on Licence {
  name
  title
  dataSeats
  optimizationSeats
  holdS
  leaseS
  users {
    id
    name
  }
  definedAt
  definedBy
  reason
  version
  dataTaken
  optimizationTaken
  waiting
  note
}
fragment SeatFields on Seat {
  id
  kind
  user {
    id
    name
  }
  session
  job
  attempt
  since
  waitedMs
  place
}`) as unknown as TypedDocumentString<LicenceSeatsQuery, LicenceSeatsQueryVariables>;
export const DefineLicenceDocument = new TypedDocumentString(`
    mutation DefineLicence($name: ID!, $title: String, $dataSeats: Int, $optimizationSeats: Int, $holdS: Int, $leaseS: Int, $users: [String!], $reason: String, $basedOn: Int, $commandId: ID!) {
  defineLicence(
    name: $name
    title: $title
    dataSeats: $dataSeats
    optimizationSeats: $optimizationSeats
    holdS: $holdS
    leaseS: $leaseS
    users: $users
    reason: $reason
    basedOn: $basedOn
    commandId: $commandId
  ) {
    __typename
    ...LicenceFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment LicenceFields on Licence {
  name
  title
  dataSeats
  optimizationSeats
  holdS
  leaseS
  users {
    id
    name
  }
  definedAt
  definedBy
  reason
  version
  dataTaken
  optimizationTaken
  waiting
  note
}`) as unknown as TypedDocumentString<DefineLicenceMutation, DefineLicenceMutationVariables>;
export const FreeSeatDocument = new TypedDocumentString(`
    mutation FreeSeat($licence: ID!, $holder: ID!, $reason: String, $commandId: ID!) {
  freeSeat(
    licence: $licence
    holder: $holder
    reason: $reason
    commandId: $commandId
  ) {
    __typename
    ...LicenceFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment LicenceFields on Licence {
  name
  title
  dataSeats
  optimizationSeats
  holdS
  leaseS
  users {
    id
    name
  }
  definedAt
  definedBy
  reason
  version
  dataTaken
  optimizationTaken
  waiting
  note
}`) as unknown as TypedDocumentString<FreeSeatMutation, FreeSeatMutationVariables>;
export const LeaveLineDocument = new TypedDocumentString(`
    mutation LeaveLine($session: ID!, $commandId: ID!) {
  leaveLine(session: $session, commandId: $commandId) {
    __typename
    ... on Session {
      id
      state
      endReason
    }
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}`) as unknown as TypedDocumentString<LeaveLineMutation, LeaveLineMutationVariables>;
export const QueuePolicyDocument = new TypedDocumentString(`
    query QueuePolicy {
  queuePolicy {
    version
    document
    warnings
  }
}
    `) as unknown as TypedDocumentString<QueuePolicyQuery, QueuePolicyQueryVariables>;
export const QueuePolicyHistoryDocument = new TypedDocumentString(`
    query QueuePolicyHistory($first: Int!, $after: String) {
  queuePolicyHistory(first: $first, after: $after) {
    nodes {
      version
      reason
      setAt
      setBy {
        name
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<QueuePolicyHistoryQuery, QueuePolicyHistoryQueryVariables>;
export const SetQueuePolicyDocument = new TypedDocumentString(`
    mutation SetQueuePolicy($policy: JSON!, $reason: String!, $basedOn: Int!, $commandId: ID!) {
  setQueuePolicy(
    policy: $policy
    reason: $reason
    basedOn: $basedOn
    commandId: $commandId
  ) {
    __typename
    ... on QueuePolicy {
      version
      document
      warnings
      use {
        rules
        quotas {
          name
          count
        }
        storage {
          name
          count
        }
      }
    }
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}`) as unknown as TypedDocumentString<SetQueuePolicyMutation, SetQueuePolicyMutationVariables>;
export const JobStatisticsDocument = new TypedDocumentString(`
    query JobStatistics($from: Time!, $to: Time!, $by: StatisticsBy!, $timeZone: String, $app: String, $group: String, $owner: ID, $csv: Boolean!) {
  jobStatistics(
    from: $from
    to: $to
    by: $by
    timeZone: $timeZone
    app: $app
    group: $group
    owner: $owner
  ) {
    rows {
      ...StatisticsRowFields
    }
    total {
      ...StatisticsRowFields
    }
    more
    currency
    csv @include(if: $csv)
  }
}
    fragment SpreadFields on Spread {
  min
  mean
  p50
  p95
  max
}
fragment StatisticsRowFields on StatisticsRow {
  key
  label
  jobs
  completed
  failed
  cancelled
  attempts
  queue {
    ...SpreadFields
  }
  launch {
    ...SpreadFields
  }
  run {
    ...SpreadFields
  }
  coreHours
  gibHours
  cpuHours
  peakMiB
  cost
}`) as unknown as TypedDocumentString<JobStatisticsQuery, JobStatisticsQueryVariables>;
export const TariffDocument = new TypedDocumentString(`
    query Tariff {
  tariff {
    ...TariffFields
  }
}
    fragment TariffFields on Tariff {
  version
  currency
  job
  coreHour
  gibHour
  cpuHour
  reason
  setAt
  setBy {
    name
  }
}`) as unknown as TypedDocumentString<TariffQuery, TariffQueryVariables>;
export const SetTariffDocument = new TypedDocumentString(`
    mutation SetTariff($tariff: TariffInput!, $reason: String!, $basedOn: Int!, $commandId: ID!) {
  setTariff(
    tariff: $tariff
    reason: $reason
    basedOn: $basedOn
    commandId: $commandId
  ) {
    __typename
    ...TariffFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment TariffFields on Tariff {
  version
  currency
  job
  coreHour
  gibHour
  cpuHour
  reason
  setAt
  setBy {
    name
  }
}`) as unknown as TypedDocumentString<SetTariffMutation, SetTariffMutationVariables>;
export const TariffHistoryDocument = new TypedDocumentString(`
    query TariffHistory($first: Int!, $after: String) {
  tariffHistory(first: $first, after: $after) {
    nodes {
      ...TariffFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment TariffFields on Tariff {
  version
  currency
  job
  coreHour
  gibHour
  cpuHour
  reason
  setAt
  setBy {
    name
  }
}`) as unknown as TypedDocumentString<TariffHistoryQuery, TariffHistoryQueryVariables>;
export const ChangeScheduleDocument = new TypedDocumentString(`
    mutation ChangeSchedule($id: ID!, $terms: ScheduleTerms!, $commandId: ID!) {
  changeSchedule(id: $id, terms: $terms, commandId: $commandId) {
    __typename
    ...ScheduleFields
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment ScheduleFields on Schedule {
  id
  name
  app {
    id
  }
  procedure
  description
  owner {
    name
  }
  at
  in
  cron
  zone
  overlap
  missed
  atMost
  state
  pausedBecause
  nextAt
  next {
    at
    text
    note
  }
  lastRun {
    id
    state
  }
  lastSkipped
}`) as unknown as TypedDocumentString<ChangeScheduleMutation, ChangeScheduleMutationVariables>;
export const DueTimesDocument = new TypedDocumentString(`
    query DueTimes($when: WhenInput!, $count: Int!) {
  dueTimes(when: $when, count: $count) {
    at
    text
    note
  }
}
    `) as unknown as TypedDocumentString<DueTimesQuery, DueTimesQueryVariables>;
export const JobDetailsDocument = new TypedDocumentString(`
    query JobDetails($id: ID!) {
  job(id: $id) {
    ...JobFields
    args
    seed
    gapLimit
    parent
    batch
    schedule
    dependsOn {
      job
      on
      met
      title
      state
    }
    neededBy {
      id
      procedure
      description
      state
    }
    timeline {
      type
      at
      actor
      data
    }
  }
}
    fragment JobFields on Job {
  id
  app {
    id
    name
    version
    title
  }
  procedure
  description
  owner {
    id
    name
  }
  state
  priority
  profile
  waitingFor
  place
  waited
  queuedAt
  startedAt
  endedAt
  timeLimit
  session
  attempts {
    number
    node
    startedAt
    endedAt
    outcome
  }
  solverStatus
  objective
  bound
  gap
  error {
    code
    message
    where
  }
  input {
    id
  }
  result {
    id
  }
  repeats
  compared
  clones
  differs
  stoppedBy
  stopReason
}`) as unknown as TypedDocumentString<JobDetailsQuery, JobDetailsQueryVariables>;
export const SessionsDocument = new TypedDocumentString(`
    query Sessions($first: Int!, $after: String, $state: SessionState) {
  sessions(first: $first, after: $after, state: $state) {
    nodes {
      ...SessionFields
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment SessionFields on Session {
  id
  app {
    id
  }
  state
  owner {
    id
    name
  }
  node
  requestedAt
  readyAt
  endedAt
  endReason
  savedAt
  licence
  waitingFor
  waited
  steps {
    name
    at
  }
}`) as unknown as TypedDocumentString<SessionsQuery, SessionsQueryVariables>;
export const SessionByIdDocument = new TypedDocumentString(`
    query SessionById($id: ID!) {
  session(id: $id) {
    ...SessionFields
  }
}
    fragment SessionFields on Session {
  id
  app {
    id
  }
  state
  owner {
    id
    name
  }
  node
  requestedAt
  readyAt
  endedAt
  endReason
  savedAt
  licence
  waitingFor
  waited
  steps {
    name
    at
  }
}`) as unknown as TypedDocumentString<SessionByIdQuery, SessionByIdQueryVariables>;
export const EndSessionDocument = new TypedDocumentString(`
    mutation EndSession($id: ID!, $commandId: ID!) {
  endSession(id: $id, commandId: $commandId) {
    __typename
    ... on Session {
      id
      state
      endReason
    }
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}`) as unknown as TypedDocumentString<EndSessionMutation, EndSessionMutationVariables>;
export const JobChoicesDocument = new TypedDocumentString(`
    query JobChoices($app: String!, $version: String) {
  jobChoices(app: $app, version: $version) {
    priority
    profile
    profiles {
      name
      capacity
      memoryMiB
      cores
      labels
    }
  }
}
    `) as unknown as TypedDocumentString<JobChoicesQuery, JobChoicesQueryVariables>;
export const StorageDocument = new TypedDocumentString(`
    query Storage($first: Int!, $after: String) {
  storage {
    ...StorageUse
    kept(first: $first, after: $after) {
      nodes {
        id
        kind
        name
        app
        job
        bytes
        createdAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    fragment StorageUse on Storage {
  used
  quotas {
    per
    name
    used
    limit
  }
}`) as unknown as TypedDocumentString<StorageQuery, StorageQueryVariables>;
export const StorageRoomDocument = new TypedDocumentString(`
    query StorageRoom($cases: [ID!]!, $uploads: [ID!]!) {
  storage {
    room(cases: $cases, uploads: $uploads)
  }
}
    `) as unknown as TypedDocumentString<StorageRoomQuery, StorageRoomQueryVariables>;
export const RemoveStoredDocument = new TypedDocumentString(`
    mutation RemoveStored($cases: [ID!]!, $uploads: [ID!]!, $commandId: ID!) {
  removeStored(cases: $cases, uploads: $uploads, commandId: $commandId) {
    __typename
    ... on Storage {
      ...StorageUse
    }
    ...RefusalFields
  }
}
    fragment RefusalFields on Refusal {
  code
  message
  field
  limit
}
fragment StorageUse on Storage {
  used
  quotas {
    per
    name
    used
    limit
  }
}`) as unknown as TypedDocumentString<RemoveStoredMutation, RemoveStoredMutationVariables>;
