import { Inject, Injectable } from '@nestjs/common';
import { type AppVersionRow, CatalogueQueries, Packages } from '@openpro/catalogue';
import { type CaseData, EngineError, EnginePool, openDataSession, textCase } from '@openpro/engine';
import type { EventStore } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal, uuidv5 } from '@openpro/kernel';
import {
  type Actor,
  Commands,
  CONFIG,
  EVENT_STORE,
  type JobChanges,
  fingerprintOf,
  groupsOf,
  metaOf,
  type ServerConfig,
  type SubmitJob,
} from '@openpro/platform';
import { LicenceQueries } from '@openpro/licensing';
import { type SessionAt, SessionData, SessionQueries } from '@openpro/sessions';
import { CaseQueries, FolderBlobStore, loadCase, saveCase, StorageQuotas, Uploads } from '@openpro/storage';
import { type Dependency, wrongDependencies } from './dependencies.js';
import { type QueuedJob, queuedJob, withoutOrigin, wrongIn } from './job.js';
import { ForJob } from './jobs.commands.js';
import { JobQueries } from './jobs.queries.js';
import { termsOf } from './policy-index.js';
import { QueuePolicies } from './queue-policy.queries.js';
import { Quotas } from './quotas.queries.js';

const MAX_LOG_BYTES = 1_048_576;
const MAX_CELLS = 10_000;
const MAX_FILES = 20;
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** What a job is of, and the session whose data it takes as it stands. */
interface Source {
  readonly version: AppVersionRow;
  readonly session: SessionAt | null;
}

