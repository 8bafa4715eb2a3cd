import { errorText } from './answers.js';
import { reader } from './api.js';
import {
  CaseTableDocument,
  SessionTablesDocument,
  type TableFieldsFragment,
  type WindowInput,
} from './generated/graphql.js';
import { tableSource } from './table-source.js';

/** The server takes 100. */
const WINDOWS_AT_ONCE = 50;

/** The tables of a session's data: windows that are asked for in one turn come in one request. */
export const sessionTables = (id: string) => {
  interface Asked extends WindowInput {
    resolve(table: TableFieldsFragment): void;
    reject(error: Error): void;
  }
  let asked: Asked[] = [];

  const ask = async (batch: readonly Asked[]): Promise<void> => {
    const of = batch.map(({ identifier, offset, limit }) => ({ identifier, offset, limit }));
    const { data, error } = await reader.query(SessionTablesDocument, { id, of }).toPromise();
    const tables = data?.session?.windows;
    batch.forEach(({ resolve, reject }, index) => {
      const table = tables?.[index];
      if (table) resolve(table);
      else reject(new Error(error ? errorText(error) : 'The session is not ready, or has ended'));
    });
  };

  const askAll = (): void => {
    const all = asked;
    asked = [];
    for (let start = 0; start < all.length; start += WINDOWS_AT_ONCE)
      void ask(all.slice(start, start + WINDOWS_AT_ONCE));
  };

  return (identifier: string) =>
    tableSource(
      (offset, limit) =>
        new Promise<TableFieldsFragment>((resolve, reject) => {
          if (asked.length === 0) setTimeout(askAll);
          asked.push({ identifier, offset, limit, resolve, reject });
        }),
    );
};

/** A table of a case, which never changes. */
export const caseTable = (id: string, identifier: string) =>
  tableSource(async (offset, limit) => {
    const { data, error } = await reader
      .query(CaseTableDocument, { id, identifier, offset, limit })
      .toPromise();
    if (error) throw new Error(errorText(error));
    const table = data?.case?.table;
    if (!table) throw new Error(`The case has no data of ${identifier}`);
    return table;
  });
