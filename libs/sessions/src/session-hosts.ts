import type { Packages } from '@openpro/catalogue';
import type { NodeEvent } from '@openpro/cluster';
import type { CaseData, DataSession, DataSessionOptions, IdentifierVersion } from '@openpro/engine';
import {
  type EventStore,
  follow,
  type Following,
  type Position,
  type Recorded,
  type Report,
} from '@openpro/eventstore';
import type { JobEvent } from '@openpro/jobs';
import { idOf, refuse, type Refusal } from '@openpro/kernel';
import { maySee, patiently, type ThisNode } from '@openpro/platform';
import { EventEmitter } from 'node:events';
import { Attendance, type Visitor } from './attendance.js';
import { Autosave, type SavePace } from './autosave.js';
import type { SavedData } from './saved-data.js';
import type { SessionCommand, SessionEvent } from './session.js';

const MAX_LOG_BYTES = 1_048_576;
/** Commands of a session that are remembered: far more than any client has on its way. */
const MAX_REMEMBERED = 100;

type Requested = Extract<SessionEvent, { type: 'SessionRequested' }>;

/** Which app a case is of. */
export interface CaseOf {
  readonly app: string;
  readonly version: string;
  readonly engine: string;
}

export interface SessionHostsNeeds {
  readonly node: ThisNode;
  readonly store: EventStore;
  readonly packages: Pick<Packages, 'engine' | 'app'>;
  readonly memoryMiB: number;
  readonly savePace?: SavePace;
  /** Problems of following the log, results that could not be delivered, data that could not be kept. */
  readonly log?: Report;
  open(options: DataSessionOptions): Promise<DataSession>;
  user(id: string): Promise<{ id: string; name: string; roles: readonly string[] }>;
  load(digest: string): Promise<CaseData>;
  keep(of: CaseOf, data: CaseData): Promise<string>;
  /** What sessions keep of themselves, should they be lost. */
  readonly saved: Pick<SavedData, 'keep' | 'load' | 'forget'>;
  /** Calls later, and returns how to call it off; on the machine's clock where nobody says another. */
  after?(ms: number, work: () => void): () => void;
  /** Tells the session what became of it, by this server or for a user; repeats until it is decided. Never rejects. */
  report(session: string, command: SessionCommand, by?: Pick<Visitor, 'id' | 'roles'>): Promise<void>;
}

/** A session that is open. */
export interface Open {
  readonly data: DataSession;
  readonly of: CaseOf;
  readonly request: Requested;
}

interface Hosted {
  open: Open | null;
  closed: boolean;
  lastLog: string;
  autosave: Autosave | null;
  /** The newest version of all that has ever changed: for who has missed news. */
  readonly versions: Map<string, number>;
  /** What its last commands did, by command id; lives and dies with the data that they changed. */
  readonly done: Map<string, { readonly fingerprint: string; readonly result: Promise<unknown> }>;
}

/**
 * Runs the data sessions that the log places on this server: one process each. What is in their memory is served to
 * all servers of the cluster by `session-link.ts`.
 */
export class SessionHosts {
  private readonly hosted = new Map<string, Hosted>();
  /** Jobs submitted from a session that lives here: their results go back into it. */
  private readonly jobs = new Map<string, string>();
  private readonly news = new EventEmitter().setMaxListeners(0);
  private readonly attendance: Attendance;
  private follower: Following | null = null;
  private callOffGrace = (): void => undefined;
  /** The time that sessions had after a drain began is over. */
  private graceOver = false;

  constructor(private readonly needs: SessionHostsNeeds) {
    this.attendance = new Attendance(
      (session) => this.hosted.has(session),
      (session, type, by) => needs.report(session, { type }, by),
    );
  }

  start(after: Position): void {
    const see = (events: readonly Recorded[]): void => {
      for (const recorded of events) this.see(recorded as Recorded<SessionEvent | JobEvent | NodeEvent>);
    };
    this.follower = follow(this.needs.store, after, see, this.needs.log);
  }

  /** Keeps what is unsaved, ends and closes: who had a session open here can open it again on another server. */
  async stop(): Promise<void> {
    this.callOffGrace();
    await this.follower?.stop();
    await Promise.all(
      [...this.hosted].map(async ([id, hosted]) => {
        await this.end(id, hosted);
        await this.close(id);
      }),
    );
  }

  get count(): number {
    return this.hosted.size;
  }

  /** This life of this server: sessions of another one are not here. */
  get place(): ThisNode {
    return this.needs.node;
  }

  /** The session's process, or why there is none. */
  open(session: string): Open | Refusal {
    const open = this.hosted.get(session)?.open;
    return (
      open ?? refuse('SessionNotReady', 'This session is not open: it is still starting, or it has ended')
    );
  }

