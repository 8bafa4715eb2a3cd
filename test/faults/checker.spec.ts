import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { leader, leadership, node, nodeList } from '@openpro/cluster';
import { type Aggregate, CommandHandler, PostgresEventStore, ReadSide } from '@openpro/eventstore';
import { type DomainEvent, uuidv7 } from '@openpro/kernel';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { job } from '../../libs/jobs/src/job.js';
import { aRequest } from '../../libs/jobs/src/request.fixture.js';
import { jobList } from '../../libs/jobs/src/job-list.projection.js';
import { appPool } from '../../libs/platform/src/database.js';
import { caseList } from '../../libs/storage/src/case-list.projection.js';
import { type FreshDatabase, freshDatabase } from '../harness/database.js';
import { check, type Evidence } from './checker.js';
import { ack, historyOf, messages, submit } from './made-log.fixture.js';

/* The checker on a log that the product has written: what it takes for true is true. */

const folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-checker-'));
const log = path.join(folder, 'server.log');
const id = uuidv7();
const request = aRequest;

const blob = (text: string): string => {
  const digest = createHash('sha256').update(text).digest('hex');
  mkdirSync(path.join(folder, 'blobs', digest.slice(0, 2)), { recursive: true });
  writeFileSync(path.join(folder, 'blobs', digest.slice(0, 2), digest.slice(2)), text);
  return digest;
};

const part = blob('the numbers');
const result = blob(JSON.stringify({ format: 1, sets: [{ name: 'I', sha256: part }], identifiers: [] }));

/** Two servers; the first one dies with the job, the second one completes it. */
const happen = async (store: PostgresEventStore): Promise<void> => {
  const handler = new CommandHandler(store);
  const run = async <S, C, E extends DomainEvent>(
    aggregate: Aggregate<S, C, E>,
    of: string,
    command: C,
    actor = 'system',
    commandId = uuidv7(),
  ) => {
    const outcome = await handler.execute(aggregate, of, command, { commandId, actor, roles: [] });
    if (outcome.is === 'refused') throw new Error(outcome.refusal.message);
  };
  for (const name of ['n1', 'n2'])
    await run(node, name, {
      type: 'JoinNode',
      name,
      roles: ['pro'],
      slots: 1,
      version: '1',
      isolation: 'none',
    });
  await run(leadership, 'cluster', { type: 'ElectLeader', node: 'n1', epoch: 1 });
  await run(job, id, { type: 'SubmitJob', ...request }, 'ada', id);
  await run(job, id, { type: 'StartJob', node: 'n1', nodeEpoch: 1 });
  await run(node, 'n1', { type: 'DeclareDead', epoch: 1, reason: 'no beat' });
  await run(job, id, { type: 'LoseNode', node: 'n1', nodeEpoch: 1 }, 'process:requeue-lost-jobs');
  await run(job, id, { type: 'StartJob', node: 'n2', nodeEpoch: 1 });
  await run(
    job,
    id,
    {
      type: 'CompleteJob',
      attempt: 2,
      node: 'n2',
      nodeEpoch: 1,
      outcome: 'completed',
      solverStatus: 'Optimal',
      objective: 1,
      bound: 1,
      gap: 0,
      result,
      forced: false,
      statistics: {},
    },
    'node:n2',
  );
};

const projections = [jobList, nodeList, leader, caseList];

const fold = async (url: string, first: (store: PostgresEventStore) => Promise<void>): Promise<void> => {
  const pool = appPool(url);
  const store = new PostgresEventStore(pool);
  await first(store);
  const readSide = new ReadSide({
    store,
    pool,
    projections,
    report: () => undefined,
  } as unknown as ConstructorParameters<typeof ReadSide>[0]);
  readSide.start();
  const head = await store.head();
  await Promise.all(projections.map(({ name }) => readSide.waitFor(name, head, 20_000)));
  await readSide.stop();
  await store.close();
  await pool.end();
};

let live: FreshDatabase;
let rebuilt: FreshDatabase;
let owner: pg.Client;
let evidence: Evidence;

beforeAll(async () => {
  writeFileSync(log, '{"level":"log","message":"ready"}\n');
  [live, rebuilt] = await Promise.all([freshDatabase(), freshDatabase()]);
  await fold(live.appUrl, happen);
  owner = new pg.Client(live.ownerUrl);
  const other = new pg.Client(rebuilt.ownerUrl);
  await Promise.all([owner.connect(), other.connect()]);
  const { rows } = await owner.query<{ log: string; head: string }>(
    `SELECT (SELECT json_agg(e) FROM event_log e)::text AS log, (SELECT json_agg(h) FROM event_log_head h)::text AS head`,
  );
  await other.query('INSERT INTO event_log SELECT * FROM json_populate_recordset(NULL::event_log, $1)', [
    rows[0]?.log,
  ]);
  await other.query('DELETE FROM event_log_head');
  await other.query(
    'INSERT INTO event_log_head SELECT * FROM json_populate_recordset(NULL::event_log_head, $1)',
    [rows[0]?.head],
  );
  await other.end();
  await fold(rebuilt.appUrl, () => Promise.resolve());
  evidence = {
    history: historyOf(
      submit(0, id),
      { at: 1, kind: 'fault', fault: 1, is: 'F01', what: 'kill', where: ['n1'], ms: 0 },
      ack(2, id),
      { at: 3, kind: 'faults-over' },
    ).map((entry) => (entry.kind === 'begin' ? { ...entry, wall: Date.now() } : entry)),
    databaseUrl: live.ownerUrl,
    rebuiltUrl: rebuilt.ownerUrl,
    logs: [log],
    storageDir: folder,
  };
});

