import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { CatalogueQueries } from '@openpro/catalogue';
import { type DataSession, EngineError } from '@openpro/engine';
import { type EventStore, ReadSide } from '@openpro/eventstore';
import { clip, checkJson, isRefusal, refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
  EVENT_STORE,
  fingerprintOf,
  Last,
  LiveQueue,
  mayChange,
  metaOf,
  type MutationEndSessionArgs,
  type MutationLaunchSessionArgs,
  type MutationLoadCaseArgs,
  type MutationRunProcedureArgs,
  type MutationSaveCaseArgs,
  type MutationSetDataArgs,
  Needs,
  pageRequest,
  type QuerySessionsArgs,
} from '@openpro/platform';
import {
  type CaseEvent,
  CaseQueries,
  caseList,
  FolderBlobStore,
  ForCase,
  loadCase,
  saveCase,
} from '@openpro/storage';
import type { SessionEvent } from './session.js';
import { sessionList, type SessionRow } from './session-list.projection.js';
import { type IdentifierVersion, SessionHosts } from './session-hosts.js';
import { ForSession } from './sessions.commands.js';
import { SessionQueries } from './sessions.queries.js';

const MAX_CELLS = 10_000;
const MAX_ARGS_BYTES = 64 * 1024;

/** Who looks at a session from here, and the last of what was told of it. */
interface Listeners {
  count: number;
  told: Promise<void>;
}

@Resolver()
export class SessionsResolver {
  private readonly listeners = new Map<string, Listeners>();