  /** Lets a command work on the session's data, once: the same command again gets the first answer. */
  async once<T>(
    session: string,
    commandId: string,
    fingerprint: string,
    work: (open: Open) => Promise<T>,
  ): Promise<T | Refusal> {
    const hosted = this.hosted.get(session);
    if (!hosted?.open) return this.open(session) as Refusal;
    const { done } = hosted;
    const known = done.get(commandId);
    if (known)
      return known.fingerprint === fingerprint
        ? (known.result as Promise<T>)
        : refuse('CommandIdReused', 'This commandId was used for another request: take a new one', {
            field: 'commandId',
          });
    const result = work(hosted.open);
    done.set(commandId, { fingerprint, result });
    const [oldest] = done.keys();
    if (done.size > MAX_REMEMBERED && oldest !== undefined) done.delete(oldest);
    return result;
  }

  load(digest: string): Promise<CaseData> {
    return this.needs.load(digest);
  }

  /** Keeps the data, or these identifiers of it, as a case; answers its digest. */
  async save({ data, of }: Open, identifiers?: readonly string[]): Promise<string> {
    return this.needs.keep(of, await data.save(identifiers && [...identifiers]));
  }

  /**
   * Calls back with identifiers whose data changed; returns how to stop listening. Its owner keeps the session attached
   * while he listens; who may not see it hears nothing.
   * @param again something may have been missed: everything that has changed so far is told first
   */
  listen(
    session: string,
    { again, by }: { again: boolean; by: Visitor },
    listener: (changed: readonly IdentifierVersion[]) => void,
  ): () => void {
    const hear = (changed: readonly IdentifierVersion[]): void => {
      const request = this.hosted.get(session)?.open?.request;
      if (request && maySee(by, request)) listener(changed);
    };
    this.news.on(session, hear);
    const versions = this.hosted.get(session)?.versions;
    if (again && versions?.size)
      hear([...versions].map(([identifier, version]) => ({ identifier, version })));
    let over = false;
    let leave = (): void => undefined;
    const come = ({ owner, environment }: Requested): void => {
      if (!over && owner === by.id && environment === by.environment)
        leave = this.attendance.come(session, by);
    };
    this.requestOf(session, () => over).then(come, () => undefined); // no such session: nobody attends it
    return () => {
      over = true;
      this.news.off(session, hear);
      leave();
    };
  }

  /** What was asked for, also of a session that is still on its way here. */
  private requestOf(session: string, giveUp: () => boolean): Promise<Requested> {
    return patiently(async () => {
      const known = this.hosted.get(session)?.open?.request;
      if (known) return known;
      const [first] = await this.needs.store.readStream(`session-${session}`);
      if (first?.event.type !== 'SessionRequested') throw new Error('There is no such session');
      return first.event as Requested;
    }, giveUp);
  }

  private see({ stream, event }: Recorded<SessionEvent | JobEvent | NodeEvent>): void {
    const id = idOf(stream);
    const { node } = this.needs;
    switch (event.type) {
      case 'SessionPlaced':
        if (event.node === node.id && event.nodeEpoch === node.epoch) this.begin(id);
        return;
      case 'SessionEnded':
        return void this.close(id).catch(() => undefined); // its process is killed when it does not end
      case 'JobQueued':
        if (event.session !== null && this.hosted.has(event.session)) this.jobs.set(id, event.session);
        return;
      case 'JobCompleted':
        if (event.result !== null) void this.deliver(id, event.result);
        this.jobs.delete(id);
        return;
      case 'JobFailed':
      case 'JobCancelled':
      case 'JobAbandoned':
        this.jobs.delete(id);
        return;
      case 'NodeDrainStarted':
        if (id === node.id && event.epoch === node.epoch) this.drain(event.graceS);
        return;
      case 'NodeResumed':
        if (id === node.id) this.drain(null);
        return;
      case 'SessionRequested':
      case 'SessionReady':
      case 'SessionAttached':
      case 'SessionDetached':
      case 'SessionSaved':
      case 'JobStarted':
      case 'JobRequeued':
      case 'JobPrioritized':
      case 'JobDependentAdded':
      case 'JobChildAdded':
      case 'JobChildrenCancelled':
      case 'JobAttemptMeasured':
      case 'JobDependencyMet':
      case 'JobReleased':
      case 'JobInterruptRequested':
      case 'NodeInvited':
      case 'NodeAdmitted':
      case 'NodeJoined':
      case 'NodeDeclaredDead':
      case 'NodeLeft':
      case 'NodeRemoved':
        return;
    }
  }

  /** After so many seconds sessions are kept and ended: their users open them again elsewhere. `null` = no more. */
  private drain(graceS: number | null): void {
    this.callOffGrace();
    this.graceOver = false;
    if (graceS === null) return;
    const { after = onTheClock } = this.needs;
    this.callOffGrace = after(graceS * 1000, () => {
      this.graceOver = true;
      for (const [id, hosted] of this.hosted) void this.end(id, hosted);
    });
  }

  private async end(id: string, { autosave }: Hosted): Promise<void> {
    await autosave?.flush();
    const { node, report } = this.needs;
    await report(id, { type: 'ReportDrained', node: node.id, nodeEpoch: node.epoch });
  }

