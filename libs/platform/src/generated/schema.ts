// Made by schema/generate.mjs from schema/*.graphql: do not edit.
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** Milliseconds since 1970-01-01T00:00:00Z, as a number. */
  Time: { input: number; output: number; }
  /** Any JSON value. */
  JSON: { input: unknown; output: unknown; }
};

export type BatchState =
  /** Its jobs are being made. */
  | 'CREATING'
  | 'RUNNING'
  | 'ENDED'
  | 'CANCELLED';

/** One procedure of one app, run for many scenarios: a job for each. */
export type Batch = {
  __typename?: 'Batch';
  id: Scalars['ID']['output'];
  app: AppVersion;
  procedure: Scalars['String']['output'];
  description: Scalars['String']['output'];
  owner: User;
  /** Of its jobs; lower runs first. */
  priority: Scalars['Int']['output'];
  state: BatchState;
  submittedAt: Scalars['Time']['output'];
  /** How many there are. */
  scenarios: Scalars['Int']['output'];
  /** The arguments of its grid; the last one changes fastest from scenario to scenario. Null when the scenarios are a list. */
  axes: Maybe<Array<Axis>>;
  /** Scenarios that have a job. */
  created: Scalars['Int']['output'];
  /** Scenarios whose job has ended, by its state. */
  ended: Array<BatchCount>;
  /** How often its failed scenarios were retried. */
  retries: Scalars['Int']['output'];
  cancelledAt: Maybe<Scalars['Time']['output']>;
  /** The name of who cancelled it. */
  cancelledBy: Maybe<Scalars['String']['output']>;
  cancelReason: Maybe<Scalars['String']['output']>;
  /** A letter per scenario: `.` no job yet, q queued, r running, c completed, i interrupted, t time limit, n infeasible, u unbounded, f failed, x cancelled, a abandoned. */
  cells: Scalars['String']['output'];
  /** The objective of each scenario, as far as there is one. */
  objectives: Array<Maybe<Scalars['Float']['output']>>;
  /** One of them, if it has a job. */
  scenario: Maybe<Scenario>;
  /** What became of the scenarios that have a job; `first` is at most 200. */
  results: ScenarioTable;
};


/** One procedure of one app, run for many scenarios: a job for each. */
export type BatchScenarioArgs = {
  index: Scalars['Int']['input'];
};


/** One procedure of one app, run for many scenarios: a job for each. */
export type BatchResultsArgs = {
  states?: InputMaybe<Array<JobState>>;
  order?: InputMaybe<ScenarioOrder>;
  descending?: InputMaybe<Scalars['Boolean']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  offset?: InputMaybe<Scalars['Int']['input']>;
};

export type Axis = {
  __typename?: 'Axis';
  argument: Scalars['String']['output'];
  values: Array<Scalars['JSON']['output']>;
};

export type BatchCount = {
  __typename?: 'BatchCount';
  state: JobState;
  count: Scalars['Int']['output'];
};

export type ScenarioOrder =
  | 'SCENARIO'
  | 'STATE'
  | 'OBJECTIVE'
  | 'GAP'
  | 'RUN_TIME';

export type ScenarioTable = {
  __typename?: 'ScenarioTable';
  rows: Array<Scenario>;
  /** How many there are in these states. */
  total: Scalars['Int']['output'];
};

export type Scenario = {
  __typename?: 'Scenario';
  /** From 0. */
  index: Scalars['Int']['output'];
  /** The one that stands for it now; those that it replaced are in the list of jobs of the batch. */
  job: Scalars['ID']['output'];
  args: Scalars['JSON']['output'];
  state: JobState;
  objective: Maybe<Scalars['Float']['output']>;
  bound: Maybe<Scalars['Float']['output']>;
  /** Relative, 0.01 = 1 %. */
  gap: Maybe<Scalars['Float']['output']>;
  /** Seconds, of the last attempt. */
  runTime: Maybe<Scalars['Float']['output']>;
  /** Why it has no result. */
  error: Maybe<Scalars['String']['output']>;
};

export type BatchConnection = {
  __typename?: 'BatchConnection';
  nodes: Array<Batch>;
  pageInfo: PageInfo;
};

export type AxisInput = {
  argument: Scalars['String']['input'];
  values: Array<Scalars['JSON']['input']>;
};

/** What all scenarios have in common, and one of: `grid`, all combinations of these values; `list`, the arguments of each; `cases`, the data of each. */
export type SubmitBatch = {
  /** Its priority is 200 unless you say otherwise; its arguments go for every scenario that does not set them. */
  job: SubmitJob;
  grid?: InputMaybe<Array<AxisInput>>;
  list?: InputMaybe<Array<Scalars['JSON']['input']>>;
  cases?: InputMaybe<Array<Scalars['ID']['input']>>;
};

export type BatchResult = Batch | NotAllowed | NotFound | BadInput | Conflict;

export type Solver = {
  __typename?: 'Solver';
  id: Scalars['String']['output'];
  version: Scalars['String']['output'];
  license: Scalars['String']['output'];
  /** Problem classes, for example LP, MIP, QP-convex. */
  classes: Array<Scalars['String']['output']>;
};

/** An uploaded, signed runtime that can open apps. Name and version never change their bytes. */
export type Engine = {
  __typename?: 'Engine';
  /** name:version */
  id: Scalars['ID']['output'];
  name: Scalars['String']['output'];
  version: Scalars['String']['output'];
  title: Scalars['String']['output'];
  vendor: Scalars['String']['output'];
  license: Scalars['String']['output'];
  /** SHA-256 of the package. */
  digest: Scalars['String']['output'];
  /** Bytes. */
  size: Scalars['Float']['output'];
  solvers: Array<Solver>;
  publishedAt: Scalars['Time']['output'];
  publishedBy: Scalars['String']['output'];
  retired: Scalars['Boolean']['output'];
};

export type EngineConnection = {
  __typename?: 'EngineConnection';
  nodes: Array<Engine>;
  pageInfo: PageInfo;
};

export type Procedure = {
  __typename?: 'Procedure';
  name: Scalars['String']['output'];
  label: Scalars['String']['output'];
  /** `data`: runs inside the data session. `optimization`: becomes a job. */
  where: Scalars['String']['output'];
  text: Maybe<Scalars['String']['output']>;
};

/** A published model with its pages and cases. */
export type App = {
  __typename?: 'App';
  /** Unique in its environment. */
  name: Scalars['ID']['output'];
  title: Scalars['String']['output'];
  description: Scalars['String']['output'];
  category: Scalars['String']['output'];
  /** The version that `latest` points at. */
  latest: AppVersion;
  /** Newest first. */
  versions: Array<AppVersion>;
};

export type AppVersion = {
  __typename?: 'AppVersion';
  /** name:version */
  id: Scalars['ID']['output'];
  name: Scalars['String']['output'];
  version: Scalars['String']['output'];
  title: Scalars['String']['output'];
  description: Scalars['String']['output'];
  category: Scalars['String']['output'];
  engine: Engine;
  procedures: Array<Procedure>;
  /** SHA-256 of the package. */
  digest: Scalars['String']['output'];
  /** Bytes. */
  size: Scalars['Float']['output'];
  publishedAt: Scalars['Time']['output'];
  publishedBy: Scalars['String']['output'];
  hidden: Scalars['Boolean']['output'];
  latest: Scalars['Boolean']['output'];
};

export type AppConnection = {
  __typename?: 'AppConnection';
  nodes: Array<App>;
  pageInfo: PageInfo;
};

export type UploadKind =
  | 'ENGINE'
  | 'APP'
  /** Input data: the text of an identifier, for example an MPS file. */
  | 'FILE';

/** PUT the bytes to `url`, once, before it expires; then pass `id` on. */
export type Upload = {
  __typename?: 'Upload';
  id: Scalars['ID']['output'];
  url: Scalars['String']['output'];
  maxBytes: Scalars['Float']['output'];
  expiresAt: Scalars['Time']['output'];
};

export type UploadResult = Upload | NotAllowed | NotFound | BadInput | Conflict;

export type EngineResult = Engine | NotAllowed | NotFound | BadInput | Conflict;

export type AppVersionResult = AppVersion | NotAllowed | NotFound | BadInput | Conflict;

