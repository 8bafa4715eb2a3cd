import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { Complaints, type Violation } from './watch.js';

/* What must be so beside the log: the tables made from it, the results that it names, what servers wrote down. */

const PAGE = 5000;

interface TableRow {
  readonly key: string;
  readonly row: string;
}

/** All rows of a table as text, in the order of its key. */
async function* rowsOf(db: pg.Client, table: string, key: string): AsyncGenerator<TableRow> {
  const [name, column] = [table, key].map((one) => pg.escapeIdentifier(one));
  for (let last: string | null = null, rows: TableRow[] = []; ;) {
    ({ rows } = await db.query<TableRow>(
      `SELECT ${column}::text AS key, t::text AS row FROM ${name} t
       WHERE $1::text IS NULL OR ${column}::text COLLATE "C" > $1 ORDER BY ${column}::text COLLATE "C" LIMIT ${PAGE}`,
      [last],
    ));
    yield* rows;
    last = rows.at(-1)?.key ?? last;
    if (rows.length < PAGE) return;
  }
}

/** Two tables side by side, in the order of their keys: where they differ. */
export async function* differences(
  live: AsyncIterator<TableRow, unknown>,
  rebuilt: AsyncIterator<TableRow, unknown>,
): AsyncGenerator<{ key: string; live: string | null; rebuilt: string | null }> {
  const next = async (rows: AsyncIterator<TableRow, unknown>): Promise<TableRow | null> => {
    const result = await rows.next();
    return result.done ? null : result.value;
  };
  let [one, other] = [await next(live), await next(rebuilt)];
  while (one || other) {
    const [here, there]: [TableRow | null, TableRow | null] = [one, other];
    const isHere = here !== null && (there === null || here.key <= there.key);
    const isThere = there !== null && (here === null || there.key <= here.key);
    if (!isHere || !isThere || here.row !== there.row)
      yield {
        key: (isHere ? here : there)?.key ?? '',
        live: isHere ? here.row : null,
        rebuilt: isThere ? there.row : null,
      };
    if (isHere) one = await next(live);
    if (isThere) other = await next(rebuilt);
  }
}

/** The column of a table's primary key, if it is a table that the log is folded into. */
const keyOf = async (db: pg.Client, table: string): Promise<string | undefined> => {
  const { rows } = await db.query<{ attname: string }>(
    `SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
     WHERE i.indisprimary AND i.indrelid = to_regclass(quote_ident($1))`,
    [table],
  );
  return rows[0]?.attname;
};

/** I9. A table says something else than the log: an event was applied twice, or never. */
export const tablesAreTheLog = async (live: pg.Client, rebuilt: pg.Client): Promise<readonly Violation[]> => {
  const wrong = new Complaints('I9');
  const { rows } = await rebuilt.query<{ name: string }>(
    `SELECT DISTINCT split_part(name, '@', 1) AS name FROM checkpoint ORDER BY name`,
  );
  if (rows.length === 0) wrong.say('nothing was rebuilt');
  for (const { name } of rows) {
    const key = await keyOf(rebuilt, name);
    if (key === undefined) continue; // a process
    for await (const row of differences(rowsOf(live, name, key), rowsOf(rebuilt, name, key)))
      wrong.say(`${name} ${row.key}: is ${row.live ?? 'missing'}, should be ${row.rebuilt ?? 'missing'}`);
  }
  return wrong.all();
};

/** I10. A reader stands still at an event, or claims to have seen what is not there yet. */
export const readersAtTheEnd = async (live: pg.Client): Promise<readonly Violation[]> => {
  const wrong = new Complaints('I10');
  const { rows } = await live.query<{
    name: string;
    position: string;
    paused: string | null;
    ahead: boolean;
  }>(
    `SELECT name, c.position, paused_reason AS paused, c.position <> '' AND c.position::bigint > h.position AS ahead
     FROM checkpoint c, event_log_head h WHERE paused_position IS NOT NULL
       OR c.position <> '' AND c.position::bigint > h.position`,
  );
  for (const { name, position, paused, ahead } of rows)
    wrong.say(
      ahead ? `${name} is at ${position}, behind the end of the log` : `${name} is paused: ${paused}`,
    );
  return wrong.all();
};

