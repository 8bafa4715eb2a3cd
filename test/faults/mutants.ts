import type { NamedPatch, Patch } from './patch.js';
import type { Step } from './plan.js';

/*
 * The test of the test: real bugs, one at a time, that the checker must find. Each patches a source while a server is
 * bundled (mutated-build.ts), so that none of them can ever be switched on in a real one.
 *
 * Not among them, of those in reliability.md: an advisory lock (nothing here takes one while it runs), a timer fired
 * twice (its command carries the same id and does nothing; the simulation and reactions.spec.ts see it), a reap without
 * lease check (a life that beats cannot be condemned: watch.spec.ts), what sessions, tokens and the proxy do (their own
 * tests).
 */
export interface Mutant {
  readonly name: string;
  /** The bug, in a sentence. */
  readonly says: string;
  readonly patches: readonly Patch[];
  /** One of these is reported when it is found. */
  readonly breaks: readonly string[];
  /** What brings it out: these, in turn, while so many jobs are submitted in so many seconds. None: load alone does. */
  readonly plan: readonly Step[];
  readonly jobs: number;
  readonly seconds: number;
  /** So long every job works, in milliseconds; without it most of them end at once. */
  readonly ms?: number;
  /** With a policy, licences and a schedule. */
  readonly policies?: boolean;
}

const JOB = 'libs/jobs/src/job.ts';
const LEASE = 'libs/cluster/src/lease.ts';
const WATCH = 'libs/cluster/src/watch.ts';
const LOG = 'migrations/0001-event-log.ts';
const LOG_READER = 'libs/eventstore/src/postgres-event-store.ts';
const PROJECTION = 'libs/eventstore/src/projection-fold.ts';

const patch = (file: string, find: string, replace: string): Patch => ({ file, find, replace });

const PROJECTION_COMMIT =
  'commit(this.shared.pool, from, { position: upTo }, this.rows.writes(written, removed))';
const PROCESS_COMMIT = 'commit(this.shared.pool, from, { position }, writesOf(this.process.name, reactions))';
const COMPLETE = 'return runsAt(job, command) ? [completed(job, command)] : staleAttempt();';
const GAP = 'if (countOf(position) !== countOf(previous) + 1) throw new LogGap(previous, position);';

const LEASE_ENDED = `(holder IN ('', $1) OR (beat = $3 AND ($4 OR ($5 AND expires <= clock_timestamp()))))`;
/** Always true; names the parameters, so that PostgreSQL knows their types. */
const WHATEVER = '($3::bigint IS NULL OR $4 OR $5 OR true)';

/** A server that was declared dead beats on: what happens to it then is up to the rules behind that one. */
const UNFENCED = patch(
  'libs/cluster/src/beat.ts',
  'SET beat = beat + 1 WHERE node = $1 AND epoch = $2 AND beat > ${CONDEMNED}`;',
  'SET beat = abs(beat) + 1 WHERE node = $1 AND epoch = $2`;',
);

/** A server dies with jobs: one that it has just taken, and those that it worked on. */
const DIES: Step = 'attempt-begun 4 kill';

/** Where the job list is about to be told of an event of this type. */
const before = (type: string, point: string): string =>
  `this.projection.name === 'job_list' && events.some(({ event }) => event.type === '${type}') && failpoint('${point}')`;

/** What the log takes from a server, it goes on with. */
const DEAF = patch('libs/jobs/src/attempts.ts', `case 'JobRequeued':`, `case 'JobRequeued':\nreturn;\n`);

