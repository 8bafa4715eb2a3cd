import type { KeyObject } from 'node:crypto';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { keyId, publicKeyFromPem } from '@openpro/engine';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
  metaOf,
  type MutationHideAppArgs,
  type MutationMoveLatestArgs,
  type MutationPublishAppArgs,
  type MutationPublishEngineArgs,
  type MutationRetireEngineArgs,
  type MutationRevokeKeyArgs,
  type MutationTrustKeyArgs,
  Needs,
  pageRequest,
  type QueryAppsArgs,
  type QueryEngineArgs,
  type QueryEnginesArgs,
} from '@openpro/platform';
import { appList } from './app-list.projection.js';
import { appVersion } from './app-version.projection.js';
import { ForApp, ForEngine, ForPublisher } from './catalogue.commands.js';
import { CatalogueQueries } from './catalogue.queries.js';
import { engineList } from './engine-list.projection.js';
import { publisherList } from './publisher-list.projection.js';
import { Publishing } from './publishing.js';

@Resolver()
export class CatalogueResolver {
  constructor(
    private readonly queries: CatalogueQueries,
    private readonly publishing: Publishing,
    private readonly commands: Commands,
  ) {}

  @Query()
  @Needs('user', 'auditor', 'app-publisher', 'engine-publisher')
  engines(@Args() { first, after, includeRetired }: QueryEnginesArgs) {
    return this.queries.engines(pageRequest(first ?? 50, after, 'time', 'text'), includeRetired ?? false);
  }

  @Query()
  @Needs('user', 'auditor', 'app-publisher', 'engine-publisher')
  engine(@Args() { name, version }: QueryEngineArgs) {
    return this.queries.engine(name, version);
  }

  @Query()
  @Needs('user', 'auditor', 'app-publisher')
  apps(@Context('actor') actor: Actor, @Args() { first, after, search }: QueryAppsArgs) {
    return this.queries.apps(actor, pageRequest(first ?? 50, after, 'text'), search ?? null);
  }

  @Query()
  @Needs('user', 'auditor', 'app-publisher')
  app(@Context('actor') actor: Actor, @Args('name') name: string) {
    return this.queries.app(actor, name);
  }

  @Query()
  @Needs('administrator', 'auditor')
  publisherKeys() {
    return this.queries.keys();
  }

  @Mutation()
  @Needs('engine-publisher')
  async publishEngine(
    @Context('actor') actor: Actor,
    @Args() { upload, commandId }: MutationPublishEngineArgs,
  ) {
    return answer('Engine', await this.publishing.engine(actor, upload, commandId));
  }

  @Mutation()
  @Needs('engine-publisher')
  async retireEngine(
    @Context('actor') actor: Actor,
    @Args() { name, version, commandId }: MutationRetireEngineArgs,
  ) {
    const meta = metaOf(actor, commandId);
    return answer(
      'Engine',
      await this.commands.change(
        isRefusal(meta) ? meta : new ForEngine(`${name}:${version}`, { type: 'RetireEngine' }, meta),
        engineList.name,
        () => this.queries.engine(name, version),
      ),
    );
  }

  @Mutation()
  @Needs('app-publisher')
  async publishApp(@Context('actor') actor: Actor, @Args() { upload, commandId }: MutationPublishAppArgs) {
    return answer('AppVersion', await this.publishing.app(actor, upload, commandId));
  }

  @Mutation()
  @Needs('app-publisher')
  hideApp(@Context('actor') actor: Actor, @Args() { name, version, hidden, commandId }: MutationHideAppArgs) {
    return this.changeApp(actor, name, version, hidden ? 'HideApp' : 'ShowApp', commandId);
  }

  @Mutation()
  @Needs('app-publisher')
  moveLatest(@Context('actor') actor: Actor, @Args() { name, version, commandId }: MutationMoveLatestArgs) {
    return this.changeApp(actor, name, version, 'MoveLatest', commandId);
  }

  @Mutation()
  @Needs('administrator')
  async trustKey(
    @Context('actor') actor: Actor,
    @Args() { publicKey, name, commandId }: MutationTrustKeyArgs,
  ) {
    const meta = metaOf(actor, commandId);
    const key = signingKey(publicKey);
    if (isRefusal(key)) return answer('PublisherKey', key);
    const id = keyId(key);
    return answer(
      'PublisherKey',
      await this.commands.change(
        isRefusal(meta) ? meta : new ForPublisher(id, { type: 'TrustKey', publicKey, name }, meta),
        publisherList.name,
        () => this.queries.key(id),
      ),
    );
  }

  @Mutation()
  @Needs('administrator')
  async revokeKey(@Context('actor') actor: Actor, @Args() { id, commandId }: MutationRevokeKeyArgs) {
    const meta = metaOf(actor, commandId);
    return answer(
      'PublisherKey',
      await this.commands.change(
        isRefusal(meta) ? meta : new ForPublisher(id, { type: 'RevokeKey' }, meta),
        publisherList.name,
        () => this.queries.key(id),
      ),
    );
  }

  private async changeApp(
    actor: Actor,
    name: string,
    version: string,
    type: 'HideApp' | 'ShowApp' | 'MoveLatest',
    commandId: string,
  ) {
    const meta = metaOf(actor, commandId);
    const id = `${actor.environment}:${name.toLowerCase()}`;
    return answer(
      'AppVersion',
      await this.commands.change(
        isRefusal(meta) ? meta : new ForApp(id, { type, version }, meta),
        [appVersion.name, appList.name], // a version knows whether it is the latest
        () => this.queries.version(actor.environment, name, version),
      ),
    );
  }
}

/** What the caller says is a public key: parsed here, so that nothing else is ever stored or trusted. */
const signingKey = (pem: string): KeyObject | Refusal => {
  try {
    return publicKeyFromPem(pem, 'signing');
  } catch {
    return refuse('BadInput', 'publicKey is not an Ed25519 public key in PEM form', {
      field: 'publicKey',
      limit: 'an Ed25519 public key, PEM',
    });
  }
};
