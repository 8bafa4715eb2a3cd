import { Injectable } from '@nestjs/common';
import { entityOf } from '@openpro/eventstore';
import type { User } from '@openpro/platform';
import DataLoader from 'dataloader';
import { DataSource, In } from 'typeorm';
import { signInList, type SignInRow } from './sign-in.projection.js';
import { userList, type UserRow } from './user-list.projection.js';

const toUser = ({ id, name, environment, roles }: UserRow): User => ({
  id,
  name,
  environment,
  roles: [...roles],
});

@Injectable()
export class IdentityQueries {
  /** Collects the keys of one tick into one query; keeps nothing. */
  private readonly users = new DataLoader<string, User | null>(
    async (ids) => {
      const rows = await this.db.getRepository(entityOf(userList)).findBy({ id: In([...ids]) });
      const byId = new Map(rows.map((row) => [row.id, toUser(row)]));
      return ids.map((id) => byId.get(id) ?? null);
    },
    { cache: false },
  );

  constructor(private readonly db: DataSource) {}

  /** The user; one who is gone keeps his id as name. */
  async user(id: string): Promise<User> {
    return (await this.users.load(id)) ?? { id, name: id, environment: '', roles: [] };
  }

  signIn(tokenHash: string): Promise<SignInRow | null> {
    return this.db.getRepository(entityOf(signInList)).findOneBy({ token_hash: tokenHash });
  }
}
