import { Injectable } from '@nestjs/common';
import { entityOf, ReadSide } from '@openpro/eventstore';
import {
  type Actor,
  badInput,
  CachedRows,
  connection,
  type Group,
  type PageRequest,
  readPage,
  type User,
  Where,
} from '@openpro/platform';
import { DataSource } from 'typeorm';
import { signInList, type SignInRow } from './sign-in.projection.js';
import { userList, type UserRow } from './user-list.projection.js';

/** Every request asks who sends it. */
const REMEMBERED = 10_000;

const COLUMNS = ['id', 'name', 'environment', 'roles', 'groups'] as const;

const toUser = ({ id, name, environment, roles, groups }: Omit<UserRow, 'created_at'>): User => ({
  id,
  name,
  environment,
  roles: [...roles],
  groups: [...groups],
});

@Injectable()
export class IdentityQueries {
  private readonly known: CachedRows<UserRow>;

  constructor(
    private readonly db: DataSource,
    readSide: ReadSide,
  ) {
    this.known = new CachedRows(db, userList, readSide, REMEMBERED);
  }

  row(id: string): Promise<UserRow | null> {
    return this.known.row(id);
  }

  /** The user; one who is gone keeps his id as name. */
  user(id: string): User | Promise<User> {
    return this.known.view(id, (row) =>
      row ? toUser(row) : { id, name: id, environment: '', roles: [], groups: [] },
    );
  }

  /** Of the actor's environment, by name. */
  async users(actor: Actor, page: PageRequest, { search, group }: { search: string; group: string }) {
    for (const [field, text] of Object.entries({ search, group }))
      if (text.length > 100) throw badInput(field, `${field} is too long`, '100 characters');
    const where = new Where().and`environment = ${actor.environment}`;
    if (search) where.and`id = ${search} OR position(lower(${search}) IN lower(name)) > 0`;
    if (group) where.and`groups ? ${group} OR roles ? ${group}`;
    const list = { columns: COLUMNS, where, order: ['name', 'id'], direction: 'ASC', page } as const;
    const rows = await readPage(this.db, userList, list);
    return connection(rows, page.first, toUser, ({ name, id }) => [name, id]);
  }

  /** That users of the actor's environment are in, by name. */
  async groups(actor: Actor, { first, after }: PageRequest) {
    const rows = await this.db.query<Group[]>(
      `SELECT name, count(*)::int AS members
         FROM (SELECT jsonb_array_elements_text(groups) COLLATE "C" AS name FROM user_list
                WHERE environment = $1) AS one
        WHERE name > $2 GROUP BY name ORDER BY name LIMIT ${first + 1}`,
      [actor.environment, after?.[0] ?? ''],
    );
    return connection(
      rows,
      first,
      (row) => row,
      ({ name }) => [name],
    );
  }

  /** Those of these patterns, in which `*` stands for any characters, that fit no group of any user. */
  async withoutMembers(patterns: readonly string[]): Promise<readonly string[]> {
    if (patterns.length === 0) return [];
    const asLike = patterns.map((pattern) => pattern.replaceAll(/[\\%_]/g, '\\$&').replaceAll('*', '%'));
    const rows = await this.db.query<{ pattern: string }[]>(
      `WITH known AS MATERIALIZED (SELECT DISTINCT jsonb_array_elements_text(groups) AS name FROM user_list)
       SELECT pattern FROM unnest($1::text[], $2::text[]) AS asked (pattern, form)
        WHERE NOT EXISTS (SELECT 1 FROM known WHERE name LIKE form)`,
      [patterns, asLike],
    );
    return rows.map(({ pattern }) => pattern);
  }

  signIn(tokenHash: string): Promise<SignInRow | null> {
    return this.db.getRepository(entityOf(signInList)).findOneBy({ token_hash: tokenHash });
  }
}
