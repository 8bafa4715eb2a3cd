import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { LicenceEvent } from './licence.js';

export interface LicenceRow {
  /** `environment:name` */
  readonly id: string;
  readonly environment: string;
  readonly name: string;
  readonly title: string;
  readonly data_seats: number;
  readonly optimization_seats: number;
  readonly hold_s: number;
  readonly lease_s: number;
  /** Ids; empty = everybody. */
  readonly users: readonly string[];
  readonly reason: string;
  /** How often it was defined. */
  readonly version: number;
  readonly defined_at: number;
  readonly defined_by: string;
}

type On = Extract<LicenceEvent, { type: 'LicenceDefined' }>;

/** What administrators have decided last. */
export const licenceList: Projection<LicenceRow, On> = {
  name: 'licence_list',
  version: 2,
  columns: {
    id: 'text',
    environment: 'text',
    name: 'text',
    title: 'text',
    data_seats: 'int4',
    optimization_seats: 'int4',
    hold_s: 'int4',
    lease_s: 'int4',
    users: 'jsonb',
    reason: 'text',
    version: 'int4',
    defined_at: 'int8',
    defined_by: 'text',
  },
  key: 'id',
  on: ['LicenceDefined'],
  keyOf: ({ stream }) => idOf(stream),
  evolve: (before, { stream, at, actor, event }) => ({
    id: idOf(stream),
    environment: event.environment,
    name: event.name,
    title: event.title,
    data_seats: event.dataSeats,
    optimization_seats: event.optimizationSeats,
    hold_s: event.holdS,
    lease_s: event.leaseS,
    users: event.users,
    reason: event.reason,
    version: (before?.version ?? 0) + 1,
    defined_at: at,
    defined_by: actor,
  }),
};