  private begin(id: string): void {
    if (this.hosted.has(id)) return; // told twice
    const hosted: Hosted = {
      open: null,
      closed: false,
      lastLog: '',
      autosave: null,
      versions: new Map(),
      done: new Map(),
    };
    this.hosted.set(id, hosted);
    this.attendance.arrived(id);
    if (this.graceOver) return void this.end(id, hosted); // placed before the drain was seen
    this.launch(id, hosted).catch((error: unknown) =>
      this.gone(id, hosted, error instanceof Error ? error.message : String(error)),
    );
  }

  /** Its process ended by itself, or never came to life. */
  private gone(id: string, hosted: Hosted, why: string): void {
    hosted.autosave?.stop();
    this.needs.saved.forget(id);
    this.hosted.delete(id);
    if (hosted.closed) return;
    hosted.closed = true; // whatever is still opening is closed when it comes
    const { node, report } = this.needs;
    const message = `${why}\n${hosted.lastLog}`.trim();
    void report(id, { type: 'ReportCrash', node: node.id, nodeEpoch: node.epoch, message });
  }

  private async launch(id: string, hosted: Hosted): Promise<void> {
    const { node, packages, report, saved } = this.needs;
    const steps: { name: string; ms: number }[] = [];
    const started = performance.now();
    const step = (name: string) => steps.push({ name, ms: Math.round(performance.now() - started) });
    const closed = (): boolean => hosted.closed;
    const request = await this.requestOf(id, closed);
    const [engine, app, user, restored] = await patiently(
      () =>
        Promise.all([
          packages.engine(request.engine),
          packages.app(request.app),
          this.needs.user(request.owner),
          request.restores ? saved.load(request.restores) : null,
        ]),
      closed,
    );
    if (hosted.closed) return;
    step('packages');
    const data = await this.needs.open({
      engine,
      app,
      sessionId: id,
      user: { ...user, language: 'en', timeZone: 'UTC' },
      limits: { memoryMiB: this.needs.memoryMiB, logBytes: MAX_LOG_BYTES },
      onChanged: (changed) => this.changed(id, hosted, changed),
      onLog: (line) => (hosted.lastLog = (hosted.lastLog + line).slice(-2000)),
      onExit: ({ message }) => this.gone(id, hosted, message),
    });
    const of = {
      app: request.app.name,
      version: request.app.version,
      engine: `${request.engine.name}:${request.engine.version}`,
    };
    if (restored && !hosted.closed)
      await data
        .load(restored)
        .then(() => (hosted.closed ? undefined : saved.keep(id, of, restored))) // it may be lost again before anything changes
        .catch((error: unknown) => this.gone(id, hosted, `Its data could not be restored: ${String(error)}`));
    if (hosted.closed) return data.close();
    step('app');
    hosted.open = { data, of, request };
    hosted.autosave = this.autosave(id, hosted, hosted.open, request.restores?.digest ?? null);
    await report(id, { type: 'ReportReady', node: node.id, nodeEpoch: node.epoch, steps });
  }

  private changed(id: string, { autosave, versions }: Hosted, changed: readonly IdentifierVersion[]): void {
    for (const { identifier, version } of changed) versions.set(identifier, version);
    this.news.emit(id, changed);
    autosave?.changed();
  }

  private autosave(id: string, hosted: Hosted, { data, of }: Open, last: string | null): Autosave {
    const { node, saved, log, report, savePace } = this.needs;
    return new Autosave(
      {
        save: async () => {
          const kept = await data.save();
          if (hosted.closed) throw new Error('The session ended while its data was kept');
          const blobs = [...kept.sets.values(), ...kept.identifiers.values()];
          const bytes = blobs.reduce((sum, { byteLength }) => sum + byteLength, 0);
          return { digest: await saved.keep(id, of, kept), bytes };
        },
        onSaved: (digest) =>
          report(id, { type: 'ReportSaved', node: node.id, nodeEpoch: node.epoch, digest }),
        onError: (error) => {
          const message = 'the data of this session could not be kept; it is tried again';
          log?.({ level: 'warn', source: `session ${id}`, message, error });
        },
      },
      last,
      savePace,
    );
  }

  private async close(id: string): Promise<void> {
    const hosted = this.hosted.get(id);
    if (!hosted) return;
    hosted.closed = true;
    hosted.autosave?.stop();
    this.needs.saved.forget(id);
    this.hosted.delete(id);
    await hosted.open?.data.close();
  }

  /** A job's result goes into the session that asked for it. */
  private async deliver(job: string, digest: string): Promise<void> {
    const session = this.jobs.get(job);
    const data = session === undefined ? undefined : this.hosted.get(session)?.open?.data;
    if (!data) return;
    try {
      await data.load(await patiently(() => this.needs.load(digest)));
    } catch (error) {
      const message = `the result of job ${job} could not be loaded into its session; it stays with the job`;
      this.needs.log?.({ level: 'warn', source: `session ${session}`, message, error });
    }
  }
}

const onTheClock = (ms: number, work: () => void): (() => void) => {
  const timer = setTimeout(work, ms).unref();
  return () => clearTimeout(timer);
};
