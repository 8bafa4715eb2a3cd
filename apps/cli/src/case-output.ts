import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { Api } from './api.js';
import { EXIT, Failure } from './failure.js';
import { bytes, cell, table } from './format.js';
import { CaseByIdDocument, type CaseFieldsFragment as Case, CaseTableDocument } from './generated/graphql.js';
import type { Screen } from './screen.js';

/** The API's largest window. */
const WINDOW = 1000;
const SHOWN_ROWS = 50;
const SHOWN_SCALARS = 20;

export interface CaseOptions {
  readonly identifier?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
  readonly output?: string;
}

export const addCaseOptions = (command: Command): Command =>
  command
    .option('--identifier <name>', 'one identifier’s table')
    .option('--csv', 'as CSV')
    .option('-o, --output <folder>', 'one file per identifier, CSV or with --json JSON');

interface Table {
  readonly identifier: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly total: number;
}

export const readCase = async (api: Api, id: string): Promise<Case> => {
  const found = (await api.query(CaseByIdDocument, { id })).case;
  if (found) return found;
  throw new Failure(EXIT.notFound, `There is no case ${id}, or you may not see it`, {
    code: 'NoSuchCase',
    field: 'id',
  });
};

const readTable = async (api: Api, id: string, identifier: string, limit = Infinity): Promise<Table> => {
  const rows: unknown[][] = [];
  for (;;) {
    const size = Math.min(WINDOW, limit - rows.length);
    const page = await api.query(CaseTableDocument, { id, identifier, offset: rows.length, limit: size });
    const found = page.case?.table;
    if (!found) throw noSuchIdentifier(identifier);
    rows.push(...found.rows);
    if (rows.length >= Math.min(found.total, limit) || !found.rows.length)
      return { identifier, columns: found.columns, rows, total: found.total };
  }
};

const noSuchIdentifier = (name: string, known: readonly string[] = []): Failure =>
  new Failure(EXIT.notFound, `The case has no identifier ${name}`, {
    code: 'NoSuchIdentifier',
    field: 'identifier',
    limit: known.length ? `one of ${known.slice(0, 50).join(', ')}` : null,
  });

const csvOf = (api: Api, id: string, identifier: string): Promise<Response> =>
  api.get(`/api/cases/${id}/${encodeURIComponent(identifier)}.csv`);

/** One identifier as a CSV file. */
export const saveCsv = async (api: Api, id: string, identifier: string, file: string): Promise<void> => {
  const { body } = await csvOf(api, id, identifier);
  if (body) await pipeline(Readable.fromWeb(body), createWriteStream(file));
  else await writeFile(file, '');
};

const save = async (
  api: Api,
  { id }: Case,
  names: readonly string[],
  { output = '.', json }: CaseOptions,
) => {
  await mkdir(output, { recursive: true });
  const files: string[] = [];
  for (const name of names) {
    // A name that came over the network must not lead out of the folder.
    const file = path.join(
      output,
      `${name.replaceAll(/[^\p{L}\p{N}_.-]/gu, '_').replace(/^\.+/, '_')}.${json ? 'json' : 'csv'}`,
    );
    if (json) await writeFile(file, `${JSON.stringify(await readTable(api, id, name))}\n`);
    else await saveCsv(api, id, name, file);
    files.push(file);
  }
  return files;
};

/** A case's data as the options ask: saved, one table, or the list of its identifiers under `heading`. */
export const showCase = async (
  api: Api,
  screen: Screen,
  shown: Case,
  options: CaseOptions,
  heading: { readonly text: string; readonly json: object },
): Promise<void> => {
  const known = shown.identifiers.map(({ name }) => name);
  const { identifier } = options;
  if (identifier !== undefined && !known.includes(identifier)) throw noSuchIdentifier(identifier, known);

  if (options.output !== undefined) {
    const files = await save(api, shown, identifier === undefined ? known : [identifier], options);
    return screen.result({ ...heading.json, files }, () =>
      [heading.text, `Wrote ${files.join(', ')}`].join('\n'),
    );
  }
  if (identifier !== undefined) {
    if (options.csv && !screen.json) return screen.raw(await (await csvOf(api, shown.id, identifier)).text());
    const found = await readTable(api, shown.id, identifier, screen.json ? Infinity : SHOWN_ROWS);
    return screen.result(found, () =>
      [
        table(found.columns, found.rows),
        ...(found.total > found.rows.length
          ? [`… ${found.rows.length} of ${found.total}; all of them with --csv`]
          : []),
      ].join('\n'),
    );
  }
  if (options.csv)
    throw new Failure(EXIT.usage, 'One table at a time as CSV, or all of them into a folder', {
      code: 'BadInput',
      field: 'csv',
      limit: '--identifier NAME or -o FOLDER',
    });
  const scalars = screen.json ? new Map<string, string>() : await readScalars(api, shown);
  screen.result({ ...heading.json, identifiers: shown.identifiers }, () =>
    [
      heading.text,
      table(
        ['identifier', 'index', 'type', 'tuples', 'size', 'value'],
        shown.identifiers.map((each) => [
          each.name,
          each.domain.join(', '),
          each.type,
          each.count,
          bytes(each.size),
          scalars.get(each.name),
        ]),
      ),
    ].join('\n\n'),
  );
};

const readScalars = async (api: Api, { id, identifiers }: Case): Promise<Map<string, string>> => {
  const scalars = identifiers
    .filter(({ domain, size }) => !domain.length && size < 1000)
    .slice(0, SHOWN_SCALARS);
  const values = await Promise.all(
    scalars.map(
      async ({ name }) => [name, cell((await readTable(api, id, name, 1)).rows[0]?.at(-1))] as const,
    ),
  );
  return new Map(values.map(([name, value]) => [name, value.slice(0, 60)]));
};
