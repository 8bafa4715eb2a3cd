import { errorText } from './answers.js';
import { reader } from './api.js';
import { CaseTableDocument, SessionTableDocument } from './generated/graphql.js';
import { tableSource } from './table-source.js';

/** A table of a session's data. */
export const sessionTable = (id: string, identifier: string) =>
  tableSource(async (offset, limit) => {
    const { data, error } = await reader
      .query(SessionTableDocument, { id, identifier, offset, limit })
      .toPromise();
    if (error) throw new Error(errorText(error));
    const table = data?.session?.data;
    if (!table) throw new Error('The session is not ready, or has ended');
    return table;
  });

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