  constructor(
    private readonly queries: SessionQueries,
    private readonly hosts: SessionHosts,
    private readonly catalogue: CatalogueQueries,
    private readonly cases: CaseQueries,
    private readonly blobs: FolderBlobStore,
    private readonly commands: Commands,
    private readonly readSide: ReadSide,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Query()
  @Needs('user', 'auditor')
  sessions(@Context('actor') actor: Actor, @Args() { first, after, state }: QuerySessionsArgs) {
    return this.queries.page(actor, pageRequest(first ?? 50, after, 'time', 'text'), state ?? null);
  }

  @Query()
  @Needs('user', 'auditor')
  session(@Context('actor') actor: Actor, @Args('id') id: string) {
    return this.queries.one(actor, id);
  }

  @Mutation()
  @Needs('user')
  async launchSession(
    @Context('actor') actor: Actor,
    @Args() { app, version, commandId }: MutationLaunchSessionArgs,
  ) {
    const request = await this.request(actor, app, version ?? null, commandId);
    return answer(
      'Session',
      await this.commands.change(request, sessionList.name, () => this.queries.one(actor, commandId)),
    );
  }

  @Mutation()
  @Needs('user')
  async endSession(@Context('actor') actor: Actor, @Args() { id, commandId }: MutationEndSessionArgs) {
    const meta = metaOf(actor, commandId);
    const row = await this.mine(actor, id);
    if (isRefusal(meta)) return answer('Session', meta);
    if (isRefusal(row)) return answer('Session', row);
    return answer(
      'Session',
      await this.commands.change(
        new ForSession(id, { type: 'EndSession', reason: 'closed' }, meta),
        sessionList.name,
        () => this.queries.one(actor, id),
      ),
    );
  }

  @Mutation()
  @Needs('user')
  setData(
    @Context('actor') actor: Actor,
    @Args() { session, identifier, cells, ifVersion, commandId }: MutationSetDataArgs,
  ) {
    if (cells.length > MAX_CELLS)
      return answer(
        'DataChange',
        refuse('TooLarge', `These are ${cells.length} cells at once`, {
          field: 'cells',
          limit: `${MAX_CELLS} cells`,
        }),
      );
    const request = fingerprintOf(actor.id, 'set', identifier, cells, ifVersion ?? null);
    return this.withData(actor, session, 'DataChange', commandId, request, async (data) => {
      const known = (await data.describe()).identifiers.find(({ name }) => name === identifier);
      if (!known)
        return refuse('NoSuchIdentifier', `There is no identifier "${identifier.slice(0, 100)}"`, {
          field: 'identifier',
        });
      if (known.kind !== 'input' || known.readOnly)
        return refuse('ReadOnly', `${identifier} cannot be edited`, {
          field: 'identifier',
          limit: 'an input that is not read-only',
        });
      const { version, rejected } = await data.set(identifier, cells, ifVersion ?? undefined);
      return { identifier, version, rejected };
    });
  }

  @Mutation()
  @Needs('user')
  runProcedure(
    @Context('actor') actor: Actor,
    @Args() { session, procedure, args, commandId }: MutationRunProcedureArgs,
  ) {
    const request = fingerprintOf(actor.id, 'run', procedure, args ?? null);
    return this.withData(actor, session, 'ProcedureRun', commandId, request, async (data) => {
      const known = (await data.describe()).procedures.find(({ name }) => name === procedure);
      if (!known || known.where !== 'data')
        return refuse('NoSuchProcedure', `There is no data procedure "${procedure.slice(0, 100)}"`, {
          field: 'procedure',
        });
      const wrong = checkJson('args', args ?? {}, MAX_ARGS_BYTES);
      if (wrong) return wrong;
      const { value, changed } = await data.run(procedure, (args ?? {}) as Readonly<Record<string, unknown>>);
      return { value, changed };
    });
  }

  @Mutation()
  @Needs('user')
  async saveCase(@Context('actor') actor: Actor, @Args() { session, name, commandId }: MutationSaveCaseArgs) {
    const command = await this.keep(actor, session, name, commandId).catch(refuseEngineError);
    return answer(
      'Case',
      await this.commands.change(command, caseList.name, () => this.cases.one(actor, commandId)),
    );
  }

  @Mutation()
  @Needs('user')
  async loadCase(@Context('actor') actor: Actor, @Args() args: MutationLoadCaseArgs) {
    const row = await this.cases.row(actor, args.case);
    if (!row)
      return answer(
        'Session',
        refuse('NoSuchCase', `There is no case ${args.case.slice(0, 100)}`, { field: 'case' }),
      );
    const request = fingerprintOf(actor.id, 'load', args.case);
    return this.withData(actor, args.session, 'Session', args.commandId, request, async (data, session) => {
      if (session.app !== row.app)
        return refuse('OtherApp', `This case belongs to ${row.app}, the session to ${session.app}`, {
          field: 'case',
        });
      await data.load((await loadCase(this.blobs, row.digest)).data);
      return this.queries.view(session);
    });
  }

  /** The session now, then every change of state or data. Listening keeps it attached. */
  @Subscription()
  @Needs('user', 'auditor')
  async sessionChanged(@Context('actor') actor: Actor, @Args('id') id: string) {
    const row = await this.queries.row(actor, id);
    const changed = new Map<string, number>();
    const news = new LiveQueue<null>((push) => {
      if (!row) return () => undefined;
      const stops = [
        this.hosts.listen(id, (identifiers: readonly IdentifierVersion[]) => {
          for (const { identifier, version } of identifiers) changed.set(identifier, version);
          push(null);
        }),
        this.readSide.onCommitted(({ projection, keys }) => {
          if (projection === sessionList.name && keys.includes(id)) push(null);
        }),
        this.attach(row, actor),
      ];
      return () => stops.forEach((stop) => stop());
    });
    news.push(null);
    return news.map(async () => {
      const session = row && (await this.queries.one(actor, id));
      if (!session) return new Last<{ sessionChanged: object }>();
      const identifiers = [...changed].map(([identifier, version]) => ({ identifier, version }));
      changed.clear();
      const seen = { sessionChanged: { session, changed: identifiers } };
      return session.state === 'ENDED' ? new Last(seen) : seen;
    }, true);
  }

  /** The owner's first listener attaches the session, his last one detaches it. */
  private attach(row: SessionRow, actor: Actor): () => void {
    if (row.owner !== actor.id) return () => undefined;
    const listeners = this.listeners.get(row.id) ?? { count: 0, told: Promise.resolve() };
    this.listeners.set(row.id, listeners);
    // One after the other, however long each takes: the last one told must be the last one recorded.
    const tell = (type: 'AttachSession' | 'DetachSession'): void => {
      listeners.told = listeners.told
        .then(() =>
          this.commands.insist(
            new ForSession(row.id, { type }, { commandId: uuidv7(), actor: actor.id, roles: actor.roles }),
          ),
        )
        .then(() => {
          if (type === 'DetachSession' && listeners.count === 0) this.listeners.delete(row.id);
        });
    };
    if (++listeners.count === 1) tell('AttachSession');
    return () => {
      if (--listeners.count === 0) tell('DetachSession');
    };
  }

  /** The command; a launch that was asked for before under this id is asked for as it was then. */
  private async request(
    actor: Actor,
    app: string,
    version: string | null,
    commandId: string,
  ): Promise<ForSession | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const fingerprint = fingerprintOf(actor.id, app, version);
    const [before] = await this.store.readStream(`session-${commandId}`);
    if (before?.event.type === 'SessionRequested')
      return new ForSession(
        commandId,
        { ...(before.event as SessionEvent & { type: 'SessionRequested' }), type: 'RequestSession' },
        meta,
        fingerprint,
      );
    const row = await this.catalogue.versionRow(actor.environment, app, version);
    if (!row || row.hidden)
      return refuse('NoSuchApp', `There is no app ${clip(`${app}${version ? `:${version}` : ''}`, 110)}`, {
        field: 'app',
      });
    return new ForSession(
      commandId, // a session has the id of the command that made it
      {
        type: 'RequestSession',
        environment: actor.environment,
        owner: actor.id,
        app: { name: row.name, version: row.version, digest: row.digest },
        engine: { name: row.engine_name, version: row.engine_version, digest: row.engine_digest },
      },
      meta,
      fingerprint,
    );
  }

