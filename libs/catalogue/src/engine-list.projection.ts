import type { EngineManifest } from '@openpro/engine';
import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { EngineEvent } from './engine.js';

export interface EngineRow {
  /** `name:version` */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly vendor: string;
  readonly license: string;
  readonly digest: string;
  readonly size: number;
  readonly manifest: EngineManifest;
  readonly published_at: number;
  readonly published_by: string;
  readonly retired: boolean;
}

export const engineList: Projection<EngineRow, EngineEvent> = {
  name: 'engine_list',
  version: 1,
  columns: {
    id: 'text',
    name: 'text',
    version: 'text',
    title: 'text',
    vendor: 'text',
    license: 'text',
    digest: 'text',
    size: 'int8',
    manifest: 'jsonb',
    published_at: 'int8',
    published_by: 'text',
    retired: 'bool',
  },
  key: 'id',
  on: ['EnginePublished', 'EngineRetired'],
  keyOf: ({ stream }) => idOf(stream),
  evolve(row, { stream, at, actor, event }) {
    switch (event.type) {
      case 'EnginePublished': {
        const { name, version, title, vendor, license, digest, size, manifest } = event;
        return {
          id: idOf(stream),
          name,
          version,
          title,
          vendor,
          license,
          digest,
          size,
          manifest,
          published_at: at,
          published_by: actor,
          retired: false,
        };
      }
      case 'EngineRetired':
        return row && { ...row, retired: true };
    }
  },
};
