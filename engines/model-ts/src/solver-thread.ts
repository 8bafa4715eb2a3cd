import { Worker } from 'node:worker_threads';
import {
  EngineError,
  packCase,
  unpackCases,
  type EngineLink,
  type EngineMethods,
  type Handlers,
} from '@openpro/engine/sdk';
import type { FinishedRun, News, Order, Submitted, ThreadStart } from './thread-messages.js';

const MEMORY_MIB = Number(process.env.OPENPRO_MEMORY_MIB ?? 2048);

interface Waiting {
  readonly resolve: (news: News) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The thread in which models are built and solved. It is busy for as long as the solver runs; this side answers
 * the platform meanwhile. The wish to stop goes through shared memory, which the solver's callbacks look at.
 */
export class SolverThread {
  /** Settles when the solver is loaded. */
  readonly ready: Promise<unknown>;
  readonly #interrupt = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;
  #link: EngineLink | undefined;
  #waiting: Waiting | undefined;

  constructor() {
    this.#worker = new Worker(new URL('./worker.mjs', import.meta.url), {
      workerData: { interrupt: this.#interrupt } satisfies ThreadStart,
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(MEMORY_MIB / 2) },
    });
    this.#worker.on('message', (news: News) => this.#hear(news));
    this.#worker.on('error', (error) => this.#broken(error));
    this.ready = new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  handlers(link: EngineLink): Handlers<EngineMethods> {
    this.#link = link;
    let folder = '';
    return {
      'app.load': async (params) => {
        Atomics.store(this.#interrupt, 0, 0);
        folder = params.folder;
        await this.#ask({ load: folder });
        return { result: null };
      },
      run: async ({ input, warmStart, ...request }, { binary }) => {
        const [inputCase, warmCase] = unpackCases([input, warmStart], binary);
        const { user, limits } = link.start;
        const news = await this.#ask({
          run: {
            ...request,
            folder,
            user,
            input: inputCase ?? null,
            warmStart: warmCase ?? null,
            logBytes: limits.logBytes,
          },
        });
        link.flush();
        const { output, ...result } = (news as { readonly result: FinishedRun }).result;
        const packed = output && packCase(output);
        return { result: { ...result, output: packed?.header ?? null }, binary: packed?.parts ?? [] };
      },
      interrupt: () => {
        Atomics.store(this.#interrupt, 0, 1);
        return { result: null };
      },
    };
  }

  #ask(order: Order): Promise<News> {
    if (this.#waiting) return Promise.reject(new EngineError('Busy', 'A run has not ended yet'));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(order);
    });
  }

  #hear(news: News): void {
    switch (news.is) {
      case 'log':
        return this.#link?.log(news.text);
      case 'progress':
        return this.#link?.progress(news.point);
      case 'incumbent':
        return this.#link?.incumbent(news.info, news.outputs);
      case 'submit':
        return void this.#submit(news);
      case 'failed':
        this.#link?.flush();
        return this.#settle()?.reject(new EngineError(news.code, news.message, news.where));
      case 'ready':
      case 'loaded':
      case 'finished':
        return this.#settle()?.resolve(news);
    }
  }

  async #submit({ number, order }: News & { readonly is: 'submit' }): Promise<void> {
    const answer = (order: Submitted): void => this.#worker.postMessage(order);
    try {
      answer({ submitted: number, job: await this.#link!.submit(order) });
    } catch (error) {
      const { code = 'NotSubmitted', message } = error as EngineError;
      answer({ submitted: number, error: { code, message } });
    }
  }

  #broken(error: Error & { readonly code?: string }): void {
    this.#link?.flush();
    const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    const told = outOfMemory
      ? new EngineError(
          'MemoryLimit',
          `The model needed more than ${Math.floor(MEMORY_MIB / 2)} MiB of JavaScript memory`,
        )
      : new EngineError('ModelError', error.message);
    this.#settle()?.reject(told);
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}
