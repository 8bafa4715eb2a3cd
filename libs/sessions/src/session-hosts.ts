import type { Packages } from '@openpro/catalogue';
import { type CaseData, type DataSession, type EnginePool, openDataSession } from '@openpro/engine';
import { type EventStore, follow, type Following, type Position, type Recorded } from '@openpro/eventstore';
import type { JobEvent } from '@openpro/jobs';
import { refuse, type Refusal } from '@openpro/kernel';
import type { ThisNode } from '@openpro/platform';
import { EventEmitter } from 'node:events';
import type { SessionCommand, SessionEvent } from './session.js';

export interface IdentifierVersion {
  readonly identifier: string;
  readonly version: number;
}

const MAX_LOG_BYTES = 1_048_576;

type Requested = Extract<SessionEvent, { type: 'SessionRequested' }>;

export interface SessionHostsNeeds {
  readonly node: ThisNode;
  readonly store: EventStore;
  readonly pool: EnginePool;
  readonly packages: Packages;
  readonly memoryMiB: number;
  user(id: string): Promise<{ id: string; name: string; roles: readonly string[] }>;
  load(digest: string): Promise<CaseData>;
  /** Tells the session what became of its process; repeats until it is decided. */
  report(session: string, command: SessionCommand): Promise<void>;
}

interface Hosted {
  readonly opening: Promise<DataSession>;
  data: DataSession | null;
  closed: boolean;
  lastLog: string;
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
    this.follower = follow(this.needs.store, after, (events) => {
      for (const recorded of events) this.see(recorded as Recorded<SessionEvent | JobEvent>);
    });
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

  async save(session: string, identifiers?: readonly string[]): Promise<CaseData | Refusal> {
    const data = this.data(session);
    return 'refused' in data ? data : data.save(identifiers && [...identifiers]);
  }

  /** Calls back with identifiers whose data changed; returns how to stop listening. */
  listen(session: string, listener: (changed: readonly IdentifierVersion[]) => void): () => void {
    this.news.on(session, listener);
    return () => this.news.off(session, listener);
  }

  private see({ stream, event }: Recorded<SessionEvent | JobEvent>): void {
    const id = stream.slice(stream.indexOf('-') + 1);
    const { node } = this.needs;
    switch (event.type) {
      case 'SessionPlaced':
        if (event.node === node.id && event.nodeEpoch === node.epoch) this.open(id);
        return;
      case 'SessionEnded':
        return void this.close(id);
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
    const hosted: Hosted = {
      opening: Promise.resolve().then(() => this.launch(id, hosted)),
      data: null,
      closed: false,
      lastLog: '',
    };
    this.hosted.set(id, hosted);
    const { node, report } = this.needs;
    hosted.opening.catch((error: unknown) => {
      this.hosted.delete(id);
      if (hosted.closed) return;
      const message = error instanceof Error ? error.message : String(error);
      void report(id, {
        type: 'ReportCrash',
        node: node.id,
        nodeEpoch: node.epoch,
        message: `${message}\n${hosted.lastLog}`.trim(),
      });
    });
  }

  private async launch(id: string, hosted: Hosted): Promise<DataSession> {
    const { node, packages, pool, store, report } = this.needs;
    const steps: { name: string; ms: number }[] = [];
    const started = performance.now();
    const step = (name: string) => steps.push({ name, ms: Math.round(performance.now() - started) });
    const request = (await store.readStream(`session-${id}`))[0]?.event as Requested;
    const [engine, app, user] = await Promise.all([
      packages.engine(request.engine),
      packages.app(request.app),
      this.needs.user(request.owner),
    ]);
    step('packages');
    const data = await openDataSession(pool, {
      engine,
      app,
      sessionId: id,
      user: { ...user, language: 'en', timeZone: 'UTC' },
      limits: { memoryMiB: this.needs.memoryMiB, logBytes: MAX_LOG_BYTES },
      onChanged: (changed) => this.news.emit(id, changed),
      onLog: (line) => (hosted.lastLog = (hosted.lastLog + line).slice(-2000)),
      onExit: ({ message }) => {
        this.hosted.delete(id);
        if (!hosted.closed)
          void report(id, {
            type: 'ReportCrash',
            node: node.id,
            nodeEpoch: node.epoch,
            message: `${message}\n${hosted.lastLog}`.trim(),
          });
      },
    });
    if (hosted.closed) {
      await data.close();
      return data;
    }
    step('app');
    hosted.data = data;
    await report(id, { type: 'ReportReady', node: node.id, nodeEpoch: node.epoch, steps });
    return data;
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
    await data.load(await this.needs.load(digest)).catch(() => undefined); // the result stays with the job
  }
}