/** Whose signature this platform accepts on packages. */
export type PublisherKey = {
  __typename?: 'PublisherKey';
  /** First 16 hex digits of the key's SHA-256. */
  id: Scalars['ID']['output'];
  name: Scalars['String']['output'];
  /** Ed25519, PEM. */
  publicKey: Scalars['String']['output'];
  trustedAt: Scalars['Time']['output'];
  revoked: Scalars['Boolean']['output'];
};

export type PublisherKeyResult = PublisherKey | NotAllowed | NotFound | BadInput | Conflict;

export type Node = {
  __typename?: 'Node';
  id: Scalars['ID']['output'];
  name: Scalars['String']['output'];
  /** invited, joined, suspected (silent for some seconds), draining, dead, left or removed */
  state: Scalars['String']['output'];
  /** Grows with every start of the server; 0 before the first. */
  epoch: Scalars['Int']['output'];
  leader: Scalars['Boolean']['output'];
  roles: Array<Scalars['String']['output']>;
  /** What it has that others have not: jobs that ask for it run only there. */
  labels: Array<Scalars['String']['output']>;
  version: Scalars['String']['output'];
  /** Jobs that may run at once. */
  slots: Scalars['Int']['output'];
  runningJobs: Scalars['Int']['output'];
  sessions: Scalars['Int']['output'];
  /** Why it takes no new work, also after a restart; null when it does. */
  drain: Maybe<Drain>;
  /** Null for a server that was invited and has not joined yet. */
  joinedAt: Maybe<Scalars['Time']['output']>;
  /** When it was last heard, as the server that answers sees it; null for one that does not run. */
  lastBeat: Maybe<Scalars['Time']['output']>;
  /** How well sessions are kept apart on this server. */
  isolation: Scalars['String']['output'];
};

export type Drain = {
  __typename?: 'Drain';
  reason: Scalars['String']['output'];
  /** From then on what still runs there is given back to the queue, uncharged. */
  until: Scalars['Time']['output'];
};

export type NodeConnection = {
  __typename?: 'NodeConnection';
  nodes: Array<Node>;
  pageInfo: PageInfo;
};

/** What happened to a server, or what moved because of it. */
export type ClusterEntry = {
  __typename?: 'ClusterEntry';
  id: Scalars['ID']['output'];
  at: Scalars['Time']['output'];
  /** The event: NodeJoined, NodeDrainStarted, LeaderElected, JobRequeued, … */
  type: Scalars['String']['output'];
  /** What happened, in a sentence. */
  text: Scalars['String']['output'];
  /** Who or what did it: the id of a user, `node:<id>`, or a part of the platform. */
  actor: Scalars['ID']['output'];
  /** The actor's name. */
  by: Scalars['String']['output'];
  node: Maybe<Scalars['ID']['output']>;
  nodeName: Maybe<Scalars['String']['output']>;
  job: Maybe<Scalars['ID']['output']>;
  session: Maybe<Scalars['ID']['output']>;
};

export type ClusterTimeline = {
  __typename?: 'ClusterTimeline';
  nodes: Array<ClusterEntry>;
  pageInfo: PageInfo;
};

export type ClusterChange = {
  __typename?: 'ClusterChange';
  nodes: Array<Node>;
  /** Id of the newest entry of the timeline: when it has changed, read the timeline again. */
  newest: Maybe<Scalars['ID']['output']>;
};

export type NodeResult = Node | NotAllowed | NotFound | BadInput | Conflict;

/** How a new server comes into the cluster: it shows the token once, within 15 minutes, under this name. */
export type ServerInvitation = {
  __typename?: 'ServerInvitation';
  /** The id that the server will have. */
  node: Scalars['ID']['output'];
  name: Scalars['String']['output'];
  roles: Array<Scalars['String']['output']>;
  /** Shown once; with it goes which cluster is the right one. */
  token: Scalars['String']['output'];
  /** Where it is shown, host:port: the link of the server that was asked. */
  address: Scalars['String']['output'];
  expiresAt: Scalars['Time']['output'];
};

export type ServerInvitationResult = ServerInvitation | NotAllowed | BadInput | Conflict;

/** One event of the log. */
export type LogEvent = {
  __typename?: 'LogEvent';
  position: Scalars['String']['output'];
  id: Scalars['ID']['output'];
  type: Scalars['String']['output'];
  stream: Scalars['String']['output'];
  version: Scalars['Int']['output'];
  at: Scalars['Time']['output'];
  actor: Scalars['String']['output'];
  roles: Array<Scalars['String']['output']>;
  commandId: Scalars['ID']['output'];
  correlation: Scalars['ID']['output'];
  causation: Maybe<Scalars['ID']['output']>;
  data: Scalars['JSON']['output'];
};

export type EventPage = {
  __typename?: 'EventPage';
  nodes: Array<LogEvent>;
  pageInfo: PageInfo;
};

export type Subscription = {
  __typename?: 'Subscription';
  /** The log as it grows, after `after` or from now on. */
  events: LogEvent;
  /** The servers now, and whenever one of them, its load or the timeline has changed. */
  clusterChanged: ClusterChange;
  /** The batch now, and after changes, at most twice a second. */
  batchChanged: Batch;
  /** The job now, and after every change of its state. */
  jobChanged: Job;
  /** A job of yours, after every change of its state. */
  jobsChanged: Job;
  /** Progress and log from now on, at most four times a second, until the job ends. */
  jobProgress: JobProgress;
  /** The session now, and after every change of its state or data. Listening keeps the session attached. */
  sessionChanged: SessionChange;
};


export type SubscriptionEventsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  types?: InputMaybe<Array<Scalars['String']['input']>>;
};


export type SubscriptionBatchChangedArgs = {
  id: Scalars['ID']['input'];
};


export type SubscriptionJobChangedArgs = {
  id: Scalars['ID']['input'];
};


export type SubscriptionJobsChangedArgs = {
  session?: InputMaybe<Scalars['ID']['input']>;
};


export type SubscriptionJobProgressArgs = {
  id: Scalars['ID']['input'];
};


export type SubscriptionSessionChangedArgs = {
  id: Scalars['ID']['input'];
};

/** An expected no. `code` names the state that stands against it, `message` says what to do. */
export type Refusal = {
  code: Scalars['String']['output'];
  message: Scalars['String']['output'];
  /** The input field that is wrong, when it is one. */
  field: Maybe<Scalars['String']['output']>;
  /** The limit that was passed, with its unit. */
  limit: Maybe<Scalars['String']['output']>;
};

/** Your rights do not cover this, or your sign-in does not. */
export type NotAllowed = Refusal & {
  __typename?: 'NotAllowed';
  code: Scalars['String']['output'];
  message: Scalars['String']['output'];
  field: Maybe<Scalars['String']['output']>;
  limit: Maybe<Scalars['String']['output']>;
};

/** There is no such thing, or you may not know of it. */
export type NotFound = Refusal & {
  __typename?: 'NotFound';
  code: Scalars['String']['output'];
  message: Scalars['String']['output'];
  field: Maybe<Scalars['String']['output']>;
  limit: Maybe<Scalars['String']['output']>;
};

/** An input is wrong: `field` names it, `limit` says what would be right. */
export type BadInput = Refusal & {
  __typename?: 'BadInput';
  code: Scalars['String']['output'];
  message: Scalars['String']['output'];
  field: Maybe<Scalars['String']['output']>;
  limit: Maybe<Scalars['String']['output']>;
};

/** The thing is in a state that does not permit this now, or the name is taken. */
export type Conflict = Refusal & {
  __typename?: 'Conflict';
  code: Scalars['String']['output'];
  message: Scalars['String']['output'];
  field: Maybe<Scalars['String']['output']>;
  limit: Maybe<Scalars['String']['output']>;
};

export type PageInfo = {
  __typename?: 'PageInfo';
  hasNextPage: Scalars['Boolean']['output'];
  /** Pass it as `after` to get the next page. */
  endCursor: Maybe<Scalars['String']['output']>;
};

export type Ok = {
  __typename?: 'Ok';
  ok: Scalars['Boolean']['output'];
};

export type OkResult = Ok | NotAllowed | NotFound | BadInput | Conflict;

