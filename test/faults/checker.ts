import pg from 'pg';
import {
  deadStayDead,
  everythingTold,
  healthyJobsLive,
  leadersFollowEachOther,
  nobodyPassedOver,
  nothingRequeued,
  slotsKept,
  somebodyLeads,
} from './check-cluster.js';
import { everythingEnds, lostAttemptsStopped, oneAnswer, realTimeOrder } from './check-history.js';
import {
  attemptsCounted,
  chainHolds,
  contiguous,
  oneEffect,
  oneEnd,
  results,
  transitionsAllowed,
} from './check-log.js';
import { limitsKept, schedulesKept, seatsKept, sessionsEnd } from './check-policy.js';
import {
  headIsTheLast,
  logsAreClean,
  onlyResultsReachable,
  readersAtTheEnd,
  resultsAreThere,
  tablesAreTheLog,
} from './check-outside.js';
import { type Facts, factsOf } from './facts.js';
import type { HistoryEntry } from './history.js';
import { readLog } from './log-event.js';
import type { Violation, Watch } from './watch.js';

export type { Violation } from './watch.js';

/*
 * The judge of a fault run. It knows the log's tables, the form of its events and nothing else of the product, and
 * imports none of it: a mistake there must not hide itself here. The rebuilt tables that the live ones are compared
 * with are made by the product (rebuild.ts), because a fold of our own would only be a second product.
 */
export interface Evidence {
  readonly history: readonly HistoryEntry[];
  /** The database as the servers left it; they have ended. */
  readonly databaseUrl: string;
  /** What rebuild.ts made of it. */
  readonly rebuiltUrl: string;
  /** The files that servers and PostgreSQL wrote their logs to. */
  readonly logs: readonly string[];
  readonly storageDir: string;
  /** What must not stand in a log: keys and tokens of the driver. */
  readonly secrets?: readonly string[];
}

const watchesOf = (facts: Facts): Watch[] => [
  everythingEnds(facts),
  oneEnd(),
  attemptsCounted(),
  transitionsAllowed(),
  contiguous(),
  oneEffect(),
  oneAnswer(facts),
  deadStayDead(),
  leadersFollowEachOther(facts),
  realTimeOrder(facts),
  slotsKept(),
  limitsKept(),
  seatsKept(),
  schedulesKept(),
  sessionsEnd(),
  nobodyPassedOver(),
  everythingTold(),
  somebodyLeads(facts),
  nothingRequeued(facts),
  healthyJobsLive(facts),
];

const inDatabases = async <T>(
  urls: readonly [string, string],
  work: (one: pg.Client, other: pg.Client) => Promise<T>,
): Promise<T> => {
  const [one, other] = [new pg.Client(urls[0]), new pg.Client(urls[1])];
  try {
    await Promise.all([one.connect(), other.connect()]);
    return await work(one, other);
  } finally {
    await Promise.all([one.end(), other.end()]);
  }
};

/** Every invariant that does not hold; none is what a run hopes for. */
export const check = async ({
  history,
  databaseUrl,
  rebuiltUrl,
  logs,
  storageDir,
  secrets,
}: Evidence): Promise<Violation[]> =>
  inDatabases([databaseUrl, rebuiltUrl], async (live, rebuilt) => {
    const chain = chainHolds();
    const completed = results();
    const watches = [...watchesOf(factsOf(history)), chain, completed];
    for await (const event of readLog(live)) for (const watch of watches) watch.see(event);
    return [
      ...watches.flatMap((watch) => watch.end()),
      ...(await headIsTheLast(live, chain.head())),
      ...(await tablesAreTheLog(live, rebuilt)),
      ...(await readersAtTheEnd(live)),
      ...(await resultsAreThere(storageDir, completed.of)),
      ...(await onlyResultsReachable(live, completed.of)),
      ...lostAttemptsStopped(history),
      ...(await logsAreClean(logs, secrets)),
    ];
  });