  /** The command that keeps the session's data as a case; repeated, it keeps what it kept before. */
  private async keep(
    actor: Actor,
    session: string,
    name: string,
    commandId: string,
  ): Promise<ForCase | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const fingerprint = fingerprintOf(actor.id, session, name);
    const [before] = await this.store.readStream(`case-${commandId}`);
    if (before?.event.type === 'CaseSaved')
      return new ForCase(
        commandId,
        { ...(before.event as CaseEvent & { type: 'CaseSaved' }), type: 'SaveCase' },
        meta,
        fingerprint,
      );
    const row = await this.mine(actor, session);
    if (isRefusal(row)) return row;
    const data = await this.hosts.save(session);
    if (isRefusal(data)) return data;
    const { environment, app, version } = row;
    const engine = `${row.engine_name}:${row.engine_version}`;
    const digest = await saveCase(this.blobs, { app, version, engine }, data);
    return new ForCase(
      commandId,
      { type: 'SaveCase', environment, app, version, owner: actor.id, name, digest, session },
      meta,
      fingerprint,
    );
  }

  private async mine(actor: Actor, id: string): Promise<SessionRow | Refusal> {
    const row = await this.queries.row(actor, id);
    if (!row) return refuse('NoSuchSession', `There is no session ${id.slice(0, 60)}`, { field: 'session' });
    return mayChange(actor, row) ? row : refuse('NotAllowed', 'Only its owner may use this session');
  }

  private async withData<Name extends string, T extends object>(
    actor: Actor,
    id: string,
    name: Name,
    commandId: string,
    fingerprint: string,
    use: (data: DataSession, session: SessionRow) => Promise<T | Refusal>,
  ) {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return answer(name, meta);
    const row = await this.mine(actor, id);
    if (isRefusal(row)) return answer(name, row);
    return answer<Name, T>(
      name,
      await this.hosts.once(id, commandId, fingerprint, (data) => use(data, row)).catch(refuseEngineError),
    );
  }
}

/** What the app or its process says no to is the user's to know; anything else is a bug of ours. */
const refuseEngineError = (error: unknown): Refusal => {
  if (error instanceof EngineError) return refuse(error.code, error.message);
  throw error;
};
