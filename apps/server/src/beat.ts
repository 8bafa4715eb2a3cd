import { Beat } from '@openpro/cluster/beat';
import type { BeatThreadData, FromBeat, ToBeat } from '@openpro/cluster/beat';
import { killGroups } from '@openpro/engine/groups';
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';

/*
 * The thread of the heartbeat. It shares nothing with the main thread but the list of process groups, and needs
 * nothing of it: neither for a beat nor to end everything when this life of the server is over.
 */

const { life, databaseUrl, beatMs, deadMs, fenceMs, endMs, groups } = workerData as BeatThreadData;
const port = parentPort!;
const tell = (message: FromBeat): void => port.postMessage(message);
const STDOUT = 1;

/** A connection without an answer is given up while there is still time for another beat before the others lose patience. */
const PATIENCE_MS = Math.max(100, (deadMs - beatMs) / 2);

const beat = new Beat({
  life,
  beatMs,
  fenceMs,
  async connect() {
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'openpro beat',
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      keepAlive: true,
    });
    client.on('error', () => undefined); // the next question fails
    await client.connect();
    return client;
  },
  beating: () => tell({ is: 'beating' }),
  failing: (error) => tell({ is: 'failing', reason: String(error) }),
  fenced(reason) {
    const killed = killGroups(groups);
    // Written from here: the main thread, which writes the log otherwise, may stand still.
    const entry = { level: 'error', pid: process.pid, timestamp: Date.now(), context: 'Heartbeat' };
    const message = { message: 'this server is fenced and ends', ...life, reason, killed };
    writeSync(STDOUT, `${JSON.stringify({ ...entry, message })}\n`);
    tell({ is: 'fenced', reason });
    setTimeout(() => {
      killGroups(groups); // what the main thread has started meanwhile
      process.kill(process.pid, 'SIGKILL');
    }, endMs);
  },
});

port.on('message', ({ ask }: ToBeat) => {
  if (ask === 'stop') void beat.stop().then(() => process.exit()); // of the thread
});
beat.start();