/** From a request to a SubmitJob command whose input is a stored case: the same input can be run again exactly. */
@Injectable()
export class Submitting {
  constructor(
    private readonly catalogue: CatalogueQueries,
    private readonly packages: Packages,
    private readonly sessions: SessionQueries,
    private readonly data: SessionData,
    private readonly cases: CaseQueries,
    private readonly blobs: FolderBlobStore,
    private readonly uploads: Uploads,
    private readonly pool: EnginePool,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIG) private readonly config: ServerConfig,
    private readonly policies: QueuePolicies,
    private readonly jobs: JobQueries,
    private readonly licences: LicenceQueries,
    private readonly quotas: Quotas,
    private readonly commands: Commands,
    private readonly storage: StorageQuotas,
  ) {}

  /** The command; a request that was submitted before under this id gives the same command without new work. */
  async command(actor: Actor, input: SubmitJob, commandId: string): Promise<ForJob | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const fingerprint = fingerprintOf(actor.id, input);
    const before = await this.store.readStream(`job-${commandId}`, 0, 1);
    if (before.length > 0)
      return new ForJob(commandId, { ...queuedJob(before), type: 'SubmitJob' }, meta, fingerprint);
    const after = await this.dependencies(actor, input, commandId);
    if (isRefusal(after)) return after;
    // It is asked when the job is submitted; before that where making its data costs a process or storage.
    const full = storesData(input) ? await this.quotas.refusal(actor) : undefined;
    if (full) return full;
    const asked = await this.request(actor, { ...input, after: null });
    if (isRefusal(asked)) return asked;
    // A job has the id of the command that made it.
    return new ForJob(commandId, { type: 'SubmitJob', ...asked, ...after }, meta, fingerprint);
  }

  /**
   * The job that is asked for; its data are stored as a case.
   * @param atLeast the priority that it has, or a worse one by the rules, where nobody asks for one
   * @param varied the arguments that each scenario of a batch gives a value of its own
   */
  async request(
    actor: Actor,
    input: SubmitJob,
    atLeast = 0,
    varied: readonly string[] = [],
  ): Promise<QueuedJob | Refusal> {
    if (input.after?.length)
      return refuse('BadInput', 'Only a job that is submitted by itself can wait for others', {
        field: 'after',
        limit: 'no jobs',
      });
    const source = await this.source(actor, input);
    if (isRefusal(source)) return source;
    const { version } = source;
    const procedure = version.manifest.procedures.find(({ name }) => name === input.procedure);
    if (!procedure || procedure.where !== 'optimization') {
      const known = version.manifest.procedures.filter(({ where }) => where === 'optimization');
      return refuse(
        'NoSuchProcedure',
        `App ${version.name}:${version.version} has no optimization procedure "${input.procedure.slice(0, 100)}"`,
        {
          field: 'procedure',
          limit: known.map(({ name }) => name).join(', '),
        },
      );
    }
    if (
      input.args !== undefined &&
      input.args !== null &&
      (typeof input.args !== 'object' || Array.isArray(input.args))
    )
      return refuse('BadInput', 'args must be an object: argument names and their values', {
        field: 'args',
        limit: 'an object',
      });
    const unknown = unknownArgument(procedure, [...Object.keys(input.args ?? {}), ...varied]);
    if (unknown) return unknown;
    const { memoryMiB, cpus: cores } = procedure.resources ?? {};
    const terms = termsOf(
      await this.policies.policy(),
      { ownerName: actor.name, groups: groupsOf(actor), app: version.name, version: version.version },
      { profile: input.profile ?? version.manifest.profile, priority: input.priority, memoryMiB, cores },
      atLeast,
    );
    if (isRefusal(terms)) return terms;
    const { labels, licence } = version.manifest;
    const unlicensed = licence === undefined ? undefined : await this.licences.refusalFor(actor, licence);
    if (unlicensed) return unlicensed;
    // Bytes of who is refused only afterwards lie on the disk, and count for nobody. They stay: whoever has stored equal
    // ones meanwhile has found them there and relies on them.
    const full = storesData(input) ? await this.storage.over(actor, 'input') : undefined;
    if (full) return full;
    const stored = await this.input(actor, input, source, procedure.inputs).catch(refuseEngineError);
    if (isRefusal(stored)) return stored;
    const over = stored === null ? undefined : await this.storage.refusalOfCase(actor, stored, 'input');
    if (over) return over;
    return {
      environment: actor.environment,
      owner: actor.id,
      app: { name: version.name, version: version.version, digest: version.digest },
      engine: { name: version.engine_name, version: version.engine_version, digest: version.engine_digest },
      procedure: input.procedure,
      args: (input.args as object | null | undefined) ?? {},
      input: stored,
      description: input.description ?? '',
      session: input.session ?? null,
      timeLimit: input.timeLimit ?? null,
      gap: input.gap ?? null,
      seed: input.seed ?? null,
      ...terms,
      ...(labels?.length ? { labels: [...new Set(labels)].sort() } : {}),
      ...(licence === undefined ? {} : { licence }),
    };
  }

  /** Once more, exactly: what was asked for stands in the first event of the job, packages and data by their digests. */
  async repeat(actor: Actor, id: string, commandId: string): Promise<ForJob | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const asked = withoutOrigin(queuedJob(await this.store.readStream(`job-${id}`, 0, 1)));
    const terms = await this.ownTerms(actor, asked, undefined);
    if (isRefusal(terms)) return terms;
    const full = await this.full(actor, asked, commandId);
    if (full) return full;
    const command = { ...asked, environment: actor.environment, owner: actor.id, session: null, repeats: id };
    return new ForJob(
      commandId,
      { ...command, ...terms, type: 'SubmitJob' },
      meta,
      fingerprintOf(actor.id, { repeats: id }),
    );
  }

  /**
   * What the job waits for: jobs that are there already, and that he may see. None of them can wait for this one, which is
   * not there yet, so that there are no circles.
   */
  private async dependencies(
    actor: Actor,
    { after }: Pick<SubmitJob, 'after'>,
    commandId: string,
  ): Promise<{ after?: readonly Dependency[] } | Refusal> {
    if (!after?.length) return {};
    const asked = after.map(({ job, on }) => ({ job, on: on === 'ANY' ? 'any' : 'success' }) as const);
    const wrong = wrongDependencies(asked);
    if (wrong) return wrong;
    if (asked.some(({ job }) => job === commandId))
      return refuse('BadInput', 'A job cannot wait for itself', { field: 'after', limit: 'other jobs' });
    const seen = await Promise.all(asked.map(({ job }) => this.jobs.row(actor, job)));
    const missing = asked.find((_one, index) => !seen[index]);
    return missing
      ? refuse('NoSuchJob', `There is no job ${missing.job} to wait for`, { field: 'after' })
      : { after: asked };
  }

  /**
   * Asks each job that it is to wait for whether there is room: their streams decide, so that no race passes the limit.
   * Of several all are looked at before it takes a place, so that it keeps none where another one is full. Only where that
   * one is filled in the meantime, or nobody submits it again after a failure of the database, a place stays taken.
   */
  async admitted({ id, command, meta }: ForJob): Promise<Refusal | undefined> {
    if (command.type !== 'SubmitJob') return undefined;
    const wrong = wrongIn(command);
    if (wrong) return wrong;
    const { after = [] } = command;
    for (const look of after.length > 1 ? [true, false] : [false])
      for (const { job } of after) {
        const ask = new ForJob(
          job,
          { type: 'AdmitDependent', dependent: id, ...(look ? { look } : {}) },
          { ...meta, commandId: uuidv5(id, `${look ? 'look' : 'admit'}:${job}`), correlation: id },
        );
        const outcome = await this.commands.execute(ask);
        if (outcome.is === 'refused')
          return { ...outcome.refusal, message: `Job ${job}: ${outcome.refusal.message}` };
      }
    return undefined;
  }

  /** With changes; what exactly the first one had stands in its first event. */
  async clone(actor: Actor, id: string, changes: JobChanges, commandId: string): Promise<ForJob | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const { args } = changes;
    if (args !== undefined && (typeof args !== 'object' || args === null || Array.isArray(args)))
      return refuse('BadInput', 'args must be an object: argument names and their values', {
        field: 'args',
        limit: 'an object',
      });
    const after = await this.dependencies(actor, changes, commandId);
    if (isRefusal(after)) return after;
    const or = <T>(change: T | undefined, before: T): T => (change === undefined ? before : change);
    const { profile: former, ...asked } = withoutOrigin(
      queuedJob(await this.store.readStream(`job-${id}`, 0, 1)),
    );
    const profile = or(changes.profile, former);
    const terms = await this.ownTerms(actor, { ...asked, ...(profile ? { profile } : {}) }, changes.priority);
    if (isRefusal(terms)) return terms;
    const full = await this.full(actor, asked, commandId);
    if (full) return full;
    return new ForJob(
      commandId,
      {
        ...asked,
        ...terms,
        ...after,
        type: 'SubmitJob',
        environment: actor.environment,
        owner: actor.id,
        session: null,
        clones: id,
        args: or(args, asked.args),
        description: changes.description ?? asked.description,
        timeLimit: or(changes.timeLimit, asked.timeLimit),
        gap: or(changes.gap, asked.gap),
        seed: or(changes.seed, asked.seed),
      },
      meta,
      fingerprintOf(actor.id, { clones: id, changes }),
    );
  }

  /** Data that were removed, or another one's, count from now on; what was submitted before is answered again. */
  private async full(
    actor: Actor,
    { input }: Pick<QueuedJob, 'input'>,
    commandId: string,
  ): Promise<Refusal | undefined> {
    if (input === null) return undefined;
    const before = await this.store.readStream(`job-${commandId}`, 0, 1);
    return before.length > 0 ? undefined : this.storage.refusalOfCase(actor, input, 'id');
  }

  /** By the right of who asks now, and not in the turn that an administrator gave the first job. */
  async ownTerms(
    actor: Actor,
    { app, memoryMiB, cores, profile, licence, priority: before }: ReturnType<typeof withoutOrigin>,
    priority?: number | null,
  ) {
    const unlicensed = licence === undefined ? undefined : await this.licences.refusalFor(actor, licence);
    if (unlicensed) return unlicensed;
    const subject = { ownerName: actor.name, groups: groupsOf(actor), app: app.name, version: app.version };
    return termsOf(await this.policies.policy(), subject, { profile, priority, memoryMiB, cores }, before);
  }

  private async source(actor: Actor, input: SubmitJob): Promise<Source | Refusal> {
    const sources = [input.session, input.case].filter((source) => source !== null && source !== undefined);
    if (sources.length > 1)
      return refuse('BadInput', 'Name a session or a case, not both', {
        field: 'session',
        limit: 'one source of data',
      });
    if (input.session) {
      const session = await this.sessions.row(actor, input.session);
      if (!session || session.owner !== actor.id || session.state !== 'ready')
        return refuse('NoSuchSession', `There is no open session ${input.session.slice(0, 60)} of yours`, {
          field: 'session',
        });
      const version = await this.catalogue.versionRow(session.environment, session.app, session.version);
      return version
        ? { version, session }
        : refuse('NoSuchApp', 'The app of this session is gone', { field: 'session' });
    }
    if (!input.app)
      return refuse('BadInput', 'Name the app, or a session of it', {
        field: 'app',
        limit: 'an app or a session',
      });
    const row = await this.catalogue.versionRow(actor.environment, input.app, input.version);
    const wanted = `${input.app}${input.version ? `:${input.version}` : ''}`.slice(0, 110);
    if (!row || row.hidden)
      return refuse('NoSuchApp', `There is no app ${wanted}`, { field: input.version ? 'version' : 'app' });
    return { version: row, session: null };
  }

  /** The digest of the input case; null = the app's own default data. */
  private async input(
    actor: Actor,
    input: SubmitJob,
    source: Source,
    inputs: readonly string[] | undefined,
  ): Promise<string | null | Refusal> {
    const { version, session } = source;
    const start = input.case ? await this.cases.row(actor, input.case) : null;
    if (input.case && !start)
      return refuse('NoSuchCase', `There is no case ${input.case.slice(0, 100)}`, { field: 'case' });
    if (start && start.app !== version.name)
      return refuse('OtherApp', `This case belongs to ${start.app}, the job to ${version.name}`, {
        field: 'case',
      });
    const changes = (input.values?.length ?? 0) + (input.files?.length ?? 0);
    const stands = session ? await this.data.save(actor, session, inputs) : (start?.digest ?? null);
    if (changes === 0 || isRefusal(stands)) return stands;
    return this.withChanges(actor, input, version, inputs, stands);
  }

  /** Applies values and files in a data process of the app, which knows what is right for each identifier. */
  private async withChanges(
    actor: Actor,
    input: SubmitJob,
    version: AppVersionRow,
    inputs: readonly string[] | undefined,
    start: string | null,
  ): Promise<string | Refusal> {
    const files = await this.files(actor, input);
    if (isRefusal(files)) return files;
    const cells = (input.values ?? []).reduce((sum, value) => sum + value.cells.length, 0);
    if (cells > MAX_CELLS)
      return refuse('TooLarge', `These are ${cells} cells at once: upload a file instead`, {
        field: 'values',
        limit: `${MAX_CELLS} cells`,
      });
    const begin = start === null ? null : (await loadCase(this.blobs, start)).data;
    const [engine, app] = await Promise.all([
      this.packages.engine({
        name: version.engine_name,
        version: version.engine_version,
        digest: version.engine_digest,
      }),
      this.packages.app(version),
    ]);
    const data = await openDataSession(this.pool, {
      engine,
      app,
      sessionId: `input-of-${version.name}`,
      user: { id: actor.id, name: actor.name, roles: actor.roles, language: 'en', timeZone: 'UTC' },
      limits: { memoryMiB: this.config.memoryMiB, logBytes: MAX_LOG_BYTES },
      onChanged: () => undefined,
      onLog: () => undefined,
      onExit: () => undefined,
    });
    try {
      if (begin) await data.load(begin);
      const known = new Map(
        (await data.describe()).identifiers.map((identifier) => [identifier.name, identifier]),
      );
      for (const { identifier, digest } of files) {
        const described = known.get(identifier);
        if (
          !described ||
          described.kind !== 'input' ||
          described.type !== 'utf8' ||
          described.domain.length > 0
        )
          return refuse(
            'NoSuchIdentifier',
            `${version.name} has no text input "${identifier.slice(0, 100)}"`,
            {
              field: 'files',
              limit: textInputs(known.values()),
            },
          );
        const text = (await this.blobs.bytes(digest)).toString('utf8');
        await data.load(textCase(identifier, text));
      }
      for (const { identifier, cells } of input.values ?? []) {
        if (!known.has(identifier))
          return refuse(
            'NoSuchIdentifier',
            `${version.name} has no identifier "${identifier.slice(0, 100)}"`,
            { field: 'values' },
          );
        const { rejected } = await data.set(identifier, cells);
        const [first] = rejected;
        if (first) {
          const where = first.tuple.length > 0 ? `${identifier}(${first.tuple.join(', ')})` : identifier;
          return refuse('BadInput', `${where}: ${first.reason}`, { field: 'values' });
        }
      }
      return await this.keep(version, await data.save(inputs && [...inputs]));
    } finally {
      await data.close();
    }
  }

  /** The uploads that the job names; what they have together is bounded before a byte of them is read. */
  private async files(
    actor: Actor,
    { files }: SubmitJob,
  ): Promise<{ identifier: string; digest: string }[] | Refusal> {
    const found: { identifier: string; digest: string }[] = [];
    let bytes = 0;
    for (const { identifier, upload } of files ?? []) {
      if (found.length === MAX_FILES)
        return refuse('TooLarge', `A job takes at most ${MAX_FILES} files`, {
          field: 'files',
          limit: `${MAX_FILES} files`,
        });
      const stored = await this.uploads.stored(actor, upload, 'file', 'files');
      if (isRefusal(stored)) return stored;
      bytes += stored.size;
      found.push({ identifier, digest: stored.digest });
    }
    return bytes <= MAX_FILE_BYTES
      ? found
      : refuse('TooLarge', `The files have ${bytes} bytes together`, {
          field: 'files',
          limit: `${MAX_FILE_BYTES} bytes`,
        });
  }

  private keep(version: AppVersionRow, data: CaseData): Promise<string> {
    return saveCase(
      this.blobs,
      {
        app: version.name,
        version: version.version,
        engine: `${version.engine_name}:${version.engine_version}`,
      },
      data,
    );
  }
}