/** I19, the end of the chain: the newest events were cut off. */
export const headIsTheLast = async (
  live: pg.Client,
  last: { readonly position: number; readonly hash: Buffer },
): Promise<readonly Violation[]> => {
  const { rows } = await live.query<{ position: string; hash: Buffer }>(
    'SELECT position, hash FROM event_log_head',
  );
  const [head] = rows;
  if (head && Number(head.position) === last.position && head.hash.equals(last.hash)) return [];
  return [
    {
      invariant: 'I19',
      message: `the head of the log names position ${head?.position}, its last event is ${last.position}`,
    },
  ];
};

interface CaseManifest {
  readonly sets?: readonly { readonly sha256: string }[];
  readonly identifiers?: readonly { readonly sha256: string }[];
}

const AT_ONCE = 16;

/** I14. A job is completed, and its result is not there, is another one, or is that of an attempt that lost. */
export const resultsAreThere = async (
  storageDir: string,
  results: ReadonlyMap<string, string>,
): Promise<readonly Violation[]> => {
  const wrong = new Complaints('I14');
  const known = new Map<string, Promise<Buffer | string>>();
  const load = async (digest: string): Promise<Buffer | string> => {
    const file = path.join(storageDir, 'blobs', digest.slice(0, 2), digest.slice(2));
    const bytes = await readFile(file).catch((error: Error) => error.message);
    if (typeof bytes === 'string') return bytes;
    const actual = createHash('sha256').update(bytes).digest('hex');
    return actual === digest ? bytes : `its bytes have the digest ${actual}`;
  };
  const blob = (digest: string): Promise<Buffer | string> => {
    const found = known.get(digest) ?? load(digest);
    known.set(digest, found);
    return found;
  };
  const look = async (job: string, digest: string): Promise<void> => {
    const manifest = await blob(digest);
    if (typeof manifest === 'string') return wrong.say(`result ${digest} of job ${job}: ${manifest}`);
    const { sets = [], identifiers = [] } = JSON.parse(manifest.toString()) as CaseManifest;
    for (const { sha256 } of [...sets, ...identifiers]) {
      const part = await blob(sha256);
      if (typeof part === 'string') wrong.say(`part ${sha256} of the result of job ${job}: ${part}`);
    }
  };
  const jobs = results.entries();
  const lane = async (): Promise<void> => {
    for (const [job, digest] of jobs) await look(job, digest);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return wrong.all();
};

/** I14, from the other side: whatever can be reached as a result was named by a completion. */
export const onlyResultsReachable = async (
  live: pg.Client,
  results: ReadonlyMap<string, string>,
): Promise<readonly Violation[]> => {
  const wrong = new Complaints('I14');
  const { rows } = await live.query<{ job: string; digest: string }>(
    `SELECT job, digest FROM case_list WHERE kind = 'result'`,
  );
  for (const { job, digest } of rows)
    if (results.get(job) !== digest)
      wrong.say(
        `${digest} can be read as the result of job ${job}, whose completion names ${results.get(job)}`,
      );
  return wrong.all();
};

const ACCIDENTS: readonly (readonly [string, RegExp])[] = [
  ['an error that nobody caught', /unhandled ?rejection|uncaught ?exception/i],
  ['a deadlock', /deadlock detected|\b40P01\b/],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY/],
  ['a password', /postgres(?:ql)?:\/\/[^\s:@/]+:[^\s@/]+@/],
  ['a token', /sign-in#[\w-]+\.[\w-]{20,}|\bBearer [\w.~+/-]{16,}/],
];

/** I21. Servers met errors that nobody had thought of, or wrote down what nobody may read. */
export const logsAreClean = async (
  logs: readonly string[],
  secrets: readonly string[] = [],
): Promise<readonly Violation[]> => {
  const wrong = new Complaints('I21');
  for (const file of logs) {
    let line = 0;
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      line++;
      for (const [what, pattern] of ACCIDENTS)
        if (pattern.test(text)) wrong.say(`${what} in line ${line} of ${file}: ${text.slice(0, 300)}`);
      if (secrets.some((secret) => text.includes(secret))) wrong.say(`a secret in line ${line} of ${file}`);
    }
  }
  return wrong.all();
};
