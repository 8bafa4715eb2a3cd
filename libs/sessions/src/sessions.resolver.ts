import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { CatalogueQueries } from '@openpro/catalogue';
import { EngineError } from '@openpro/engine';
import { type EventStore, ReadSide } from '@openpro/eventstore';
import { clip, isRefusal, isUuid, refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import { ForLicence, LicenceQueries, licenceUse } from '@openpro/licensing';
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
  type MutationLeaveLineArgs,
  type MutationLoadCaseArgs,
  type MutationRunProcedureArgs,
  type MutationSaveCaseArgs,
  type MutationSetDataArgs,
  Needs,
  pageRequest,
  type QuerySessionsArgs,
} from '@openpro/platform';
import { type CaseEvent, CaseQueries, caseList, ForCase, StorageQuotas } from '@openpro/storage';
import type { SessionCommand, SessionEvent } from './session.js';
import type { Change, Changes } from './session-change.js';
import { SavedData } from './saved-data.js';
import { SessionData } from './session-link.js';
import { sessionList, type SessionRow } from './session-list.projection.js';
import { ForSession } from './sessions.commands.js';
import { SessionQueries } from './sessions.queries.js';
import { waitingVisit } from './waiting-visit.js';

type Requested = Extract<SessionEvent, { type: 'SessionRequested' }>;

@Resolver()
export class SessionsResolver {
  constructor(
    private readonly queries: SessionQueries,
    private readonly data: SessionData,
    private readonly saved: SavedData,
    private readonly catalogue: CatalogueQueries,
    private readonly cases: CaseQueries,
    private readonly licences: LicenceQueries,
    private readonly commands: Commands,
    private readonly readSide: ReadSide,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly quotas: StorageQuotas,
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
    @Args() { app, version, restore, commandId }: MutationLaunchSessionArgs,
  ) {
    const request = await this.request(actor, app, version ?? null, restore ?? null, commandId);
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
  async leaveLine(@Context('actor') actor: Actor, @Args() { session, commandId }: MutationLeaveLineArgs) {
    const meta = metaOf(actor, commandId);
    const row = await this.mine(actor, session);
    if (isRefusal(meta)) return answer('Session', meta);
    if (isRefusal(row)) return answer('Session', row);
    const leave = new ForLicence(
      `${row.environment}:${row.licence}`,
      { type: 'LeaveLine', holder: session },
      meta,
    );
    return answer(
      'Session',
      row.licence === null
        ? refuse('NotInLine', 'This session needs no licence: it waits in no line')
        : await this.commands.change(leave, licenceUse.name, () => this.queries.one(actor, session)),
    );
  }

  @Mutation()
  @Needs('user')
  setData(
    @Context('actor') actor: Actor,
    @Args() { session, identifier, cells, ifVersion, commandId }: MutationSetDataArgs,
  ) {
    const request = fingerprintOf(actor.id, 'set', identifier, cells, ifVersion ?? null);
    const change: Change = { do: 'set', identifier, cells, ifVersion: ifVersion ?? null };
    return this.change(actor, session, 'DataChange', commandId, request, change, (changed) => changed);
  }

  @Mutation()
  @Needs('user')
  runProcedure(
    @Context('actor') actor: Actor,
    @Args() { session, procedure, args, commandId }: MutationRunProcedureArgs,
  ) {
    const request = fingerprintOf(actor.id, 'run', procedure, args ?? null);
    const change: Change = { do: 'run', procedure, args: (args ?? {}) as Readonly<Record<string, unknown>> };
    return this.change(actor, session, 'ProcedureRun', commandId, request, change, (changed) => changed);
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
    const session = await this.mine(actor, args.session);
    if (isRefusal(session)) return answer('Session', session);
    if (session.app !== row.app)
      return answer(
        'Session',
        refuse('OtherApp', `This case belongs to ${row.app}, the session to ${session.app}`, {
          field: 'case',
        }),
      );
    const request = fingerprintOf(actor.id, 'load', args.case);
    const change: Change = { do: 'load', digest: row.digest };
    return this.change(actor, args.session, 'Session', args.commandId, request, change, () =>
      this.queries.view(actor, session),
    );
  }

  /** The session now, then every change of state or data. Listening keeps it attached. */
  @Subscription()
  @Needs('user', 'auditor')
  async sessionChanged(@Context('actor') actor: Actor, @Args('id') id: string) {
    const changed = new Map<string, number>();
    const meta = () => ({ commandId: uuidv7(), actor: actor.id, roles: actor.roles });
    const visit = waitingVisit(actor, (type) => {
      void this.commands.insist(new ForSession(id, { type, waiting: true }, meta()));
    });
    let inLine = false;
    const news = new LiveQueue<null>((push) => {
      const stop = this.readSide.onCommitted(({ projection, keys }) => {
        if (projection === sessionList.name && keys.includes(id)) push(null);
        // Its place changes with what others do; the keys of jobs' seats are no ids.
        if (inLine && projection === licenceUse.name && keys.some(isUuid)) push(null);
      });
      return () => {
        stop();
        line?.close();
        visit.leave();
      };
    });
    let line: ReturnType<SessionData['line']> | undefined;
    news.push(null);
    return news.map(async () => {
      const row = await this.queries.row(actor, id);
      if (!row) return new Last<{ sessionChanged: object }>();
      line ??= this.data.line(actor, (versions) => {
        for (const { identifier, version } of versions) changed.set(identifier, version);
        news.push(null);
      });
      inLine = row.state === 'requested' && row.licence !== null;
      if (!news.isOver) line.follow(row);
      if (!news.isOver) visit.see(row);
      const identifiers = [...changed].map(([identifier, version]) => ({ identifier, version }));
      changed.clear();
      const seen = { sessionChanged: { session: this.queries.view(actor, row), changed: identifiers } };
      return row.state === 'ended' ? new Last(seen) : seen;
    }, true);
  }

  /** The command; a launch that was asked for before under this id is asked for as it was then. */
  private async request(
    actor: Actor,
    app: string,
    version: string | null,
    restore: string | null,
    commandId: string,
  ): Promise<ForSession | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const fingerprint = fingerprintOf(actor.id, app, version, ...(restore === null ? [] : [restore]));
    const [before] = await this.store.readStream(`session-${commandId}`);
    if (before?.event.type === 'SessionRequested')
      return new ForSession(
        commandId,
        { ...(before.event as Requested), type: 'RequestSession' },
        meta,
        fingerprint,
      );
    const old = restore === null ? null : await this.restorable(actor, app, version, restore);
    if (isRefusal(old)) return old;
    const row = await this.catalogue.versionRow(actor.environment, app, old?.version ?? version);
    if (!row || row.hidden)
      return refuse(
        'NoSuchApp',
        `There is no app ${clip(`${app}${(old?.version ?? version) ? `:${old?.version ?? version}` : ''}`, 110)}`,
        { field: 'app' },
      );
    const { labels = [], licence } = row.manifest;
    const unlicensed = licence === undefined ? undefined : await this.licences.refusalFor(actor, licence);
    if (unlicensed) return unlicensed;
    return new ForSession(
      commandId, // a session has the id of the command that made it
      {
        type: 'RequestSession',
        environment: actor.environment,
        owner: actor.id,
        app: { name: row.name, version: row.version, digest: row.digest },
        engine: { name: row.engine_name, version: row.engine_version, digest: row.engine_digest },
        ...(labels.length > 0 ? { labels } : {}),
        ...(licence === undefined ? {} : { licence, device: deviceOf(actor) }),
        ...(old ? { restores: old.restores } : {}),
      } satisfies SessionCommand,
      meta,
      fingerprint,
    );
  }

