import type { EngineManifest } from '@openpro/engine';
import {
  checkDigest,
  checkJson,
  checkNumber,
  checkText,
  type Decider,
  refuse,
  type Refusal,
} from '@openpro/kernel';
import type { BadInput } from '@openpro/kernel';
import { checkName, checkVersion, MAX_MANIFEST_BYTES } from './names.js';

export interface PublishedEngine {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly vendor: string;
  readonly license: string;
  /** SHA-256 of the package. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** The publisher's key. */
  readonly keyId: string;
  readonly manifest: EngineManifest;
}

export type EngineEvent =
  ({ readonly type: 'EnginePublished' } & PublishedEngine) | { readonly type: 'EngineRetired' };
export type EngineCommand =
  ({ readonly type: 'PublishEngine' } & PublishedEngine) | { readonly type: 'RetireEngine' };
export type EngineRefusal = BadInput | Refusal<'VersionTaken' | 'NoSuchEngine'>;

/** The stream's id is `name:version`: the same version cannot be published twice. */
export type Engine =
  { readonly is: 'new' } | { readonly is: 'published' | 'retired'; readonly digest: string };

const wrongIn = (engine: PublishedEngine): BadInput | undefined =>
  checkName('name', engine.name) ??
  checkVersion('version', engine.version) ??
  checkText('title', engine.title, { max: 200 }) ??
  checkText('vendor', engine.vendor, { max: 200 }) ??
  checkText('license', engine.license, { max: 200 }) ??
  checkDigest('digest', engine.digest) ??
  checkNumber('size', engine.size, { min: 1, max: Number.MAX_SAFE_INTEGER, whole: true, unit: 'bytes' }) ??
  checkJson('manifest', engine.manifest, MAX_MANIFEST_BYTES);

const decider: Decider<Engine, EngineCommand, EngineEvent, EngineRefusal> = {
  initial: { is: 'new' },

  decide(command, engine) {
    switch (command.type) {
      case 'PublishEngine':
        if (engine.is === 'new') return wrongIn(command) ?? [{ ...command, type: 'EnginePublished' }];
        return engine.digest === command.digest
          ? []
          : refuse(
              'VersionTaken',
              `Engine ${command.name} has a version ${command.version} with other content already: give it a new version`,
            );
      case 'RetireEngine':
        if (engine.is === 'new') return refuse('NoSuchEngine', 'There is no such engine version');
        return engine.is === 'retired' ? [] : [{ type: 'EngineRetired' }];
    }
  },

  evolve(engine, event) {
    switch (event.type) {
      case 'EnginePublished':
        return { is: 'published', digest: event.digest };
      case 'EngineRetired':
        return engine.is === 'new' ? engine : { ...engine, is: 'retired' };
    }
  },
};

export const engine = { name: 'engine', context: 'catalogue', decider } as const;