export const mutants: readonly Mutant[] = [
  {
    name: 'completion-without-attempt',
    says: 'A report completes a job that does not run, or runs as another attempt.',
    patches: [
      UNFENCED,
      DEAF,
      patch(
        JOB,
        COMPLETE,
        `return job.is === 'ended' ? staleAttempt() : [completed({ ...job, ...at(command) } as Running, command)];`,
      ),
    ],
    breaks: ['I4'],
    plan: ['F02 stop', 'F11 hold'],
    jobs: 60,
    seconds: 14,
    ms: 6000,
  },
  {
    name: 'completion-by-id-only',
    says: 'A report completes the job that it names, whichever server runs it now.',
    patches: [
      UNFENCED,
      DEAF,
      patch(JOB, COMPLETE, `return job.is === 'running' ? [completed(job, command)] : staleAttempt();`),
    ],
    breaks: ['I4'],
    plan: ['F02 stop', 'F11 hold'],
    jobs: 60,
    seconds: 14,
    ms: 6000,
  },
  {
    name: 'claim-without-node-epoch',
    says: 'The scheduler starts jobs on a server as it was before its restart.',
    patches: [
      patch(
        'libs/jobs/src/starting.ts',
        `{ type: 'StartJob', ...start, ...licence }`,
        `{ type: 'StartJob', ...start, ...licence, nodeEpoch: start.nodeEpoch > 0 ? 1 : 0 }`,
      ),
    ],
    breaks: ['I7', 'I22', 'I1'],
    plan: [DIES, DIES],
    jobs: 120,
    seconds: 12,
    ms: 400,
  },
  {
    name: 'node-epoch-not-raised',
    says: 'A server that starts again takes itself for the one that was lost.',
    patches: [
      patch('libs/cluster/src/node.ts', 'epoch: known.epoch + 1,', 'epoch: Math.max(known.epoch, 1),'),
    ],
    breaks: ['I7'],
    plan: [DIES],
    jobs: 60,
    seconds: 6,
    ms: 400,
  },
  {
    name: 'reap-too-early',
    says: 'A server that misses two beats is taken for dead.',
    patches: [patch(WATCH, 'if (life.silentMs >= deadMs', 'if (life.silentMs >= 1100')],
    breaks: ['I18'],
    plan: Array.from({ length: 6 }, () => 'F03 long pause' as const),
    jobs: 100,
    seconds: 8,
  },
  {
    name: 'now-for-clock-timestamp',
    says: 'An event is as old as the transaction that waited for its turn.',
    patches: [
      patch(
        LOG,
        'greatest(h.at, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)',
        '(extract(epoch FROM now()) * 1000)::bigint',
      ),
    ],
    breaks: ['I5'],
    plan: [],
    jobs: 300,
    seconds: 6,
  },
  {
    name: 'positions-from-a-sequence',
    says: 'Positions are handed out before the commit, and readers believe that none is missing.',
    patches: [
      patch(
        LOG,
        'await runner.query(`REVOKE ALL ON FUNCTION append_events FROM PUBLIC`);',
        'await runner.query(`CREATE SEQUENCE event_position`);',
      ),
      patch(LOG, 'FROM event_log_head h FOR UPDATE;', 'FROM event_log_head h;'),
      patch(LOG, 'last := last + 1;', `last := nextval('event_position');`),
      patch(LOG_READER, GAP, ''),
    ],
    breaks: ['I5', 'I11', 'I19'],
    plan: [],
    jobs: 150,
    seconds: 6,
  },
  {
    name: 'reader-skips-an-event',
    says: 'A page of the log misses an event now and then, and nobody notices the gap.',
    patches: [
      patch(
        LOG_READER,
        'let previous = after;',
        `if (events.length > 2 && Math.random() < 0.1) (events as Recorded[]).splice(1, 1);
        let previous = after;`,
      ),
      patch(LOG_READER, GAP, ''),
    ],
    breaks: ['I9', 'I10', 'I1'],
    plan: [],
    jobs: 300,
    seconds: 8,
  },
  {
    name: 'checkpoint-in-second-transaction',
    says: 'Rows are committed before the checkpoint: a crash or another runner between applies events twice.',
    patches: [
      patch('libs/eventstore/src/catch-up.ts', 'this.losses >= LOSSES', 'this.losses >= Infinity'), // who is struck is at work
      patch(
        PROJECTION,
        PROJECTION_COMMIT,
        `(async () => {
          const half = await commit(
            this.shared.pool, from, { position: from.position }, this.rows.writes(written, removed));
          await (half && ${before('JobStarted', 'half')});
          return half && commit(this.shared.pool, half, { position: upTo });
        })()`,
      ),
    ],
    breaks: ['I9', 'I10'],
    plan: ['half 1 kill', 'half 1 kill'],
    jobs: 200,
    seconds: 8,
    ms: 300,
  },
  {
    name: 'checkpoint-before-effect',
    says: 'The checkpoint is committed before the rows: a crash or another runner between loses them.',
    patches: [
      patch('libs/eventstore/src/catch-up.ts', 'this.losses >= LOSSES', 'this.losses >= Infinity'), // who is struck is at work
      patch(
        PROJECTION,
        PROJECTION_COMMIT,
        `(async () => {
          const half = await commit(this.shared.pool, from, { position: upTo });
          await (half && ${before('JobCompleted', 'half')});
          return half && commit(this.shared.pool, half, { position: upTo }, this.rows.writes(written, removed));
        })()`,
      ),
    ],
    breaks: ['I9', 'I10'],
    plan: ['half 1 kill', 'half 1 kill'],
    jobs: 200,
    seconds: 8,
    ms: 300,
  },
  {
    name: 'stale-runner-writes',
    says: 'A runner writes although another one has moved the checkpoint since.',
    patches: [
      patch(
        'libs/eventstore/src/checkpoint.ts',
        'WHERE name = $2 AND revision = $3 RETURNING revision',
        'WHERE name = $2 AND $3::uuid IS NOT NULL RETURNING revision',
      ),
      // It comes late, writes, and dies before it could write what it has missed.
      patch(
        PROJECTION,
        PROJECTION_COMMIT,
        `(async () => {
          const late = ${before('JobStarted', 'stale')};
          await late;
          const next = await commit(
            this.shared.pool, from, { position: upTo }, this.rows.writes(written, removed));
          if (late) process.kill(process.pid, 'SIGKILL');
          return next;
        })()`,
      ),
    ],
    breaks: ['I9', 'I10'],
    plan: ['stale 1 hold 2', 'stale 1 hold 2'],
    jobs: 250,
    seconds: 10,
    ms: 300,
  },
  {
    name: 'command-id-not-stored',
    says: 'A command that was done before is decided again.',
    patches: [
      patch(
        'libs/eventstore/src/stream-cache.ts',
        'if (!folded.commands.has(commandId)) folded.commands.set(commandId, { version, fingerprint });',
        'void [commandId, version, fingerprint];',
      ),
    ],
    breaks: ['I6'],
    plan: ['F12 senders', 'F12 senders', 'F12 senders', 'F12 senders'],
    jobs: 50,
    seconds: 5,
  },
  {
    name: 'completed-before-its-blob',
    says: 'A completion is recorded while its result is still being written.',
    patches: [
      patch(
        'libs/jobs/src/jobs.module.ts',
        'saveCase(',
        `((folder: FolderBlobStore, ...rest: [Parameters<typeof saveCase>[1], Parameters<typeof saveCase>[2]]) => {
          const { createHash } = process.getBuiltinModule('node:crypto');
          setTimeout(() => void saveCase(folder, ...rest).catch(() => undefined), 1500);
          const digests = {
            putBytes: (bytes: Uint8Array) =>
              Promise.resolve({
                digest: createHash('sha256').update(bytes).digest('hex'),
                size: bytes.byteLength,
              }),
          };
          return saveCase(digests as unknown as FolderBlobStore, ...rest);
        })(`,
      ),
    ],
    breaks: ['I14'],
    plan: ['after-report 3 kill', 'after-report 3 kill'],
    jobs: 150,
    seconds: 8,
  },
  {
    name: 'retry-not-charged',
    says: 'A job forgets how many servers it has lost.',
    patches: [patch(JOB, '{ nodeLost: job.nodeLost + 1,', '{ nodeLost: job.nodeLost,')],
    breaks: ['I3'],
    plan: [DIES, DIES],
    jobs: 100,
    seconds: 10,
    ms: 400,
  },
  {
    name: 'drain-charged',
    says: 'A drained server counts as a lost one.',
    patches: [
      patch(
        JOB,
        `requeued(job, 'drained', job)`,
        `requeued(job, 'drained', { nodeLost: job.nodeLost + 1, ownCrash: job.ownCrash })`,
      ),
    ],
    breaks: ['I3'],
    plan: ['F20 restart', 'F20 restart', 'F20 restart'],
    jobs: 80,
    seconds: 8,
    ms: 1500,
  },
  {
    name: 'outbox-after-commit',
    says: 'What a process wants done is written after its checkpoint, and a crash between loses it.',
    patches: [
      patch(
        'libs/eventstore/src/process-runner.ts',
        PROCESS_COMMIT,
        `(async () => {
          const silent = Object.assign(Object.create(reactions) as Reactions, { commands: [] });
          const half = await commit(this.shared.pool, from, { position }, writesOf(this.process.name, silent));
          if (!half || reactions.commands.length === 0) return half;
          const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
          if (!existsSync('died')) {
            writeFileSync('died', ''); // in its own folder: once is enough
            process.kill(process.pid, 'SIGKILL');
          }
          return commit(this.shared.pool, half, { position }, writesOf(this.process.name, reactions));
        })()`,
      ),
    ],
    breaks: ['I1', 'I15'],
    plan: [DIES, DIES],
    jobs: 150,
    seconds: 10,
    ms: 400,
  },
  {
    name: 'lost-node-forgets-a-job',
    says: 'One of the jobs of a lost server is not told.',
    patches: [
      patch(
        'libs/jobs/src/requeue-lost-jobs.process.ts',
        'state.jobs.map((job) => loseNode(',
        'state.jobs.slice(1).map((job) => loseNode(',
      ),
    ],
    breaks: ['I1', 'I15'],
    plan: [DIES, DIES],
    jobs: 120,
    seconds: 10,
    ms: 1000,
  },
  {
    name: 'append-without-version',
    says: 'An append does not ask whether somebody wrote first.',
    patches: [patch(LOG, 'IF version <> expected[i] THEN', 'IF version < expected[i] THEN')],
    breaks: ['I2', 'I4', 'I6'],
    plan: ['F12 senders', 'F12 senders', 'F12 senders', 'F12 senders'],
    jobs: 200,
    seconds: 8,
  },
  {
    name: 'log-not-durable',
    says: 'An append is answered before it is on disk.',
    patches: [
      // For all that a server writes: a heartbeat that waits for the disk would take the appends before it along.
      patch(
        LOG,
        'await runner.query(`REVOKE ALL ON FUNCTION append_events FROM PUBLIC`);',
        `await runner.query(\`DO $$ BEGIN
          EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$\`);`,
      ),
    ],
    breaks: ['I1', 'I6', 'I11'],
    plan: ['F05 immediate', 'F05 backend', 'F05 immediate', 'F05 immediate'],
    jobs: 400,
    seconds: 10,
  },
  {
    name: 'hash-without-time',
    says: 'The hash chain does not cover when an event happened.',
    patches: [
      patch(LOG, 'last, names[i], version, at, lines[line]), ', 'last, names[i], version, lines[line]), '),
    ],
    breaks: ['I19'],
    plan: [],
    jobs: 10,
    seconds: 5,
  },
  {
    name: 'lease-without-expiry',
    says: 'Whoever asks leads, also while another one does.',
    patches: [patch(LEASE, LEASE_ENDED, WHATEVER)],
    breaks: ['I8'],
    plan: [],
    jobs: 20,
    seconds: 8,
  },
  {
    name: 'former-leader-not-refused',
    says: 'What a former leader has on its way reaches the log after the next one was elected.',
    patches: [
      patch(
        'migrations/0007-leader-fence.ts',
        `IF EXISTS (SELECT FROM lease l WHERE l.name = 'leader' AND l.epoch > leader_epoch) THEN RETURN; END IF;`,
        '',
      ),
    ],
    breaks: ['I8', 'I12'],
    plan: ['F24 late leader', 'F24 late leader'],
    jobs: 300,
    seconds: 12,
    ms: 600,
  },
  {
    name: 'node-clock-in-the-lease',
    says: 'The lease ends by the clock of whoever wants it.',
    patches: [
      patch(
        LEASE,
        LEASE_ENDED,
        `(holder IN ('', $1) OR (${WHATEVER} AND expires <= to_timestamp(NODE_CLOCK)))`,
      ),
      patch(LEASE, '>(TAKE, [', `>(TAKE.replace('NODE_CLOCK', String(Date.now() / 1000)), [`),
    ],
    breaks: ['I8'],
    plan: ['F16 half ahead', 'F16 half ahead'],
    jobs: 50,
    seconds: 8,
  },
  {
    name: 'reports-only-once',
    says: 'A report that meets a database which is away is lost.',
    patches: [
      patch('libs/platform/src/outage.ts', 'if (!passing(error) || giveUp()) throw error;', 'throw error;'),
    ],
    breaks: ['I1'],
    plan: ['F05 restart', 'F05 immediate', 'F05 restart', 'F05 immediate'],
    jobs: 200,
    seconds: 12,
    ms: 400,
  },
  {
    name: 'slots-not-counted',
    says: 'A server gets more jobs than it has room for.',
    patches: [patch('libs/jobs/src/lines.ts', 'taken: server.taken + by,', 'taken: server.taken,')],
    breaks: ['I12'],
    plan: [],
    jobs: 100,
    seconds: 10,
  },
  {
    name: 'profile-not-counted',
    says: 'More jobs run under a worker profile than it has places.',
    patches: [
      patch(
        'libs/jobs/src/lines.ts',
        'const most = policy.profile(profile)?.capacity ?? 0;',
        'const most = 2 * (policy.profile(profile)?.capacity ?? 0);',
      ),
    ],
    breaks: ['I12'],
    plan: [],
    jobs: 100,
    seconds: 10,
    ms: 3000,
    policies: true,
  },
  {
    name: 'seats-not-counted',
    says: 'A licence grants more seats than it has.',
    patches: [
      patch(
        'libs/licensing/src/licence.ts',
        "kind === 'data' ? terms.dataSeats : terms.optimizationSeats;",
        "2 * (kind === 'data' ? terms.dataSeats : terms.optimizationSeats);",
      ),
      patch(
        'libs/jobs/src/lines.ts',
        'mayUse(pool, owner) ? pool.seats : 0;',
        'mayUse(pool, owner) ? 2 * pool.seats : 0;',
      ),
    ],
    breaks: ['I12'],
    plan: [],
    jobs: 100,
    seconds: 10,
    ms: 500,
    policies: true,
  },
  {
    name: 'lost-attempt-runs-on',
    says: 'A server goes on with what was taken from it.',
    patches: [UNFENCED, DEAF],
    breaks: ['I16'],
    plan: ['F02 stop', 'F02 stop'],
    jobs: 40,
    seconds: 12,
    ms: 15_000,
  },
];

/** Quick and sure: those of a short run. */
export const quickMutants: readonly string[] = [
  'append-without-version',
  'command-id-not-stored',
  'lease-without-expiry',
  'retry-not-charged',
  'slots-not-counted',
];

/** For buildServer. */
export const patchesOf = ({ name, patches }: Mutant): readonly NamedPatch[] =>
  patches.map((one) => ({ name: `mutant ${name}`, ...one }));
