import { Args, Context, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { CatalogueQueries } from '@openpro/catalogue';
import { type DataSession, EngineError } from '@openpro/engine';
import { ReadSide } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
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
import { CaseQueries, caseList, FolderBlobStore, ForCase, loadCase, saveCase } from '@openpro/storage';
import { sessionList, type SessionRow } from './session-list.projection.js';
import { type IdentifierVersion, SessionHosts } from './session-hosts.js';
import { ForSession } from './sessions.commands.js';
import { SessionQueries } from './sessions.queries.js';

const MAX_CELLS = 10_000;

@Resolver()
export class SessionsResolver {
  private readonly listeners = new Map<string, number>();

  constructor(
    private readonly queries: SessionQueries,
    private readonly hosts: SessionHosts,
    private readonly catalogue: CatalogueQueries,
    private readonly cases: CaseQueries,
    private readonly blobs: FolderBlobStore,
    private readonly commands: Commands,
    private readonly readSide: ReadSide,
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
    const meta = metaOf(actor, commandId);
    const row = await this.catalogue.versionRow(actor.environment, app, version);
    if (isRefusal(meta)) return answer('Session', meta);
    if (!row)
      return answer(
        'Session',
        refuse('NoSuchApp', `There is no app ${`${app}${version ? `:${version}` : ''}`.slice(0, 110)}`, {
          field: 'app',
        }),
      );
    const command = new ForSession(
      commandId, // a session has the id of the command that made it
      {
        type: 'RequestSession',
        environment: actor.environment,
        owner: actor.id,
        app: { name: row.name, version: row.version, digest: row.digest },
        engine: { name: row.engine_name, version: row.engine_version, digest: row.engine_digest },
      },
      meta,
      JSON.stringify([actor.id, app, version ?? null]),
    );
    return answer(
      'Session',
      await this.commands.change(command, sessionList.name, () => this.queries.one(actor, commandId)),
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
    @Args() { session, identifier, cells, ifVersion }: MutationSetDataArgs,
  ) {
    if (cells.length > MAX_CELLS)
      return answer(
        'DataChange',
        refuse('TooLarge', `These are ${cells.length} cells at once`, {
          field: 'cells',
          limit: `${MAX_CELLS} cells`,
        }),
      );
    return this.withData(actor, session, 'DataChange', async (data) => {
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
    @Args() { session, procedure, args }: MutationRunProcedureArgs,
  ) {
    return this.withData(actor, session, 'ProcedureRun', async (data) => {
      const known = (await data.describe()).procedures.find(({ name }) => name === procedure);
      if (!known || known.where !== 'data')
        return refuse('NoSuchProcedure', `There is no data procedure "${procedure.slice(0, 100)}"`, {
          field: 'procedure',
        });
      const { value, changed } = await data.run(
        procedure,
        (args as Readonly<Record<string, unknown>> | null) ?? {},
      );
      return { value, changed };
    });
  }

  @Mutation()
  @Needs('user')
  async saveCase(@Context('actor') actor: Actor, @Args() { session, name, commandId }: MutationSaveCaseArgs) {
    const meta = metaOf(actor, commandId);
    const row = await this.mine(actor, session);
    if (isRefusal(meta)) return answer('Case', meta);
    if (isRefusal(row)) return answer('Case', row);
    const data = await this.hosts.save(session);
    if (isRefusal(data)) return answer('Case', data);
    const digest = await saveCase(
      this.blobs,
      { app: row.app, version: row.version, engine: `${row.engine_name}:${row.engine_version}` },
      data,
    );
    const { environment, app, version } = row;
    const command = new ForCase(
      commandId,
      { type: 'SaveCase', environment, app, version, owner: actor.id, name, digest, session },
      meta,
      JSON.stringify([actor.id, session, name]),
    );
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
    return this.withData(actor, args.session, 'Session', async (data, session) => {
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
    const tell = (type: 'AttachSession' | 'DetachSession') =>
      void this.commands.execute(
        new ForSession(row.id, { type }, { commandId: uuidv7(), actor: actor.id, roles: actor.roles }),
      );
    const count = (this.listeners.get(row.id) ?? 0) + 1;
    this.listeners.set(row.id, count);
    if (count === 1) tell('AttachSession');
    return () => {
      const left = (this.listeners.get(row.id) ?? 1) - 1;
      if (left > 0) return void this.listeners.set(row.id, left);
      this.listeners.delete(row.id);
      tell('DetachSession');
    };
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
    use: (data: DataSession, session: SessionRow) => Promise<T | Refusal>,
  ) {
    const row = await this.mine(actor, id);
    if (isRefusal(row)) return answer(name, row);
    const data = this.hosts.data(id);
    return answer(name, isRefusal(data) ? data : await use(data, row).catch(refuseEngineError));
  }
}

/** What the app or its process says no to is the user's to know; anything else is a bug of ours. */
const refuseEngineError = (error: unknown): Refusal => {
  if (error instanceof EngineError) return refuse(error.code, error.message);
  throw error;
};
