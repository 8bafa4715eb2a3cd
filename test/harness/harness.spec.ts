import { expect, it } from '@jest/globals';
import pg from 'pg';
import { freshDatabase } from './database.js';

const query = async (url: string, sql: string) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

it('gives every caller a migrated database of its own, with the rights of the program', async () => {
  const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
  expect(one.ownerUrl).not.toBe(two.ownerUrl);
  expect(await query(one.appUrl, 'SELECT current_user')).toEqual([{ current_user: 'openpro_app' }]);
  expect(await query(two.ownerUrl, 'SELECT count(*)::int > 0 AS migrated FROM migrations')).toEqual([
    { migrated: true },
  ]);
  await Promise.all([one.drop(), two.drop()]);
  await expect(query(one.ownerUrl, 'SELECT 1')).rejects.toThrow('does not exist');
});
