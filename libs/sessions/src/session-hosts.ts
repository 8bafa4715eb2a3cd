import type { Packages } from '@openpro/catalogue';
import type { CaseData, DataSession, DataSessionOptions } from '@openpro/engine';
import {
  type EventStore,
  follow,
  type Following,
  type Position,
  type Recorded,
  type Report,
} from '@openpro/eventstore';
import type { JobEvent } from '@openpro/jobs';
import { idOf, isRefusal, refuse, type Refusal } from '@openpro/kernel';
import { patiently, type ThisNode } from '@openpro/platform';
import { EventEmitter } from 'node:events';
import type { SessionCommand, SessionEvent } from './session.js';

export interface IdentifierVersion {
  readonly identifier: string;
  readonly version: number;
}

const MAX_LOG_BYTES = 1_048_576;
/** Commands of a session that are remembered: far more than any client has on its way. */
const MAX_REMEMBERED = 100;

type Requested = Extract<SessionEvent, { type: 'SessionRequested' }>;

export interface SessionHostsNeeds {
  readonly node: ThisNode;
  readonly store: EventStore;
  readonly packages: Pick<Packages, 'engine' | 'app'>;
  readonly memoryMiB: number;
  /** Problems of following the log, and results that could not be delivered. */
  readonly log?: Report;
  open(options: DataSessionOptions): Promise<DataSession>;
  user(id: string): Promise<{ id: string; name: string; roles: readonly string[] }>;
  load(digest: string): Promise<CaseData>;
  /** Tells the session what became of its process; repeats until it is decided. Never rejects. */
  report(session: string, command: SessionCommand): Promise<void>;
}

interface Hosted {
  data: DataSession | null;
  closed: boolean;
  lastLog: string;
  /** What its last commands did, by command id; lives and dies with the data that they changed. */
  readonly done: Map<string, { readonly fingerprint: string; readonly result: Promise<unknown> }>;
}

/** Runs the data sessions that the log places on this server: one process each. */
export class SessionHosts {
  private readonly hosted = new Map<string, Hosted>();
  /** Jobs submitted from a session that lives here: their results go back into it. */
  private readonly jobs = new Map<string, string>();
  private readonly news = new EventEmitter().setMaxListeners(0);
  private follower: Following | null = null;

  constructor(private readonly needs: SessionHostsNeeds) {}

  start(after: Position): void {
    const see = (events: readonly Recorded[]): void => {
      for (const recorded of events) this.see(recorded as Recorded<SessionEvent | JobEvent>);
    };
    this.follower = follow(this.needs.store, after, see, this.needs.log);
  }

  async stop(): Promise<void> {
    await this.follower?.stop();
    await Promise.all([...this.hosted.keys()].map((id) => this.close(id)));
  }

  get count(): number {
    return this.hosted.size;
  }

  /** The session's process, or why there is none. */
  data(session: string): DataSession | Refusal {
    const data = this.hosted.get(session)?.data;
    return (
      data ?? refuse('SessionNotReady', 'This session is not open: it is still starting, or it has ended')
    );
  }

  /** Lets a command work on the session's data, once: the same command again gets the first answer. */
  async once<T>(
    session: string,
    commandId: string,
    fingerprint: string,
    work: (data: DataSession) => Promise<T>,
  ): Promise<T | Refusal> {
    const data = this.data(session);
    if (isRefusal(data)) return data;
    const done = this.hosted.get(session)?.done ?? new Map<string, never>();
    const known = done.get(commandId);
    if (known)
      return known.fingerprint === fingerprint
        ? (known.result as Promise<T>)
        : refuse('CommandIdReused', 'This commandId was used for another request: take a new one', {
            field: 'commandId',
          });
    const result = work(data);
    done.set(commandId, { fingerprint, result });
    const [oldest] = done.keys();
    if (done.size > MAX_REMEMBERED && oldest !== undefined) done.delete(oldest);
    return result;
  }

  async save(session: string, identifiers?: readonly string[]): Promise<CaseData | Refusal> {
    const data = this.data(session);
    return isRefusal(data) ? data : data.save(identifiers && [...identifiers]);
  }

  /** Calls back with identifiers whose data changed; returns how to stop listening. */
  listen(session: string, listener: (changed: readonly IdentifierVersion[]) => void): () => void {
    this.news.on(session, listener);
    return () => this.news.off(session, listener);
  }

  private see({ stream, event }: Recorded<SessionEvent | JobEvent>): void {
    const id = idOf(stream);
    const { node } = this.needs;
    switch (event.type) {
      case 'SessionPlaced':
        if (event.node === node.id && event.nodeEpoch === node.epoch) this.open(id);
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
      default:
        return;
    }
  }

  private open(id: string): void {
    if (this.hosted.has(id)) return; // told twice
    const hosted: Hosted = { data: null, closed: false, lastLog: '', done: new Map() };
    this.hosted.set(id, hosted);
    this.launch(id, hosted).catch((error: unknown) =>
      this.gone(id, hosted, error instanceof Error ? error.message : String(error)),
    );
  }

  /** Its process ended by itself, or never came to life. */
  private gone(id: string, hosted: Hosted, why: string): void {
    this.hosted.delete(id);
    if (hosted.closed) return;
    const { node, report } = this.needs;
    const message = `${why}\n${hosted.lastLog}`.trim();
    void report(id, { type: 'ReportCrash', node: node.id, nodeEpoch: node.epoch, message });
  }

  private async launch(id: string, hosted: Hosted): Promise<void> {
    const { node, packages, store, report } = this.needs;
    const steps: { name: string; ms: number }[] = [];
    const started = performance.now();
    const step = (name: string) => steps.push({ name, ms: Math.round(performance.now() - started) });
    const [engine, app, user] = await patiently(
      async () => {
        const request = (await store.readStream(`session-${id}`))[0]?.event as Requested;
        return Promise.all([
          packages.engine(request.engine),
          packages.app(request.app),
          this.needs.user(request.owner),
        ]);
      },
      () => hosted.closed,
    );
    if (hosted.closed) return;
    step('packages');
    const data = await this.needs.open({
      engine,
      app,
      sessionId: id,
      user: { ...user, language: 'en', timeZone: 'UTC' },
      limits: { memoryMiB: this.needs.memoryMiB, logBytes: MAX_LOG_BYTES },
      onChanged: (changed) => this.news.emit(id, changed),
      onLog: (line) => (hosted.lastLog = (hosted.lastLog + line).slice(-2000)),
      onExit: ({ message }) => this.gone(id, hosted, message),
    });
    if (hosted.closed) return data.close();
    step('app');
    hosted.data = data;
    await report(id, { type: 'ReportReady', node: node.id, nodeEpoch: node.epoch, steps });
  }

  private async close(id: string): Promise<void> {
    const hosted = this.hosted.get(id);
    if (!hosted) return;
    hosted.closed = true;
    this.hosted.delete(id);
    await hosted.data?.close();
  }

  /** A job's result goes into the session that asked for it. */
  private async deliver(job: string, digest: string): Promise<void> {
    const session = this.jobs.get(job);
    const data = session === undefined ? undefined : this.hosted.get(session)?.data;
    if (!data) return;
    try {
      await data.load(await patiently(() => this.needs.load(digest)));
    } catch (error) {
      const message = `the result of job ${job} could not be loaded into its session; it stays with the job`;
      this.needs.log?.({ level: 'warn', source: `session ${session}`, message, error });
    }
  }
}