export type Query = {
  __typename?: 'Query';
  /** Versions of the platform, and when this server started. */
  platform: Platform;
  /** Newest first. */
  batches: BatchConnection;
  batch: Maybe<Batch>;
  /** Newest first. */
  engines: EngineConnection;
  engine: Maybe<Engine>;
  /** By name. */
  apps: AppConnection;
  app: Maybe<App>;
  /** At most 200, newest first. */
  publisherKeys: Array<PublisherKey>;
  /** In the order in which they joined first; those that were removed only when asked for. */
  nodes: NodeConnection;
  /**
   * What moved where and why, newest first; of one server, or of all. At most 200 entries at once; what is older is read
   * on from `after`, back to the beginning of the log. For administrators and auditors.
   */
  clusterTimeline: ClusterTimeline;
  /** The log, oldest first; `last` gives the newest ones instead. For administrators and auditors. */
  events: EventPage;
  me: User;
  /** Of your environment, by name. `search`: a part of the name, or the id. `group`: those in it, or with that role. */
  users: UserConnection;
  /** Those of your environment, by name. */
  groups: GroupConnection;
  jobs: JobConnection;
  job: Maybe<Job>;
  /** By name. For administrators and auditors. */
  licences: LicenceConnection;
  licence: Maybe<Licence>;
  queuePolicy: QueuePolicy;
  /** Every version with its reason, the newest first. */
  queuePolicyHistory: QueuePolicyConnection;
  /** Null where there is no such app, `latest` when no version is given. */
  jobChoices: Maybe<JobChoices>;
  /** Newest first. */
  schedules: ScheduleConnection;
  schedule: Maybe<Schedule>;
  /** When it would run, asked now: the times that come next. */
  dueTimes: Array<DueTime>;
  /** Newest first; yours, or everybody's for an administrator. */
  sessions: SessionConnection;
  session: Maybe<Session>;
  /** Your own jobs; administrators and auditors see those of everybody, or of `owner`. At most 366 days, 31 by the hour. */
  jobStatistics: Statistics;
  tariff: Tariff;
  /** Every version with its reason, the newest first. */
  tariffHistory: TariffConnection;
  /** Newest first. */
  cases: CaseConnection;
  case: Maybe<Case>;
  storage: Storage;
};


export type QueryBatchesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};


export type QueryBatchArgs = {
  id: Scalars['ID']['input'];
};


export type QueryEnginesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  includeRetired?: InputMaybe<Scalars['Boolean']['input']>;
};


export type QueryEngineArgs = {
  name: Scalars['String']['input'];
  version: Scalars['String']['input'];
};


export type QueryAppsArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  search?: InputMaybe<Scalars['String']['input']>;
};


export type QueryAppArgs = {
  name: Scalars['String']['input'];
};


export type QueryNodesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  removed?: InputMaybe<Scalars['Boolean']['input']>;
};


export type QueryClusterTimelineArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  node?: InputMaybe<Scalars['ID']['input']>;
};


export type QueryEventsArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  stream?: InputMaybe<Scalars['String']['input']>;
  types?: InputMaybe<Array<Scalars['String']['input']>>;
};


export type QueryUsersArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  search?: InputMaybe<Scalars['String']['input']>;
  group?: InputMaybe<Scalars['String']['input']>;
};


export type QueryGroupsArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};


export type QueryJobsArgs = {
  filter?: InputMaybe<JobFilter>;
  order?: InputMaybe<JobOrder>;
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};


export type QueryJobArgs = {
  id: Scalars['ID']['input'];
};


export type QueryLicencesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};


export type QueryLicenceArgs = {
  name: Scalars['ID']['input'];
};


export type QueryQueuePolicyHistoryArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};


export type QueryJobChoicesArgs = {
  app: Scalars['String']['input'];
  version?: InputMaybe<Scalars['String']['input']>;
};


export type QuerySchedulesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};


export type QueryScheduleArgs = {
  id: Scalars['ID']['input'];
};


export type QueryDueTimesArgs = {
  when: WhenInput;
  count?: InputMaybe<Scalars['Int']['input']>;
};


export type QuerySessionsArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  state?: InputMaybe<SessionState>;
};


export type QuerySessionArgs = {
  id: Scalars['ID']['input'];
};


export type QueryJobStatisticsArgs = {
  from: Scalars['Time']['input'];
  to: Scalars['Time']['input'];
  by: StatisticsBy;
  timeZone?: InputMaybe<Scalars['String']['input']>;
  app?: InputMaybe<Scalars['String']['input']>;
  owner?: InputMaybe<Scalars['ID']['input']>;
  group?: InputMaybe<Scalars['String']['input']>;
};


export type QueryTariffHistoryArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};


export type QueryCasesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  app?: InputMaybe<Scalars['String']['input']>;
  kind?: InputMaybe<Scalars['String']['input']>;
};


export type QueryCaseArgs = {
  id: Scalars['ID']['input'];
};

export type Mutation = {
  __typename?: 'Mutation';
  /** Ends your own sign-in everywhere it is open in this browser or on this computer. */
  signOut: OkResult;
  /** At most 10,000 scenarios. Their jobs are made one after the other, soon. */
  submitBatch: BatchResult;
  /** New jobs for the scenarios that failed or were abandoned; the former ones stay in the list of jobs. */
  retryBatch: BatchResult;
  /** Its jobs that wait or run end at once, and no more are made. */
  cancelBatch: BatchResult;
  /** A one-time place for `size` bytes. */
  requestUpload: UploadResult;
  /** Verifies the uploaded package (signature, digests, manifest, probe) and publishes it. */
  publishEngine: EngineResult;
  /** New apps can no longer be published on it; what uses it keeps running. */
  retireEngine: EngineResult;
  /** Verifies and checks the uploaded package, publishes it, and moves `latest` to it. */
  publishApp: AppVersionResult;
  /** Takes a version out of the catalogue; queued jobs and open sessions keep it. */
  hideApp: AppVersionResult;
  /** Rolls `latest` forward or back; users inside a session stay on their version. */
  moveLatest: AppVersionResult;
  /** From now on packages signed with this key are accepted. For administrators. */
  trustKey: PublisherKeyResult;
  /** What was published stays; nothing new is accepted. */
  revokeKey: PublisherKeyResult;
  /**
   * A one-time token for a new server of this name, with these roles at most: portal, webui, proxy, pro. For a name that
   * a server had that does not take part now, the way back for that one, under its id.
   */
  inviteServer: ServerInvitationResult;
  /**
   * The server gets no new work, also after a restart. What runs there may go on for `graceS` seconds
   * (300 when not given); the rest is then given back to the queue, and no attempt is charged.
   */
  drainNode: NodeResult;
  /** The server takes work again. */
  resumeNode: NodeResult;
  /**
   * For ever: its id never joins again. Only one that is drained or does not run, unless `force` is set:
   * then its jobs start again elsewhere and its sessions end.
   */
  removeNode: NodeResult;
  /** A one-time link that signs you in on another device; valid for 15 minutes. */
  issueSignInLink: SignInLinkResult;
  /**
   * Says all the groups that a user of your environment is in: at most 50. It holds for what he asks for from then on,
   * without signing in again; jobs keep the groups with which they were submitted. `basedOn`: the groups that you saw.
   */
  setUserGroups: UserResult;
  submitJob: JobResult;
  /** Once more, exactly: the same engine, app, procedure, arguments, data, limits and seed. It is yours, and of no session. */
  repeatJob: JobResult;
  /** With changes: the same app, engine, procedure and data. It is yours, and of no session; `differs` names the changes. */
  cloneJob: JobResult;
  /** Of a job that waits, from what the rules gave it to 10,000; an administrator may give it any from 1, and let it pass others. */
  prioritizeJob: JobResult;
  /** Stops the solver and keeps the best solution so far. */
  interruptJob: JobResult;
  /** Stops at once; nothing is kept. */
  terminateJob: JobResult;
  /**
   * Defines a licence, or changes it at once; what is not given stays as it is (a new one has no seats, holds a place for
   * 60 s and a seat for 60 s, and is everybody's). Fewer seats than are held are allowed: nothing is taken away, and
   * nothing new is granted until it fits. `users`: ids or names; an empty list is everybody. `basedOn` is the version that
   * you have seen, 0 for a new one: if another one holds by now, nothing is changed.
   */
  defineLicence: LicenceResult;
  /** Takes a seat away: the session ends, or the attempt is given back and its job waits again. Who is next gets it. */
  freeSeat: LicenceResult;
  /** The whole of it, based on the version that you have seen. It holds at once; nothing that runs is ended. */
  setQueuePolicy: QueuePolicyResult;
  makeSchedule: ScheduleResult;
  /** What is run stays as it is: for that, make another. */
  changeSchedule: ScheduleResult;
  /** Until it is resumed it does not run; runs that wait for their turn are left out. */
  pauseSchedule: ScheduleResult;
  resumeSchedule: ScheduleResult;
  /** Its jobs stay, and those that run go on. */
  deleteSchedule: OkResult;
  /**
   * Opens an app (`latest` when no version is given). Returns at once; follow `sessionChanged`.
   * `restore` names a session of yours that has ended: the same version is opened with the data that was kept of it.
   */
  launchSession: SessionResult;
  endSession: SessionResult;
  /** Gives up its place in the line for a seat: the session ends before it was open. */
  leaveLine: SessionResult;
  setData: DataChangeResult;
  runProcedure: ProcedureRunResult;
  /** Keeps the session's data as a case. */
  saveCase: CaseResult;
  /** Replaces the session's data by a case's (also a job's input or result). */
  loadCase: SessionResult;
  /** For what ends from now on. `basedOn` is the version that you have changed. */
  setTariff: TariffResult;
  /**
   * Makes room: your cases, the data of your jobs that have ended, and your uploads; all of them or none, at most 200 at once. For
   * ever: what still uses one of them is named, and then nothing is removed.
   */
  removeStored: StorageResult;
};


