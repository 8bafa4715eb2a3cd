import type { Api } from './api.js';
import { EXIT, Failure } from './failure.js';
import { duration } from './format.js';
import {
  JobsThereDocument,
  type NodeFieldsFragment as Server,
  ServersChangedDocument,
} from './generated/graphql.js';
import type { Screen } from './screen.js';
import { follow } from './subscribe.js';

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

/** `2 jobs and 1 session`; empty when nothing runs there. */
export const workThere = ({ runningJobs, sessions }: Server): string =>
  [
    ...(runningJobs > 0 ? [count(runningJobs, 'job')] : []),
    ...(sessions > 0 ? [count(sessions, 'session')] : []),
  ].join(' and ');

/** Waits until nothing runs on the server, and shows what still does; null when the user has stopped watching. */
export const watchDrain = async (api: Api, screen: Screen, server: Server): Promise<Server | null> => {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on('SIGINT', interrupt);
  let shown = '';
  const show = async (now: Server): Promise<void> => {
    const work = workThere(now);
    const left = now.drain ? Math.max(0, now.drain.until - Date.now()) / 1000 : 0;
    screen.progress(
      `${now.name}: ${work} still there${left > 0 ? `, at most ${duration(left)} more` : ''}`,
      work === shown ? null : `${now.name}: ${work} still there`,
    );
    if (work === shown) return;
    shown = work;
    const { jobs } = await api.query(JobsThereDocument, { node: now.id });
    for (const { id, app, procedure } of jobs.nodes) screen.note(`  ${id}  ${app.id} ${procedure}`);
  };
  try {
    const messages = follow(api, ServersChangedDocument, () => ({}), {
      signal: stop.signal,
      onLost: () => screen.progress('The connection is lost; connecting again …', 'Connecting again …'),
    });
    for await (const { clusterChanged } of messages) {
      const now = clusterChanged.nodes.find(({ id }) => id === server.id);
      if (!now || workThere(now) === '') return now ?? server;
      if (!now.drain)
        throw new Failure(EXIT.refused, `${now.name} was resumed meanwhile`, { code: 'Resumed' });
      await show(now);
    }
    return null;
  } finally {
    process.off('SIGINT', interrupt);
    screen.endProgress();
  }
};