afterAll(async () => {
  await owner.end();
  await Promise.all([live.drop(), rebuilt.drop()]);
  rmSync(folder, { recursive: true, force: true });
});

/** Does something to the database, looks, and takes it back. */
const afterTampering = async (...statements: readonly string[]): Promise<readonly string[]> => {
  // As the superuser of the tests: triggers and keys do not stop a disk that lies.
  await owner.query('CREATE TABLE undo_log AS TABLE event_log; CREATE TABLE undo_job AS TABLE job_list');
  await owner.query('CREATE TABLE undo_case AS TABLE case_list; CREATE TABLE undo_point AS TABLE checkpoint');
  try {
    for (const statement of statements) await owner.query(statement);
    return messages(await check(evidence));
  } finally {
    for (const [table, undo] of [
      ['event_log', 'undo_log'],
      ['job_list', 'undo_job'],
      ['case_list', 'undo_case'],
      ['checkpoint', 'undo_point'],
    ])
      await owner.query(`TRUNCATE ${table}; INSERT INTO ${table} SELECT * FROM ${undo}; DROP TABLE ${undo}`);
  }
};

const invariants = (said: readonly string[]) => [...new Set(said.map((text) => text.split(':')[0]))];

describe('the checker on a real log', () => {
  it('finds nothing where nothing is wrong', async () => {
    expect(await check(evidence)).toEqual([]);
  });

  it('sees rows that differ, are missing, or are too many (I9)', async () => {
    const said = await afterTampering(
      `UPDATE job_list SET attempt = 3`,
      `DELETE FROM case_list`,
      `INSERT INTO case_list VALUES ('x', 'ROOT', 'saved', 'x', 'a', '1', 'ada', NULL, '${part}', 0)`,
    );
    const shown = said.filter((text) => text.startsWith('I9:'));
    expect(shown.map((text) => text.slice(0, 24))).toEqual([
      `I9: case_list ${id}`.slice(0, 24),
      'I9: case_list x: is (x,R'.slice(0, 24),
      `I9: job_list ${id}`.slice(0, 24),
    ]);
  });

  it('sees a paused reader, and one behind the end (I10)', async () => {
    const said = await afterTampering(
      `UPDATE checkpoint SET paused_position = '1', paused_reason = 'poison' WHERE name = 'leader@1'`,
      `UPDATE checkpoint SET position = '0000000000999999' WHERE name LIKE 'job_list@%'`,
    );
    expect(said).toContain('I10: leader@1 is paused: poison');
    expect(said).toContainEqual(
      expect.stringMatching(/^I10: job_list@\d+ is at 0000000000999999, behind the end of the log$/),
    );
  });

  it('sees events that were changed, and a log whose end was cut off (I19)', async () => {
    const changed = await afterTampering(`UPDATE event_log SET body = replace(body, 'Optimal', 'optimal')`);
    expect(invariants(changed)).toContain('I19');
    const cut = await afterTampering(
      `DELETE FROM event_log WHERE position = (SELECT max(position) FROM event_log)`,
    );
    expect(invariants(cut)).toContain('I19');
  });

  it('sees a result that nobody completed with (I14)', async () => {
    const said = await afterTampering(`UPDATE case_list SET digest = '${part}' WHERE kind = 'result'`);
    expect(said).toContain(
      `I14: ${part} can be read as the result of job ${id}, whose completion names ${result}`,
    );
  });

  it('sees a result that is gone, and one that is another (I14)', async () => {
    const at = (digest: string) => path.join(folder, 'blobs', digest.slice(0, 2), digest.slice(2));
    writeFileSync(at(part), 'other numbers');
    expect(messages(await check(evidence)).join()).toContain(`I14: part ${part} of the result of job ${id}`);
    rmSync(at(result));
    expect(messages(await check(evidence)).join()).toMatch(`I14: result ${result} of job ${id}: ENOENT`);
    blob('the numbers');
    blob(JSON.stringify({ format: 1, sets: [{ name: 'I', sha256: part }], identifiers: [] }));
  });

  it.each([
    ['an error that nobody caught', 'unhandled rejection'],
    ['a deadlock', 'error: deadlock detected'],
    ['a password', 'connecting to postgres://openpro:geheim@127.0.0.1/openpro'],
    ['a private key', '-----BEGIN PRIVATE KEY-----'],
    ['a token', 'authorization: Bearer abcdefghijklmnopqrstuvwxyz'],
    ['a secret', 'key opro_12345'],
  ])('sees %s in a log (I21)', async (what, line) => {
    const dirty = path.join(folder, 'dirty.log');
    writeFileSync(dirty, `fine\n${line}\n`);
    const said = messages(await check({ ...evidence, logs: [log, dirty], secrets: ['opro_12345'] }));
    expect(said.find((text) => text.startsWith(`I21: ${what} in line 2`))).toBeDefined();
  });
});
