import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BeatThreadData, FromBeat, ToBeat } from './beat.js';

export interface HeartbeatNeeds {
  /** The program of the thread. */
  readonly thread: string;
  readonly data: BeatThreadData;
  readonly beating: () => void;
  readonly failing: (reason: string) => void;
  /** This life is over, its engine processes are killed: the process has to end now. */
  readonly fenced: (reason: string) => void;
}

/** The heartbeat's thread as the main thread sees it. */
export class Heartbeat {
  private worker: Worker | null = null;
  private stopped = false;

  constructor(private readonly needs: HeartbeatNeeds) {}

  /** Resolves after the first beat. */
  start(): Promise<void> {
    const { thread, data, beating, failing, fenced } = this.needs;
    const worker = new Worker(thread, { workerData: data, name: 'heartbeat' });
    this.worker = worker;
    // Without its thread a server would be taken for dead and not even notice.
    const lost = (why: string): void => {
      if (this.stopped) return;
      this.stopped = true;
      fenced(why);
    };
    worker.once('error', (error) => lost(`the thread of its heartbeat failed: ${String(error)}`));
    worker.once('exit', () => lost('the thread of its heartbeat ended'));
    return new Promise((resolve) => {
      worker.on('message', (message: FromBeat) => {
        switch (message.is) {
          case 'beating':
            resolve();
            return beating();
          case 'failing':
            return failing(message.reason);
          case 'fenced':
            this.stopped = true; // the end of the thread is no news any more
            return fenced(message.reason);
        }
      });
    });
  }

  /** The last beat is taken back, so that nobody waits for the next one. */
  async stop(): Promise<void> {
    const { worker } = this;
    if (!worker) return;
    if (this.stopped) return void (await worker.terminate());
    this.stopped = true;
    const ended = once(worker, 'exit');
    worker.postMessage({ ask: 'stop' } satisfies ToBeat);
    await ended;
  }
}
