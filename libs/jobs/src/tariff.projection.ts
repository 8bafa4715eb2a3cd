import type { Projection } from '@openpro/eventstore';
import type { Tariff, TariffEvent } from './tariff.js';

/** A version of the tariff: it holds for what ends from `set_at` on until the next one. */
export interface TariffRow {
  /** The version as text. */
  readonly id: string;
  readonly version: number;
  readonly tariff: Tariff;
  readonly reason: string;
  readonly set_at: number;
  readonly set_by: string;
}

export const tariffList: Projection<TariffRow, TariffEvent> = {
  name: 'tariff',
  version: 1,
  columns: {
    id: 'text',
    version: 'int4',
    tariff: 'jsonb',
    reason: 'text',
    set_at: 'int8',
    set_by: 'text',
  },
  key: 'id',
  on: ['TariffSet'],
  keyOf: ({ version }) => String(version),
  evolve: (_row, { version, at, actor, event: { tariff, reason } }) => ({
    id: String(version),
    version,
    tariff,
    reason,
    set_at: at,
    set_by: actor,
  }),
};
