import { Injectable } from '@nestjs/common';
import { entityOf, ReadSide } from '@openpro/eventstore';
import { CachedRows, type User } from '@openpro/platform';
import { DataSource } from 'typeorm';
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
  private readonly users: CachedRows<UserRow>;

  constructor(
    private readonly db: DataSource,
    readSide: ReadSide,
  ) {
    this.users = new CachedRows(db, userList, readSide);
  }

  /** The user; one who is gone keeps his id as name. */
  user(id: string): User | Promise<User> {
    return this.users.view(id, (row) => (row ? toUser(row) : { id, name: id, environment: '', roles: [] }));
  }

  signIn(tokenHash: string): Promise<SignInRow | null> {
    return this.db.getRepository(entityOf(signInList)).findOneBy({ token_hash: tokenHash });
  }
}
