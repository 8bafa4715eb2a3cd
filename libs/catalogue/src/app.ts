import type { AppManifest } from '@openpro/engine';
import {
  type BadInput,
  checkDigest,
  checkJson,
  checkNumber,
  checkText,
  type Decider,
  refuse,
  type Refusal,
} from '@openpro/kernel';
import { checkName, checkVersion, MAX_MANIFEST_BYTES } from './names.js';

/** What a tile in the catalogue shows. */
interface Shown {
  readonly title: string;
  readonly description: string;
  readonly category: string;
}

/** The engine version that a version of an app was published on. */
export interface EngineRef {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

export interface PublishedApp extends Shown {
  readonly environment: string;
  readonly name: string;
  readonly version: string;
  readonly engine: EngineRef;
  /** SHA-256 of the package. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** The publisher's key. */
  readonly keyId: string;
  readonly manifest: AppManifest;
}

export type AppEvent =
  | ({ readonly type: 'AppPublished' } & PublishedApp)
  /** Repeats what the tile shows, so that the read model of apps is folded from this one event. */
  | ({
      readonly type: 'LatestTagMoved';
      readonly environment: string;
      readonly name: string;
      readonly version: string;
    } & Shown)
  | { readonly type: 'AppHidden'; readonly version: string }
  | { readonly type: 'AppShown'; readonly version: string };

export type AppCommand =
  | ({ readonly type: 'PublishApp' } & PublishedApp)
  | { readonly type: 'HideApp'; readonly version: string }
  | { readonly type: 'ShowApp'; readonly version: string }
  | { readonly type: 'MoveLatest'; readonly version: string };

export type AppRefusal =
  BadInput | Refusal<'VersionTaken' | 'NoSuchVersion' | 'VersionHidden' | 'LatestIsHidden'>;

interface Version extends Shown {
  readonly version: string;
  readonly digest: string;
  readonly hidden: boolean;
}

/** All versions of one app in one stream, so that a version is unique and `latest` moves in the same append. */
export type App =
  | { readonly is: 'new' }
  | {
      readonly is: 'published';
      readonly environment: string;
      readonly name: string;
      /** Never a hidden one. */
      readonly latest: string;
      /** Oldest first. */
      readonly versions: readonly Version[];
    };

const wrongIn = (app: PublishedApp): BadInput | undefined =>
  checkName('name', app.name) ??
  checkVersion('version', app.version) ??
  checkText('title', app.title, { max: 200 }) ??
  checkText('description', app.description, { min: 0, max: 5000, multiline: true }) ??
  checkText('category', app.category, { min: 0, max: 100 }) ??
  checkDigest('digest', app.digest) ??
  checkNumber('size', app.size, { min: 1, max: Number.MAX_SAFE_INTEGER, whole: true, unit: 'bytes' }) ??
  checkJson('manifest', app.manifest, MAX_MANIFEST_BYTES);

const latestMoved = (
  { environment, name }: { environment: string; name: string },
  { version, title, description, category }: Shown & { version: string },
): AppEvent => ({ type: 'LatestTagMoved', environment, name, version, title, description, category });

const publish = (
  command: AppCommand & { type: 'PublishApp' },
  app: App,
): readonly AppEvent[] | AppRefusal => {
  const same = app.is === 'published' && app.versions.find(({ version }) => version === command.version);
  if (same)
    return same.digest === command.digest
      ? []
      : refuse(
          'VersionTaken',
          `App ${command.name} has a version ${command.version} with other content already: give it a new version`,
        );
  return wrongIn(command) ?? [{ ...command, type: 'AppPublished' }, latestMoved(command, command)];
};

const decider: Decider<App, AppCommand, AppEvent, AppRefusal> = {
  initial: { is: 'new' },

  decide(command, app) {
    if (command.type === 'PublishApp') return publish(command, app);
    const found = app.is === 'published' && app.versions.find(({ version }) => version === command.version);
    if (!found) return refuse('NoSuchVersion', 'The app has no such version');
    const { version, hidden } = found;
    switch (command.type) {
      case 'HideApp': {
        if (hidden) return [];
        if (app.latest !== version) return [{ type: 'AppHidden', version }];
        const next = app.versions.findLast((other) => !other.hidden && other.version !== version);
        return next
          ? [{ type: 'AppHidden', version }, latestMoved(app, next)]
          : refuse(
              'LatestIsHidden',
              `${version} is the only version left to show: publish or show another one first`,
            );
      }
      case 'ShowApp':
        return hidden ? [{ type: 'AppShown', version }] : [];
      case 'MoveLatest':
        if (hidden) return refuse('VersionHidden', `Version ${version} is hidden: show it first`);
        return app.latest === version ? [] : [latestMoved(app, found)];
    }
  },

  evolve(app, event) {
    if (event.type === 'AppPublished') {
      const { environment, name, version, title, description, category, digest } = event;
      const earlier = app.is === 'published' ? app.versions : [];
      const versions = [...earlier, { version, title, description, category, digest, hidden: false }];
      return {
        is: 'published',
        environment,
        name,
        latest: app.is === 'published' ? app.latest : version,
        versions,
      };
    }
    if (app.is === 'new') return app;
    switch (event.type) {
      case 'LatestTagMoved':
        return { ...app, latest: event.version };
      case 'AppHidden':
      case 'AppShown': {
        const hidden = event.type === 'AppHidden';
        return {
          ...app,
          versions: app.versions.map((one) => (one.version === event.version ? { ...one, hidden } : one)),
        };
      }
    }
  },
};

export const app = { name: 'app', context: 'catalogue', decider } as const;
