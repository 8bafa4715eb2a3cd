import type { Projection } from '@openpro/eventstore';
import type { JobEvent } from '@openpro/jobs';
import { idOf } from '@openpro/kernel';
import type { CaseEvent } from './case.js';

export interface CaseRow {
  /** The case's id; `<job>:input` and `<job>:result` for the cases of a job. */
  readonly id: string;
  readonly environment: string;
  readonly kind: 'saved' | 'input' | 'result';
  readonly name: string;
  readonly app: string;
  readonly version: string;
  readonly owner: string;
  readonly job: string | null;
  readonly digest: string;
  readonly created_at: number;
}

type On = CaseEvent | Extract<JobEvent, { type: 'JobQueued' | 'JobCompleted' }>;

export const caseList: Projection<CaseRow, On> = {
  name: 'case_list',
  version: 1,
  columns: {
    id: 'text',
    environment: 'text',
    kind: 'text',
    name: 'text',
    app: 'text',
    version: 'text',
    owner: 'text',
    job: 'text',
    digest: 'text',
    created_at: 'int8',
  },
  key: 'id',
  on: ['CaseSaved', 'CaseRemoved', 'JobQueued', 'JobCompleted'],

  keyOf({ stream, event }) {
    const id = idOf(stream);
    switch (event.type) {
      case 'CaseSaved':
      case 'CaseRemoved':
        return id;
      case 'JobQueued':
        return event.input === null ? undefined : `${id}:input`;
      case 'JobCompleted':
        return event.result === null ? undefined : `${id}:result`;
    }
  },

  evolve(row, { stream, at, event }) {
    const id = idOf(stream);
    switch (event.type) {
      case 'CaseSaved': {
        const { environment, name, app, version, owner, digest } = event;
        return {
          id,
          environment,
          kind: 'saved',
          name,
          app,
          version,
          owner,
          job: null,
          digest,
          created_at: at,
        };
      }
      case 'CaseRemoved':
        return undefined;
      case 'JobQueued':
        if (event.input === null) return row;
        return {
          id: `${id}:input`,
          environment: event.environment,
          kind: 'input',
          name: event.description || event.procedure,
          app: event.app.name,
          version: event.app.version,
          owner: event.owner,
          job: id,
          digest: event.input,
          created_at: at,
        };
      case 'JobCompleted':
        if (event.result === null) return row;
        return {
          id: `${id}:result`,
          environment: event.of.environment,
          kind: 'result',
          name: event.of.title,
          app: event.of.app,
          version: event.of.version,
          owner: event.of.owner,
          job: id,
          digest: event.result,
          created_at: at,
        };
    }
  },
};
