import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { NamedPatch, Patch } from './patch.js';

/*
 * Named points in the code of a server, always there in the builds of the fault harness and without effect until
 * told (F04, F10, F11, F24).
 *
 * Protocol: append to `<OPENPRO_DATA>/failpoint` (`order` below does it) one line per order:
 *
 *     <point> <hits> <action> [seconds]
 *     forget                            what was heard before is not done any more
 *
 * The server hears it within 50 ms and removes the file. When the point is passed for the `hits`-th time from then on,
 * the server first appends `<point> <action> <Date.now()>` to `<OPENPRO_DATA>/failpoint.fired`, then acts, once:
 *
 *     kill    SIGKILL of itself, there and then
 *     block   the event loop stands still for so many seconds
 *     hold    only this one piece of work waits so long, everything else goes on
 *     fail    an error is thrown; at `after-commit` that is a commit whose answer got lost
 *
 * A point may end in `*`: `projection:*` is the next step of whichever projection. Orders that are not heard because a
 * server is down stay until its next start; remove the file to take them back. Orders heard die with the process.
 *
 *     tick                             every 50 ms: `tick 1 block 10` blocks at once, `tick 1 kill` kills
 *     before-append, after-commit      a batch of the log: before it is sent; committed, the answer not yet seen
 *     before-start, after-start        the leader's StartJob
 *     attempt-begun                    the server has taken the attempt, its process is not there yet
 *     after-blob                       the result is stored, JobCompleted is not
 *     before-report, after-report      what an attempt reports: `before-report 1 hold 12` is F11
 *     projection:<table>:before        before the statement that writes rows and checkpoint, …
 *     projection:<table>:during        … sent, its answer not yet there, …
 *     projection:<table>:after         … committed, not yet told
 *     process:<name>:before            likewise what a process writes: state, timers, outbox, checkpoint
 *     process:<name>:during
 *     process:<name>:after
 *     outbox:<process>:before          a command is about to be executed
 *     outbox:<process>:after           … has been, and still stands in the outbox
 *     drain                            a stopping server has taken its last job, and gives none back yet
 *     before-reap, after-reap          the leader's DeclareDead
 *     elected                          LeaderElected stands in the log, the scheduler has not begun
 *     renew                            before the lease is renewed or taken
 */

export type FailAction = 'kill' | 'block' | 'hold' | 'fail';

/** Tells the server with this data folder. */
export const order = (dataDir: string, ...lines: readonly string[]): void =>
  appendFileSync(path.join(dataDir, 'failpoint'), lines.map((line) => `${line}\n`).join(''));

const around = (file: string, before: string, work: string, after: string): Patch => ({
  file,
  find: work,
  replace: `${before}\n${work}\n${after}`,
});

/** `const next = await commit(…)` with a point before it, one while it is on its way, and one behind. */
const inCommit = (file: string, what: string, find: string): Patch => ({
  file,
  find,
  replace: find
    .replace('const next = await', `await failpoint(\`${what}:before\`);\nconst sent =`)
    .replace(
      /;$/,
      `;\nsent.catch(() => undefined);\nawait failpoint(\`${what}:during\`);\nconst next = await sent;\nawait failpoint(\`${what}:after\`);`,
    ),
});

const PATCHES: readonly Patch[] = [
  {
    file: 'libs/eventstore/src/postgres-event-store.ts',
    find: 'return await this.pool.query<R>(config);',
    replace: `if (!name.startsWith('append')) return await this.pool.query<R>(config);
      await failpoint('before-append');
      const answer = await this.pool.query<R>(config);
      await failpoint('after-commit');
      return answer;`,
  },
  around(
    'libs/jobs/src/starting.ts',
    `await failpoint('before-start');`,
    `await commands.insist(new ForJob(job, { type: 'StartJob', ...start, ...licence }, meta()));`,
    `await failpoint('after-start');`,
  ),
  around(
    'libs/jobs/src/attempts.ts',
    `await failpoint('attempt-begun');`,
    'const record = await this.keptTrying(() => needs.records.open(job, attempt), taken);',
    '',
  ),
  around(
    'libs/jobs/src/attempts.ts',
    '',
    `output && (await traced('keep the result', {}, () => this.kept(request, output, running)));`,
    `await failpoint('after-blob');`,
  ),
  {
    file: 'libs/jobs/src/attempts.ts',
    find: 'await report(job, attempt, command);',
    replace: `{
        await failpoint('before-report');
        await report(job, attempt, command);
        await failpoint('after-report');
      }`,
  },
  around('libs/jobs/src/attempts.ts', '', 'this.draining = true;', `await failpoint('drain');`),
  inCommit(
    'libs/eventstore/src/projection-fold.ts',
    'projection:${this.projection.name}',
    'const next = await commit(this.shared.pool, from, { position: upTo }, this.rows.writes(written, removed));',
  ),
  inCommit(
    'libs/eventstore/src/process-runner.ts',
    'process:${this.process.name}',
    'const next = await commit(this.shared.pool, from, { position }, writesOf(this.process.name, reactions));',
  ),
  around(
    'libs/eventstore/src/outbox.ts',
    'await failpoint(`outbox:${this.process}:before`);',
    'const outcome = await this.dispatch({ to, id, command }, meta);',
    'await failpoint(`outbox:${this.process}:after`);',
  ),
  {
    file: 'apps/server/src/lifecycle.ts',
    find: '(life, silentMs) => this.declareDead(life, silentMs),',
    replace: `async (life, silentMs) => {
        await failpoint('before-reap');
        await this.declareDead(life, silentMs);
        await failpoint('after-reap');
      },`,
  },
  around(
    'apps/server/src/lifecycle.ts',
    `await failpoint('elected');`,
    'await this.dispatcher.lead(epoch);',
    '',
  ),
  around(
    'libs/cluster/src/lease.ts',
    '',
    'private async beat(): Promise<void> {',
    `await failpoint('renew');`,
  ),
];

export const failpoints: readonly NamedPatch[] = PATCHES.map((patch) => ({ name: 'failpoints', ...patch }));