/** What nobody reads would change nothing unnoticed: where an app says which arguments there are, there are no others. */
const unknownArgument = (
  { name, args }: AppVersionRow['manifest']['procedures'][number],
  given: readonly string[],
): Refusal | undefined => {
  const unknown = args && given.find((argument) => !args.some((known) => known.name === argument));
  return unknown === undefined
    ? undefined
    : refuse('BadInput', `Procedure ${name} has no argument "${unknown.slice(0, 100)}"`, {
        field: 'args',
        limit: args?.map((known) => known.name).join(', ') || 'no arguments',
      });
};

/** Whether making its data costs a process or storage. */
const storesData = ({ session, values, files }: SubmitJob): boolean =>
  Boolean(session ?? (values?.length || files?.length));

/** What the app or its process says no to is the user's to know; anything else is a bug of ours. */
const refuseEngineError = (error: unknown): Refusal => {
  if (error instanceof EngineError) return refuse(error.code, error.message, { field: 'values' });
  throw error;
};

const textInputs = (
  identifiers: Iterable<{ name: string; kind: string; type: string; domain: readonly string[] }>,
): string =>
  [...identifiers]
    .filter(({ kind, type, domain }) => kind === 'input' && type === 'utf8' && domain.length === 0)
    .map(({ name }) => name)
    .join(', ') || 'it has none';