  /** What was kept of a session of the actor's that has ended; it is opened again in the version that it had. */
  private async restorable(
    actor: Actor,
    app: string,
    version: string | null,
    id: string,
  ): Promise<{ version: string; restores: NonNullable<Requested['restores']> } | Refusal> {
    const row = await this.queries.row(actor, id);
    const field = 'restore';
    if (!row) return refuse('NoSuchSession', `There is no session ${clip(id, 60)}`, { field });
    if (row.owner !== actor.id)
      return refuse('NotAllowed', 'Only its owner may open a session again', { field });
    if (row.app.toLowerCase() !== app.toLowerCase() || (version !== null && version !== row.version))
      return refuse('OtherApp', `This session was of ${row.app}:${row.version}`, { field });
    if (row.state !== 'ended')
      return refuse('SessionStillOpen', 'This session has not ended: go on in it', { field });
    if (row.saved === null)
      return refuse(
        'NothingSaved',
        'Nothing of this session was kept: it was not changed, or it was lost within seconds. Launch the app anew',
        { field },
      );
    const restores = { session: row.id, digest: row.saved, ...(row.node === null ? {} : { node: row.node }) };
    if (!(await this.saved.has(restores)))
      return refuse('NothingSaved', 'What was kept of this session is gone: it was kept for 30 days', {
        field,
      });
    return { version: row.version, restores };
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
    const over = await this.quotas.over(actor, 'session'); // before a byte is written
    if (over) return over;
    const digest = await this.data.save(actor, row);
    if (isRefusal(digest)) return digest;
    const full = await this.quotas.refusalOfCase(actor, digest, 'session');
    if (full) return full;
    const { environment, app, version } = row;
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

  /** Changes the data of a session of the actor's, once, on the server where it lives. */
  private async change<Name extends string, C extends Change, T extends object>(
    actor: Actor,
    id: string,
    name: Name,
    commandId: string,
    fingerprint: string,
    change: C,
    shown: (changed: Changes[C['do']]) => T,
  ) {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return answer(name, meta);
    const row = await this.mine(actor, id);
    if (isRefusal(row)) return answer(name, row);
    const changed = await this.data
      .change(actor, row, commandId, fingerprint, change)
      .catch(refuseEngineError);
    return answer<Name, T>(name, isRefusal(changed) ? changed : shown(changed));
  }
}

/** He signs in once on each: nothing that a client says about itself. */
const deviceOf = ({ id, tokenHash }: Actor): string => (tokenHash ?? id).slice(0, 16);

/** What the app or its process says no to is the user's to know; anything else is a bug of ours. */
const refuseEngineError = (error: unknown): Refusal => {
  if (error instanceof EngineError) return refuse(error.code, error.message);
  throw error;
};
