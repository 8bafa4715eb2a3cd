import { type Aggregate, CommandHandler, PostgresEventStore } from '@openpro/eventstore';
import { user } from '@openpro/identity';
import { type DomainEvent, type Role, uuidv7 } from '@openpro/kernel';
import { hashSecret, newSecret } from '@openpro/platform';
import { appPool } from '@openpro/platform/postgres';
import path from 'node:path';
import type pg from 'pg';
import type { Api, Platform } from './platform.js';

export const databaseUrl = ({ dataDir }: Platform, login: 'openpro_owner' | 'openpro_app'): string => {
  const host = encodeURIComponent(path.join(dataDir, 'postgres/socket'));
  return `postgres://${login}@localhost:5432/openpro?host=${host}`;
};

/**
 * Other people than the administrator. No screen makes them yet: the platform's own rules do, on its own log, as
 * another server of the cluster would.
 */
export class People {
  private readonly pool: pg.Pool;
  private readonly store: PostgresEventStore;
  private readonly handler: CommandHandler;

  constructor(private readonly platform: Platform) {
    this.pool = appPool(databaseUrl(platform, 'openpro_app'), { max: 2 });
    this.store = new PostgresEventStore(this.pool);
    this.handler = new CommandHandler(this.store);
  }

  /** A new person, signed in. */
  async add(name: string, roles: readonly Role[], environment = 'ROOT'): Promise<Api & { userId: string }> {
    const id = uuidv7();
    const secret = newSecret();
    await this.tell(user, id, { type: 'CreateUser', environment, name, roles });
    await this.tell(user, id, {
      type: 'IssueSignInLink',
      linkHash: hashSecret(secret),
      expiresAt: Date.now() + 60_000,
    });
    const api = await this.platform.signIn(`${this.platform.url}/sign-in#${id}.${secret}`);
    return Object.assign(api, { userId: id });
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.pool.end();
  }

  async tell<S, C, E extends DomainEvent>(of: Aggregate<S, C, E>, id: string, command: C): Promise<void> {
    const meta = { commandId: uuidv7(), actor: 'system', roles: [] };
    const outcome = await this.handler.execute(of, id, command, meta);
    if (outcome.is === 'refused') throw new Error(outcome.refusal.message);
  }
}
