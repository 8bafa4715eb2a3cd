import pg from 'pg';

/*
 * The log as it grows, read by a connection of its own that no fault strikes, and what the harness must know of it:
 * who leads, what runs where, what has ended. It only steers faults and measures; judging is the checker's.
 */

export interface LogEvent {
  readonly position: number;
  readonly stream: string;
  /** By the database's clock. */
  readonly at: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Of the leader, where one has proposed it. */
  readonly epoch: number | null;
}

export interface Attempt {
  readonly attempt: number;
  readonly node: string;
  readonly nodeEpoch: number;
  readonly startedAt: number;
  /** By any event; null while it runs. */
  endedAt: number | null;
}

export interface WatchedJob {
  readonly id: string;
  state: 'queued' | 'running' | 'ended';
  nodeLost: number;
  ownCrash: number;
  readonly attempts: Attempt[];
}

const LOOK_MS = 50;
const PAGE = 5000;
const ENDS: ReadonlySet<string> = new Set(['JobCompleted', 'JobFailed', 'JobCancelled', 'JobAbandoned']);

export class LogWatch {
  readonly events: LogEvent[] = [];
  readonly jobs = new Map<string, WatchedJob>();
  /** Sessions that have not ended, and on which node they are. */
  readonly sessions = new Map<string, string>();
  leader: { readonly node: string; readonly epoch: number } | null = null;
  ended = 0;
  private client: pg.Client | null = null;
  private stopped = false;
  private looking: Promise<void> = Promise.resolve();
  private readonly listeners = new Set<() => void>();

  constructor(private readonly url: string) {}

  start(): void {
    this.looking = this.look();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.looking;
    await this.client?.end().catch(() => undefined);
  }

  /** Resolves true once it holds; looked at whenever something has happened. */
  async until(holds: () => boolean, ms: number): Promise<boolean> {
    if (holds()) return true;
    return new Promise((resolve) => {
      const done = (held: boolean): void => {
        clearTimeout(timer);
        this.listeners.delete(listen);
        resolve(held);
      };
      const listen = (): void => void (holds() && done(true));
      const timer = setTimeout(() => done(holds()), ms);
      this.listeners.add(listen);
    });
  }

  runningOn(node: string): WatchedJob[] {
    return [...this.running.values()].filter((job) => job.attempts.at(-1)?.node === node);
  }

  readonly running = new Map<string, WatchedJob>();
  /** That have had an attempt for nothing, and have not ended. */
  readonly requeued = new Map<string, WatchedJob>();

  private async look(): Promise<void> {
    while (!this.stopped) {
      const full = await this.read().catch(() => {
        this.client = null; // PostgreSQL is being hurt
        return false;
      });
      if (!full) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  private async read(): Promise<boolean> {
    if (!this.client) {
      const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 5000 });
      client.on('error', () => undefined);
      await client.connect();
      this.client = client;
    }
    const { rows } = await this.client.query<{ position: string; stream: string; at: string; body: string }>(
      'SELECT position, stream, at, body FROM event_log WHERE position > $1 ORDER BY position LIMIT $2',
      [this.events.at(-1)?.position ?? 0, PAGE],
    );
    for (const { position, stream, at, body } of rows) {
      const { event, epoch } = JSON.parse(body) as {
        event: { type: string } & Record<string, unknown>;
        epoch?: number;
      };
      const seen = {
        ...{ position: Number(position), stream, at: Number(at) },
        ...{ type: event.type, data: event, epoch: epoch ?? null },
      };
      this.events.push(seen);
      this.see(seen);
    }
    if (rows.length > 0) for (const listener of this.listeners) listener();
    return rows.length === PAGE;
  }

  private see(event: LogEvent): void {
    const { stream, type, data } = event;
    const id = stream.slice(stream.indexOf('-') + 1);
    if (stream.startsWith('job-')) return this.seeJob(id, event);
    if (type === 'LeaderElected') this.leader = { node: String(data['node']), epoch: Number(data['epoch']) };
    if (type === 'SessionRequested') this.sessions.set(id, '');
    if (type === 'SessionPlaced') this.sessions.set(id, String(data['node']));
    if (type === 'SessionEnded') this.sessions.delete(id);
  }

  private seeJob(id: string, { type, data, at }: LogEvent): void {
    const job: WatchedJob = this.jobs.get(id) ?? {
      id,
      state: 'queued',
      nodeLost: 0,
      ownCrash: 0,
      attempts: [],
    };
    this.jobs.set(id, job);
    const last = job.attempts.at(-1);
    if (type === 'JobStarted') {
      const { attempt, node, nodeEpoch } = data;
      job.state = 'running';
      job.attempts.push({
        ...{ attempt: Number(attempt), node: String(node), nodeEpoch: Number(nodeEpoch) },
        ...{ startedAt: at, endedAt: null },
      });
      this.running.set(id, job);
    }
    if (type === 'JobRequeued') {
      job.state = 'queued';
      job.nodeLost = Number(data['nodeLost']);
      job.ownCrash = Number(data['ownCrash']);
      this.requeued.set(id, job);
    }
    if (ENDS.has(type)) {
      job.state = 'ended';
      this.ended += 1;
      this.requeued.delete(id);
    }
    if (last && (type === 'JobRequeued' || ENDS.has(type))) last.endedAt ??= at;
    if (job.state !== 'running') this.running.delete(id);
  }
}