export type MutationSignOutArgs = {
  commandId: Scalars['ID']['input'];
};


export type MutationSubmitBatchArgs = {
  input: SubmitBatch;
  commandId: Scalars['ID']['input'];
};


export type MutationRetryBatchArgs = {
  id: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationCancelBatchArgs = {
  id: Scalars['ID']['input'];
  reason?: InputMaybe<Scalars['String']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationRequestUploadArgs = {
  kind: UploadKind;
  name: Scalars['String']['input'];
  size: Scalars['Float']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationPublishEngineArgs = {
  upload: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationRetireEngineArgs = {
  name: Scalars['String']['input'];
  version: Scalars['String']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationPublishAppArgs = {
  upload: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationHideAppArgs = {
  name: Scalars['String']['input'];
  version: Scalars['String']['input'];
  hidden: Scalars['Boolean']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationMoveLatestArgs = {
  name: Scalars['String']['input'];
  version: Scalars['String']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationTrustKeyArgs = {
  publicKey: Scalars['String']['input'];
  name: Scalars['String']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationRevokeKeyArgs = {
  id: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationInviteServerArgs = {
  name: Scalars['String']['input'];
  roles: Array<Scalars['String']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationDrainNodeArgs = {
  id: Scalars['ID']['input'];
  reason?: InputMaybe<Scalars['String']['input']>;
  graceS?: InputMaybe<Scalars['Int']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationResumeNodeArgs = {
  id: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationRemoveNodeArgs = {
  id: Scalars['ID']['input'];
  reason?: InputMaybe<Scalars['String']['input']>;
  force?: InputMaybe<Scalars['Boolean']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationIssueSignInLinkArgs = {
  commandId: Scalars['ID']['input'];
};


export type MutationSetUserGroupsArgs = {
  user: Scalars['ID']['input'];
  groups: Array<Scalars['String']['input']>;
  basedOn: Array<Scalars['String']['input']>;
  reason?: InputMaybe<Scalars['String']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationSubmitJobArgs = {
  input: SubmitJob;
  commandId: Scalars['ID']['input'];
};


export type MutationRepeatJobArgs = {
  id: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationCloneJobArgs = {
  id: Scalars['ID']['input'];
  changes: JobChanges;
  commandId: Scalars['ID']['input'];
};


export type MutationPrioritizeJobArgs = {
  id: Scalars['ID']['input'];
  priority: Scalars['Int']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationInterruptJobArgs = {
  id: Scalars['ID']['input'];
  reason?: InputMaybe<Scalars['String']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationTerminateJobArgs = {
  id: Scalars['ID']['input'];
  reason?: InputMaybe<Scalars['String']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationDefineLicenceArgs = {
  name: Scalars['ID']['input'];
  title?: InputMaybe<Scalars['String']['input']>;
  dataSeats?: InputMaybe<Scalars['Int']['input']>;
  optimizationSeats?: InputMaybe<Scalars['Int']['input']>;
  holdS?: InputMaybe<Scalars['Int']['input']>;
  leaseS?: InputMaybe<Scalars['Int']['input']>;
  users?: InputMaybe<Array<Scalars['String']['input']>>;
  reason?: InputMaybe<Scalars['String']['input']>;
  basedOn?: InputMaybe<Scalars['Int']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationFreeSeatArgs = {
  licence: Scalars['ID']['input'];
  holder: Scalars['ID']['input'];
  reason?: InputMaybe<Scalars['String']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationSetQueuePolicyArgs = {
  policy: Scalars['JSON']['input'];
  reason: Scalars['String']['input'];
  basedOn: Scalars['Int']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationMakeScheduleArgs = {
  job: SubmitJob;
  terms: ScheduleTerms;
  commandId: Scalars['ID']['input'];
};


export type MutationChangeScheduleArgs = {
  id: Scalars['ID']['input'];
  terms: ScheduleTerms;
  commandId: Scalars['ID']['input'];
};


export type MutationPauseScheduleArgs = {
  id: Scalars['ID']['input'];
  reason: Scalars['String']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationResumeScheduleArgs = {
  id: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationDeleteScheduleArgs = {
  id: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationLaunchSessionArgs = {
  app: Scalars['String']['input'];
  version?: InputMaybe<Scalars['String']['input']>;
  restore?: InputMaybe<Scalars['ID']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationEndSessionArgs = {
  id: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationLeaveLineArgs = {
  session: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationSetDataArgs = {
  session: Scalars['ID']['input'];
  identifier: Scalars['String']['input'];
  cells: Array<Cell>;
  ifVersion?: InputMaybe<Scalars['Int']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationRunProcedureArgs = {
  session: Scalars['ID']['input'];
  procedure: Scalars['String']['input'];
  args?: InputMaybe<Scalars['JSON']['input']>;
  commandId: Scalars['ID']['input'];
};


export type MutationSaveCaseArgs = {
  session: Scalars['ID']['input'];
  name: Scalars['String']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationLoadCaseArgs = {
  session: Scalars['ID']['input'];
  case: Scalars['ID']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationSetTariffArgs = {
  tariff: TariffInput;
  reason: Scalars['String']['input'];
  basedOn: Scalars['Int']['input'];
  commandId: Scalars['ID']['input'];
};


export type MutationRemoveStoredArgs = {
  cases?: InputMaybe<Array<Scalars['ID']['input']>>;
  uploads?: InputMaybe<Array<Scalars['ID']['input']>>;
  commandId: Scalars['ID']['input'];
};

export type Platform = {
  __typename?: 'Platform';
  version: Scalars['String']['output'];
  startedAt: Scalars['Time']['output'];
};

export type User = {
  __typename?: 'User';
  id: Scalars['ID']['output'];
  name: Scalars['String']['output'];
  environment: Scalars['String']['output'];
  roles: Array<Scalars['String']['output']>;
  /** Sorted. Policies, limits and quotas count his roles as groups, too. */
  groups: Array<Scalars['String']['output']>;
};

export type UserConnection = {
  __typename?: 'UserConnection';
  nodes: Array<User>;
  pageInfo: PageInfo;
};

/** Exists while somebody is in it. */
export type Group = {
  __typename?: 'Group';
  name: Scalars['ID']['output'];
  members: Scalars['Int']['output'];
};

export type GroupConnection = {
  __typename?: 'GroupConnection';
  nodes: Array<Group>;
  pageInfo: PageInfo;
};

export type UserResult = User | NotAllowed | NotFound | BadInput | Conflict;

export type SignInLink = {
  __typename?: 'SignInLink';
  /** Opens the portal signed in; works once. */
  url: Scalars['String']['output'];
  expiresAt: Scalars['Time']['output'];
};

export type SignInLinkResult = SignInLink | NotAllowed | NotFound | BadInput | Conflict;

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

/** A request to run a procedure of an app on a server: queued, placed, retried. */
export type Job = {
  __typename?: 'Job';
  id: Scalars['ID']['output'];
  app: AppVersion;
  procedure: Scalars['String']['output'];
  description: Scalars['String']['output'];
  owner: User;
  state: JobState;
  /** Lower runs first. */
  priority: Scalars['Int']['output'];
  /** Why it waits, in words; null when it does not. */
  waitingFor: Maybe<Scalars['String']['output']>;
  /** Its place in the line of all that wait, 1 for the next; null when it does not wait. */
  place: Maybe<Scalars['Int']['output']>;
  /** How its waits were made up, all attempts together, in words; null when it started at once. */
  waited: Maybe<Scalars['String']['output']>;
  /** The worker profile that it runs under. */
  profile: Maybe<Scalars['String']['output']>;
  queuedAt: Scalars['Time']['output'];
  startedAt: Maybe<Scalars['Time']['output']>;
  endedAt: Maybe<Scalars['Time']['output']>;
  /** Seconds; null = no limit. */
  timeLimit: Maybe<Scalars['Float']['output']>;
  session: Maybe<Scalars['ID']['output']>;
  /** Newest last. */
  attempts: Array<Attempt>;
  /** What the solver said at the end. */
  solverStatus: Maybe<Scalars['String']['output']>;
  objective: Maybe<Scalars['Float']['output']>;
  bound: Maybe<Scalars['Float']['output']>;
  /** Relative, 0.01 = 1 %. */
  gap: Maybe<Scalars['Float']['output']>;
  error: Maybe<JobError>;
  input: Maybe<Case>;
  result: Maybe<Case>;
  /** The procedure's arguments. */
  args: Scalars['JSON']['output'];
  /** At which gap the solver may stop; null = its own limit. */
  gapLimit: Maybe<Scalars['Float']['output']>;
  seed: Maybe<Scalars['Int']['output']>;
  /** The job that it does once more, exactly. */
  repeats: Maybe<Scalars['ID']['output']>;
  /** The job that it was made after, with changes. */
  clones: Maybe<Scalars['ID']['output']>;
  /** In words, in what it differs from that one. */
  differs: Maybe<Scalars['String']['output']>;
  /** The name of who interrupted, terminated or cancelled it. */
  stoppedBy: Maybe<Scalars['String']['output']>;
  stopReason: Maybe<Scalars['String']['output']>;
  /** The job that submitted it while it ran. */
  parent: Maybe<Scalars['ID']['output']>;
  /** How many such jobs are above it, at most 8. */
  depth: Scalars['Int']['output'];
  /** The batch that it is of, and which scenario of it, from 0. */
  batch: Maybe<Scalars['ID']['output']>;
  scenario: Maybe<Scalars['Int']['output']>;
  /** In words, what it found compared with the job that it repeats; null while one of them has not ended. */
  compared: Maybe<Scalars['String']['output']>;
  /** The schedule whose run it is. */
  schedule: Maybe<Scalars['ID']['output']>;
  /** The jobs that it waits for, or has waited for. */
  dependsOn: Array<Dependency>;
  /** The jobs that wait for its end, or have waited for it, newest first; of those that you may see. */
  neededBy: Array<Job>;
  /** Of the last attempt when none is named. */
  progress: Array<ProgressPoint>;
  log: LogPage;
  /** What happened, oldest first; of a long story the end, so that it begins with another event than JobQueued. */
  timeline: Array<TimelineEvent>;
};


/** A request to run a procedure of an app on a server: queued, placed, retried. */
export type JobNeededByArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
};


/** A request to run a procedure of an app on a server: queued, placed, retried. */
export type JobProgressArgs = {
  attempt?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/** A request to run a procedure of an app on a server: queued, placed, retried. */
export type JobLogArgs = {
  attempt?: InputMaybe<Scalars['Int']['input']>;
  offset?: InputMaybe<Scalars['Float']['input']>;
  limit?: InputMaybe<Scalars['Int']['input']>;
};


/** A request to run a procedure of an app on a server: queued, placed, retried. */
export type JobTimelineArgs = {
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** SUCCESS: it is completed, or has a solution from when its time limit came. ANY: it has ended. */
export type DependencyEnd =
  | 'SUCCESS'
  | 'ANY';

export type Dependency = {
  __typename?: 'Dependency';
  job: Scalars['ID']['output'];
  on: DependencyEnd;
  /** It has ended as it was asked for. */
  met: Scalars['Boolean']['output'];
  /** Null where you may not see it. */
  title: Maybe<Scalars['String']['output']>;
  state: Maybe<JobState>;
};

export type Attempt = {
  __typename?: 'Attempt';
  number: Scalars['Int']['output'];
  node: Scalars['ID']['output'];
  /** The server's name. */
  nodeName: Scalars['String']['output'];
  startedAt: Scalars['Time']['output'];
  endedAt: Maybe<Scalars['Time']['output']>;
  /** completed, interrupted, timeLimit, infeasible, unbounded, failed, crashed, node-lost, drained, cancelled */
  outcome: Maybe<Scalars['String']['output']>;
  /** Milliseconds since it was queued, or since the attempt before it ended; null where it was not kept. */
  waitedMs: Maybe<Scalars['Float']['output']>;
  /** What it used; null while it runs, and where nothing measured it. */
  use: Maybe<AttemptUse>;
};

export type AttemptUse = {
  __typename?: 'AttemptUse';
  /** Milliseconds from the start until the procedure ran. */
  launchMs: Scalars['Float']['output'];
  /** CPU time of all its threads, in milliseconds. */
  cpuMs: Scalars['Float']['output'];
  /** Most memory, in MiB. */
  peakMiB: Scalars['Float']['output'];
};

export type JobError = {
  __typename?: 'JobError';
  code: Scalars['String']['output'];
  message: Scalars['String']['output'];
  /** Where in the app, when it is known: file, line, column. */
  where: Maybe<Scalars['String']['output']>;
};

export type ProgressPoint = {
  __typename?: 'ProgressPoint';
  at: Scalars['Time']['output'];
  /** load, build, presolve, solve, post */
  phase: Scalars['String']['output'];
  /** Seconds since the attempt started. */
  elapsed: Scalars['Float']['output'];
  objective: Maybe<Scalars['Float']['output']>;
  bound: Maybe<Scalars['Float']['output']>;
  gap: Maybe<Scalars['Float']['output']>;
  nodes: Maybe<Scalars['Float']['output']>;
  iterations: Maybe<Scalars['Float']['output']>;
  /** Incumbents so far. */
  incumbents: Scalars['Int']['output'];
  text: Maybe<Scalars['String']['output']>;
};

export type LogPage = {
  __typename?: 'LogPage';
  text: Scalars['String']['output'];
  /** Pass it as `offset` to read on. */
  nextOffset: Scalars['Float']['output'];
  /** More may come. */
  open: Scalars['Boolean']['output'];
};

export type TimelineEvent = {
  __typename?: 'TimelineEvent';
  position: Scalars['String']['output'];
  type: Scalars['String']['output'];
  at: Scalars['Time']['output'];
  actor: Scalars['String']['output'];
  data: Scalars['JSON']['output'];
};

export type JobConnection = {
  __typename?: 'JobConnection';
  nodes: Array<Job>;
  pageInfo: PageInfo;
};

export type JobFilter = {
  states?: InputMaybe<Array<JobState>>;
  app?: InputMaybe<Scalars['String']['input']>;
  owner?: InputMaybe<Scalars['ID']['input']>;
  session?: InputMaybe<Scalars['ID']['input']>;
  /** In the description, the app's name or the procedure. */
  search?: InputMaybe<Scalars['String']['input']>;
  /** Only those whose last attempt runs or ran on this server. */
  node?: InputMaybe<Scalars['ID']['input']>;
  /** Only those that this job has submitted. */
  parent?: InputMaybe<Scalars['ID']['input']>;
  /** All jobs of its scenarios, also those that were retried. */
  batch?: InputMaybe<Scalars['ID']['input']>;
  /** Only the runs of this schedule. */
  schedule?: InputMaybe<Scalars['ID']['input']>;
};

export type JobOrder =
  | 'NEWEST'
  | 'OLDEST'
  | 'PRIORITY';

/** A scalar or text identifier that gets its value from an upload. */
export type FileInput = {
  identifier: Scalars['String']['input'];
  upload: Scalars['ID']['input'];
};

export type ValueInput = {
  identifier: Scalars['String']['input'];
  cells: Array<Cell>;
};

/** A job that must have ended before this one starts; if it ends otherwise, this one is cancelled. */
export type DependencyInput = {
  job: Scalars['ID']['input'];
  on?: InputMaybe<DependencyEnd>;
};

/** The data comes from one of: `session` (as it stands), `case`, or the app's default case; `files` and `values` go on top. */
export type SubmitJob = {
  app?: InputMaybe<Scalars['String']['input']>;
  version?: InputMaybe<Scalars['String']['input']>;
  session?: InputMaybe<Scalars['ID']['input']>;
  case?: InputMaybe<Scalars['ID']['input']>;
  procedure: Scalars['String']['input'];
  args?: InputMaybe<Scalars['JSON']['input']>;
  files?: InputMaybe<Array<FileInput>>;
  values?: InputMaybe<Array<ValueInput>>;
  description?: InputMaybe<Scalars['String']['input']>;
  /** You may only lower it: a number above what the rules of the queue give it, 100 where there is none for it. */
  priority?: InputMaybe<Scalars['Int']['input']>;
  /** The worker profile that it runs under; the app's own where none is named. */
  profile?: InputMaybe<Scalars['String']['input']>;
  /** Seconds. The best solution so far is kept. */
  timeLimit?: InputMaybe<Scalars['Float']['input']>;
  /** Relative gap at which the solver may stop, 0.01 = 1 %. */
  gap?: InputMaybe<Scalars['Float']['input']>;
  seed?: InputMaybe<Scalars['Int']['input']>;
  /** At most 50 jobs, which you may see. */
  after?: InputMaybe<Array<DependencyInput>>;
};

/** What is to be another than in the first job; what is left out stays, and null takes a limit away. */
export type JobChanges = {
  /** All of them. */
  args?: InputMaybe<Scalars['JSON']['input']>;
  description?: InputMaybe<Scalars['String']['input']>;
  /** You may only lower it: a number above 100. */
  priority?: InputMaybe<Scalars['Int']['input']>;
  /** Null takes it away. */
  profile?: InputMaybe<Scalars['String']['input']>;
  timeLimit?: InputMaybe<Scalars['Float']['input']>;
  gap?: InputMaybe<Scalars['Float']['input']>;
  seed?: InputMaybe<Scalars['Int']['input']>;
  /** At most 50 jobs, which you may see; what the first job waited for is none of its. */
  after?: InputMaybe<Array<DependencyInput>>;
};

export type JobResult = Job | NotAllowed | NotFound | BadInput | Conflict;

export type JobProgress = {
  __typename?: 'JobProgress';
  job: Job;
  points: Array<ProgressPoint>;
  /** New log text since the last message. */
  log: Scalars['String']['output'];
};

export type SeatKind =
  /** For a session in which somebody works; his sessions on one device share one. */
  | 'DATA'
  /** For an attempt of a job. */
  | 'OPTIMIZATION';

/** The right to run the apps that name it, counted in seats. */
export type Licence = {
  __typename?: 'Licence';
  /** What an app's manifest calls it; unique in its environment. */
  name: Scalars['ID']['output'];
  title: Scalars['String']['output'];
  dataSeats: Scalars['Int']['output'];
  optimizationSeats: Scalars['Int']['output'];
  /** So long a place in the line is kept for somebody who does not look, in seconds. */
  holdS: Scalars['Int']['output'];
  /** So long an optimization seat is kept for an attempt that does not start, in seconds. */
  leaseS: Scalars['Int']['output'];
  /** Who may use it; nobody named: everybody. */
  users: Array<User>;
  definedAt: Scalars['Time']['output'];
  definedBy: Scalars['String']['output'];
  /** Why it was defined so. */
  reason: Scalars['String']['output'];
  /** How often it was defined. Name it when you change the licence. */
  version: Scalars['Int']['output'];
  dataTaken: Scalars['Int']['output'];
  optimizationTaken: Scalars['Int']['output'];
  /** Places in the line for data seats. */
  waiting: Scalars['Int']['output'];
  /** What the numbers do not say: more is held than there is, so nothing new is granted until it fits. */
  note: Maybe<Scalars['String']['output']>;
  /** Who holds a seat, since longest first, or with `waiting` who waits for one, next first. */
  seats: SeatConnection;
};


/** The right to run the apps that name it, counted in seats. */
export type LicenceSeatsArgs = {
  waiting?: InputMaybe<Scalars['Boolean']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};

/** A seat that somebody holds, or a place in the line. */
export type Seat = {
  __typename?: 'Seat';
  /** The holder: a session's id, or a job's with its attempt. */
  id: Scalars['ID']['output'];
  kind: SeatKind;
  user: User;
  session: Maybe<Scalars['ID']['output']>;
  job: Maybe<Scalars['ID']['output']>;
  attempt: Maybe<Scalars['Int']['output']>;
  /** When it got its seat, or began to wait. */
  since: Scalars['Time']['output'];
  /** How long it waited in the line for its seat, in milliseconds; null while it waits. */
  waitedMs: Maybe<Scalars['Float']['output']>;
  /** 1 = next; null for one that has its seat. */
  place: Maybe<Scalars['Int']['output']>;
};

export type SeatConnection = {
  __typename?: 'SeatConnection';
  nodes: Array<Seat>;
  pageInfo: PageInfo;
};

export type LicenceConnection = {
  __typename?: 'LicenceConnection';
  nodes: Array<Licence>;
  pageInfo: PageInfo;
};

export type LicenceResult = Licence | NotAllowed | NotFound | BadInput | Conflict;

/** By what the queue decides: priorities of new jobs, limits, worker profiles, fairness, quotas. The highest version holds. */
export type QueuePolicy = {
  __typename?: 'QueuePolicy';
  /** 0 = nobody has set one. Name it when you set another. */
  version: Scalars['Int']['output'];
  /** `rules`, `limits`, `profiles`, `fair`, `quotas`, as they were set. Only administrators see the values of variables. */
  document: Scalars['JSON']['output'];
  /** Why it was set. */
  reason: Scalars['String']['output'];
  setAt: Maybe<Scalars['Time']['output']>;
  setBy: Maybe<User>;
  use: PolicyUse;
  /** What you may not have meant, such as a profile that is smaller than what runs now. */
  warnings: Array<Scalars['String']['output']>;
};

/** What there is now of what the policy is about; the lists are in the order of its parts. */
export type PolicyUse = {
  __typename?: 'PolicyUse';
  /** Waiting jobs that each rule fits. It gives a priority to new jobs only. */
  rules: Array<Scalars['Int']['output']>;
  /** Running jobs of those who are under each limit and have most. */
  limits: Array<Array<Use>>;
  profiles: Array<ProfileUse>;
  /** Waiting and running jobs of those who are under each quota and have most. */
  quotas: Array<Array<Use>>;
  /** MiB that those under each quota of storage keep, of those who keep most; nobody where it is a quota of something else. */
  storage: Array<Array<Use>>;
};

export type Use = {
  __typename?: 'Use';
  name: Scalars['String']['output'];
  count: Scalars['Int']['output'];
};

export type ProfileUse = {
  __typename?: 'ProfileUse';
  running: Scalars['Int']['output'];
  waiting: Scalars['Int']['output'];
};

export type QueuePolicyConnection = {
  __typename?: 'QueuePolicyConnection';
  nodes: Array<QueuePolicy>;
  pageInfo: PageInfo;
};

export type QueuePolicyResult = QueuePolicy | NotAllowed | NotFound | BadInput | Conflict;

/** What one may choose for a new job of an app. */
export type JobChoices = {
  __typename?: 'JobChoices';
  /** The best priority that one may ask for, and what it has where one asks for none. Lower runs first. */
  priority: Scalars['Int']['output'];
  /** The worker profiles that one may take, by name. */
  profiles: Array<ProfileChoice>;
  /** What its jobs run under where one takes none. */
  profile: Maybe<Scalars['String']['output']>;
};

export type ProfileChoice = {
  __typename?: 'ProfileChoice';
  name: Scalars['String']['output'];
  /** So many jobs run under it at once, in the whole cluster. */
  capacity: Scalars['Int']['output'];
  /** Of the server, for each job; null = it is not counted. */
  memoryMiB: Maybe<Scalars['Int']['output']>;
  cores: Maybe<Scalars['Int']['output']>;
  /** What the server must have. */
  labels: Array<Scalars['String']['output']>;
};

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

/** A job that is submitted at certain times. What is run was resolved when the schedule was made: the same version and data each time. */
export type Schedule = {
  __typename?: 'Schedule';
  id: Scalars['ID']['output'];
  name: Scalars['String']['output'];
  owner: User;
  app: AppVersion;
  procedure: Scalars['String']['output'];
  description: Scalars['String']['output'];
  /** Of each run. */
  priority: Scalars['Int']['output'];
  timeLimit: Maybe<Scalars['Float']['output']>;
  /** When it runs, as it was written: one of `at`, `in` and `cron`. */
  at: Maybe<Scalars['String']['output']>;
  /** Seconds from when it was asked for. */
  in: Maybe<Scalars['Float']['output']>;
  cron: Maybe<Scalars['String']['output']>;
  /** Null for `in`. */
  zone: Maybe<Scalars['String']['output']>;
  overlap: Overlap;
  missed: MissedRuns;
  atMost: Scalars['Int']['output'];
  state: ScheduleState;
  pausedBecause: Maybe<Scalars['String']['output']>;
  nextAt: Maybe<Scalars['Time']['output']>;
  /** The times that come next. */
  next: Array<DueTime>;
  /** The job of its last run; the others are `jobs(filter: { schedule })`. */
  lastRun: Maybe<Job>;
  /** Why its last time had no run; null when it had one. */
  lastSkipped: Maybe<Scalars['String']['output']>;
  madeAt: Scalars['Time']['output'];
  /** What happened last, oldest first. */
  timeline: Array<TimelineEvent>;
};


/** A job that is submitted at certain times. What is run was resolved when the schedule was made: the same version and data each time. */
export type ScheduleNextArgs = {
  count?: InputMaybe<Scalars['Int']['input']>;
};


/** A job that is submitted at certain times. What is run was resolved when the schedule was made: the same version and data each time. */
export type ScheduleTimelineArgs = {
  last?: InputMaybe<Scalars['Int']['input']>;
};

export type DueTime = {
  __typename?: 'DueTime';
  at: Scalars['Time']['output'];
  /** As the clocks of its zone show it. */
  text: Scalars['String']['output'];
  /** What is unusual about it, where the clock goes forward or back that day. */
  note: Maybe<Scalars['String']['output']>;
};

export type ScheduleConnection = {
  __typename?: 'ScheduleConnection';
  nodes: Array<Schedule>;
  pageInfo: PageInfo;
};

/** One of `at`, `in` and `cron`. */
export type WhenInput = {
  /** A date and time like 2027-03-01T06:00, in `zone` unless it ends with Z or an offset. */
  at?: InputMaybe<Scalars['String']['input']>;
  /** Seconds from now. */
  in?: InputMaybe<Scalars['Float']['input']>;
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  cron?: InputMaybe<Scalars['String']['input']>;
  /** The name of a time zone, like Europe/Amsterdam. */
  zone?: InputMaybe<Scalars['String']['input']>;
};

export type ScheduleTerms = {
  name: Scalars['String']['input'];
  when: WhenInput;
  overlap?: InputMaybe<Overlap>;
  missed?: InputMaybe<MissedRuns>;
  /** With `missed: ALL`; 1 to 100. */
  atMost?: InputMaybe<Scalars['Int']['input']>;
};

export type ScheduleResult = Schedule | NotAllowed | NotFound | BadInput | Conflict;

export type SessionState =
  | 'REQUESTED'
  | 'STARTING'
  | 'READY'
  | 'ENDED';

export type Step = {
  __typename?: 'Step';
  /** requested, seat, server, packages, app, ready */
  name: Scalars['String']['output'];
  at: Scalars['Time']['output'];
};

/** One user's running app, without a solver. */
export type Session = {
  __typename?: 'Session';
  id: Scalars['ID']['output'];
  app: AppVersion;
  state: SessionState;
  owner: User;
  node: Maybe<Scalars['ID']['output']>;
  requestedAt: Scalars['Time']['output'];
  readyAt: Maybe<Scalars['Time']['output']>;
  endedAt: Maybe<Scalars['Time']['output']>;
  /** Why it ended, in words. */
  endReason: Maybe<Scalars['String']['output']>;
  /** When its data was last kept. Once it has ended, `launchSession(restore:)` opens it again with that data; null = it was never changed. */
  savedAt: Maybe<Scalars['Time']['output']>;
  /** Name of the licence of which it needs a seat. */
  licence: Maybe<Scalars['String']['output']>;
  /** Where it stands in the line for its seat, in words; null when it does not wait for one. */
  waitingFor: Maybe<Scalars['String']['output']>;
  /** How the wait until it was open, or had ended, was made up, in words; null when nobody noticed one. */
  waited: Maybe<Scalars['String']['output']>;
  /** How the launch went. */
  steps: Array<Step>;
  /** Null until the session is ready, and after its end. */
  interface: Maybe<Interface>;
  /** One window of an identifier's tuples; null where the session is not ready. */
  data: Maybe<Table>;
  /** At most 100 windows at once, in the order asked for; null, each by itself, where there is none. */
  windows: Array<Maybe<Table>>;
};


/** One user's running app, without a solver. */
export type SessionDataArgs = {
  identifier: Scalars['String']['input'];
  offset?: InputMaybe<Scalars['Int']['input']>;
  limit?: InputMaybe<Scalars['Int']['input']>;
};


/** One user's running app, without a solver. */
export type SessionWindowsArgs = {
  of: Array<WindowInput>;
};

/** What an app shows of itself. */
export type Interface = {
  __typename?: 'Interface';
  sets: Array<SetInfo>;
  identifiers: Array<Identifier>;
  procedures: Array<Procedure>;
};

export type SetInfo = {
  __typename?: 'SetInfo';
  name: Scalars['String']['output'];
  label: Scalars['String']['output'];
  count: Scalars['Int']['output'];
};

export type Identifier = {
  __typename?: 'Identifier';
  name: Scalars['String']['output'];
  label: Scalars['String']['output'];
  text: Maybe<Scalars['String']['output']>;
  /** Heading under which pages show it. */
  group: Maybe<Scalars['String']['output']>;
  /** input, output or derived */
  kind: Scalars['String']['output'];
  /** f64, i64, bool, utf8, datetime or element */
  type: Scalars['String']['output'];
  /** Index sets, outermost first; empty for a scalar. */
  domain: Array<Scalars['String']['output']>;
  unit: Maybe<Scalars['String']['output']>;
  default: Maybe<Scalars['JSON']['output']>;
  min: Maybe<Scalars['Float']['output']>;
  max: Maybe<Scalars['Float']['output']>;
  readOnly: Scalars['Boolean']['output'];
  /** How a page best draws it: table, value, text, map-lat, map-lon, map-points, map-arcs */
  view: Maybe<Scalars['String']['output']>;
};

/** Tuples that differ from the default: index elements, then the value. */
export type Table = {
  __typename?: 'Table';
  identifier: Scalars['String']['output'];
  /** Changes with every change of the data. */
  version: Scalars['Int']['output'];
  /** Names of the index sets, then the identifier itself. */
  columns: Array<Scalars['String']['output']>;
  rows: Array<Array<Maybe<Scalars['JSON']['output']>>>;
  /** Tuples in all. */
  total: Scalars['Int']['output'];
};

export type WindowInput = {
  identifier: Scalars['String']['input'];
  offset?: InputMaybe<Scalars['Int']['input']>;
  limit?: InputMaybe<Scalars['Int']['input']>;
};

export type Cell = {
  /** One element per index set. */
  tuple: Array<Scalars['String']['input']>;
  /** Null sets the default. */
  value?: InputMaybe<Scalars['JSON']['input']>;
};

export type RejectedCell = {
  __typename?: 'RejectedCell';
  tuple: Array<Scalars['String']['output']>;
  reason: Scalars['String']['output'];
};

export type DataChange = {
  __typename?: 'DataChange';
  identifier: Scalars['String']['output'];
  version: Scalars['Int']['output'];
  rejected: Array<RejectedCell>;
};

export type ProcedureRun = {
  __typename?: 'ProcedureRun';
  value: Maybe<Scalars['JSON']['output']>;
  changed: Array<Scalars['String']['output']>;
};

export type IdentifierVersion = {
  __typename?: 'IdentifierVersion';
  identifier: Scalars['String']['output'];
  version: Scalars['Int']['output'];
};

export type SessionChange = {
  __typename?: 'SessionChange';
  session: Session;
  /** Identifiers whose data changed: read them again. */
  changed: Array<IdentifierVersion>;
};

export type SessionConnection = {
  __typename?: 'SessionConnection';
  nodes: Array<Session>;
  pageInfo: PageInfo;
};

export type SessionResult = Session | NotAllowed | NotFound | BadInput | Conflict;

export type DataChangeResult = DataChange | NotAllowed | NotFound | BadInput | Conflict;

export type ProcedureRunResult = ProcedureRun | NotAllowed | NotFound | BadInput | Conflict;

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

/** Seconds, over attempts. */
export type Spread = {
  __typename?: 'Spread';
  min: Scalars['Float']['output'];
  mean: Scalars['Float']['output'];
  p50: Scalars['Float']['output'];
  p95: Scalars['Float']['output'];
  max: Scalars['Float']['output'];
};

/**
 * Jobs that ended in the period, and their attempts. Hours are those of the cores and of the memory that were kept for an
 * attempt, whether it used them or not; `cpuHours` is what it used.
 */
export type StatisticsRow = {
  __typename?: 'StatisticsRow';
  /** An id, a name or a time, by what the rows are about. */
  key: Scalars['String']['output'];
  label: Scalars['String']['output'];
  jobs: Scalars['Int']['output'];
  /** With an outcome of the solver, whatever it was. */
  completed: Scalars['Int']['output'];
  /** Also those given up because their servers were lost. */
  failed: Scalars['Int']['output'];
  cancelled: Scalars['Int']['output'];
  attempts: Scalars['Int']['output'];
  /** From queued, or from the end of the attempt before, to the start; null without attempts. */
  queue: Maybe<Spread>;
  /** From the start until the procedure ran; null where nothing measured it. */
  launch: Maybe<Spread>;
  /** From the start to the end. */
  run: Maybe<Spread>;
  coreHours: Scalars['Float']['output'];
  gibHours: Scalars['Float']['output'];
  cpuHours: Scalars['Float']['output'];
  /** The most that one attempt needed, in MiB; null where nothing measured it. */
  peakMiB: Maybe<Scalars['Float']['output']>;
  /** By the tariff that held when each attempt ended, rounded per attempt: the rows add up to the total. */
  cost: Scalars['Float']['output'];
};

export type Statistics = {
  __typename?: 'Statistics';
  rows: Array<StatisticsRow>;
  /** Of all, also of what did not fit into the rows; null when there is nothing. */
  total: Maybe<StatisticsRow>;
  /** There are more than 1,000 rows: the first are shown. */
  more: Scalars['Boolean']['output'];
  /** Of the newest tariff. */
  currency: Scalars['String']['output'];
  /** The rows with all their figures, as a file for a spreadsheet. */
  csv: Scalars['String']['output'];
};

/** Prices. What a server lost or gave back costs nothing. */
export type Tariff = {
  __typename?: 'Tariff';
  /** 0 = nobody has set one: all is free. Name it when you set another. */
  version: Scalars['Int']['output'];
  currency: Scalars['String']['output'];
  /** Each job that ran. */
  job: Scalars['Float']['output'];
  /** Each core kept, for an hour. */
  coreHour: Scalars['Float']['output'];
  /** Each GiB of memory kept, for an hour. */
  gibHour: Scalars['Float']['output'];
  /** Each hour of CPU time used. */
  cpuHour: Scalars['Float']['output'];
  reason: Scalars['String']['output'];
  setAt: Maybe<Scalars['Time']['output']>;
  setBy: Maybe<User>;
};

export type TariffConnection = {
  __typename?: 'TariffConnection';
  nodes: Array<Tariff>;
  pageInfo: PageInfo;
};

export type TariffInput = {
  currency: Scalars['String']['input'];
  job?: InputMaybe<Scalars['Float']['input']>;
  coreHour?: InputMaybe<Scalars['Float']['input']>;
  gibHour?: InputMaybe<Scalars['Float']['input']>;
  cpuHour?: InputMaybe<Scalars['Float']['input']>;
};

export type TariffResult = Tariff | NotAllowed | NotFound | BadInput | Conflict;

/** A data snapshot of an app. Same content, same blob: saving twice costs nothing. */
export type Case = {
  __typename?: 'Case';
  id: Scalars['ID']['output'];
  name: Scalars['String']['output'];
  /** saved, input, result or default */
  kind: Scalars['String']['output'];
  app: Scalars['String']['output'];
  version: Scalars['String']['output'];
  owner: User;
  job: Maybe<Scalars['ID']['output']>;
  createdAt: Scalars['Time']['output'];
  /** SHA-256 of its manifest. */
  digest: Scalars['String']['output'];
  identifiers: Array<CaseIdentifier>;
  table: Maybe<Table>;
};


/** A data snapshot of an app. Same content, same blob: saving twice costs nothing. */
export type CaseTableArgs = {
  identifier: Scalars['String']['input'];
  offset?: InputMaybe<Scalars['Int']['input']>;
  limit?: InputMaybe<Scalars['Int']['input']>;
};

export type CaseIdentifier = {
  __typename?: 'CaseIdentifier';
  name: Scalars['String']['output'];
  type: Scalars['String']['output'];
  domain: Array<Scalars['String']['output']>;
  /** Tuples. */
  count: Scalars['Int']['output'];
  /** Bytes. */
  size: Scalars['Float']['output'];
  digest: Scalars['String']['output'];
};

export type CaseConnection = {
  __typename?: 'CaseConnection';
  nodes: Array<Case>;
  pageInfo: PageInfo;
};

/** What you keep that counts against quotas of storage. */
export type Storage = {
  __typename?: 'Storage';
  /** Bytes; equal ones count once. */
  used: Scalars['Float']['output'];
  /** Those that you are under. */
  quotas: Array<StorageQuota>;
  /** Largest first. */
  kept: KeptConnection;
  /** Bytes for which there is room when all of these are removed: none for what is kept elsewhere, too. */
  room: Scalars['Float']['output'];
};


/** What you keep that counts against quotas of storage. */
export type StorageKeptArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};


/** What you keep that counts against quotas of storage. */
export type StorageRoomArgs = {
  cases?: InputMaybe<Array<Scalars['ID']['input']>>;
  uploads?: InputMaybe<Array<Scalars['ID']['input']>>;
};

/** Of a group it is what all its members keep. */
export type StorageQuota = {
  __typename?: 'StorageQuota';
  /** user or group */
  per: Scalars['String']['output'];
  name: Scalars['String']['output'];
  /** Bytes. */
  used: Scalars['Float']['output'];
  /** Bytes. */
  limit: Scalars['Float']['output'];
};

/** A case (saved, input, result) or an upload (engine, app, file). */
export type Kept = {
  __typename?: 'Kept';
  id: Scalars['ID']['output'];
  kind: Scalars['String']['output'];
  name: Scalars['String']['output'];
  app: Maybe<Scalars['String']['output']>;
  /** Whose input or result it is. */
  job: Maybe<Scalars['ID']['output']>;
  /** As if it were alone; 0 where nobody knows yet. */
  bytes: Scalars['Float']['output'];
  createdAt: Scalars['Time']['output'];
};

export type KeptConnection = {
  __typename?: 'KeptConnection';
  nodes: Array<Kept>;
  pageInfo: PageInfo;
};

export type StorageResult = Storage | NotAllowed | NotFound | BadInput | Conflict;

export type CaseResult = Case | NotAllowed | NotFound | BadInput | Conflict;
