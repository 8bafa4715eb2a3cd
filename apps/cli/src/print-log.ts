import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './failure.js';
import { JobLogDocument, JobProgressDocument } from './generated/graphql.js';
import type { Screen } from './screen.js';
import { follow } from './subscribe.js';
import { hasEnded, noSuchJob } from './watch.js';

/** Prints what is new in a job's log, attempt after attempt or of one attempt only; says whether more may come. */
const logReader = (api: Api, screen: Screen, id: string, only: number | undefined) => {
  let attempt = only;
  let offset = 0;
  return async (): Promise<boolean> => {
    for (;;) {
      const { job } = await api.query(JobLogDocument, { id, attempt, offset });
      if (!job) throw noSuchJob(id);
      const newest = job.attempts.at(-1)?.number;
      attempt ??= newest;
      const { text, nextOffset, open } = job.log;
      if (text && screen.json) screen.item({ attempt, offset, text }, () => '');
      else if (text) screen.raw(text);
      if (nextOffset > offset) {
        offset = nextOffset;
      } else if (only === undefined && newest !== attempt) {
        screen.note(`── attempt ${newest} ──`);
        [attempt, offset] = [newest, 0];
      } else {
        return only === undefined ? !hasEnded(job) : open;
      }
    }
  };
};

export interface LogOptions {
  readonly attempt?: number;
  readonly follow?: boolean;
}

/** The log so far; with `follow` also what comes, whenever the server says that there is something. */
export const printLog = async (context: Context, id: string, options: LogOptions): Promise<ExitCode> => {
  const api = await (options.follow ? context.patientApi() : context.api());
  const readOn = logReader(api, context.screen, id, options.attempt);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on('SIGINT', interrupt);
  try {
    while ((await readOn()) && options.follow && !stop.signal.aborted) {
      const news = follow(api, JobProgressDocument, () => ({ id }), {
        signal: stop.signal,
        onLost: () => context.screen.note('Connecting again …'),
      });
      for await (const _ of news) if (!(await readOn())) return EXIT.ok;
      // The stream ended and the job did not: the server is going down. It will be back.
      await sleep(200, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
  return stop.signal.aborted ? EXIT.detached : EXIT.ok;
};
