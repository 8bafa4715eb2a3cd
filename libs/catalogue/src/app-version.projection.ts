import type { AppManifest } from '@openpro/engine';
import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { AppEvent } from './app.js';

export interface AppVersionRow {
  /** `environment:name:version` */
  readonly id: string;
  readonly environment: string;
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  readonly hidden: boolean;
  readonly engine_name: string;
  readonly engine_version: string;
  readonly engine_digest: string;
  readonly digest: string;
  readonly size: number;
  readonly manifest: AppManifest;
  readonly published_at: number;
  readonly published_by: string;
}

type On = Extract<AppEvent, { type: 'AppPublished' | 'AppHidden' | 'AppShown' }>;

export const appVersion: Projection<AppVersionRow, On> = {
  name: 'app_version',
  version: 1,
  columns: {
    id: 'text',
    environment: 'text',
    name: 'text',
    version: 'text',
    title: 'text',
    description: 'text',
    category: 'text',
    hidden: 'bool',
    engine_name: 'text',
    engine_version: 'text',
    engine_digest: 'text',
    digest: 'text',
    size: 'int8',
    manifest: 'jsonb',
    published_at: 'int8',
    published_by: 'text',
  },
  key: 'id',
  on: ['AppPublished', 'AppHidden', 'AppShown'],
  keyOf: ({ stream, event }) => `${idOf(stream)}:${event.version}`,
  evolve(row, { stream, at, actor, event }) {
    switch (event.type) {
      case 'AppPublished': {
        const { environment, name, version, title, description, category, engine, digest, size, manifest } =
          event;
        return {
          id: `${idOf(stream)}:${version}`,
          environment,
          name,
          version,
          title,
          description,
          category,
          hidden: false,
          engine_name: engine.name,
          engine_version: engine.version,
          engine_digest: engine.digest,
          digest,
          size,
          manifest,
          published_at: at,
          published_by: actor,
        };
      }
      case 'AppHidden':
        return row && { ...row, hidden: true };
      case 'AppShown':
        return row && { ...row, hidden: false };
    }
  },
};
