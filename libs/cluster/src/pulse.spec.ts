import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { START } from '@openpro/eventstore';
import { DataSource } from 'typeorm';
import { type FreshDatabase, freshDatabase } from '../../../test/harness/database.js';
import { PulseQueries } from './pulse.queries.js';

let database: FreshDatabase;
let db: DataSource;
beforeAll(async () => {
  database = await freshDatabase();
  db = await new DataSource({ type: 'postgres', url: database.appUrl }).initialize();
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

it('is leadership and the own heartbeat as the database has them', async () => {
  const queries = new PulseQueries(db, { id: 'n', epoch: 2, name: 'n', joinedAt: START });
  const lead = (holder: string, interval: string) =>
    db.query('UPDATE lease SET holder = $1, epoch = 7, expires = clock_timestamp() + $2::interval', [
      holder,
      interval,
    ]);
  const beat = (node: string, epoch: number) =>
    db.query(
      'INSERT INTO node_beat VALUES ($1, $2, 1) ON CONFLICT (node) DO UPDATE SET beat = node_beat.beat + 1',
      [node, epoch],
    );
  expect(await queries.pulse()).toMatchObject({ epoch: null, leads: false });
  await lead('n', '1 hour');
  expect(await queries.pulse()).toMatchObject({ epoch: 7, leads: true });
  await lead('m', '1 hour');
  expect(await queries.pulse()).toMatchObject({ epoch: 7, leads: false });
  await lead('n', '-1 second');
  expect(await queries.pulse()).toMatchObject({ epoch: null, leads: false });

  await beat('n', 2);
  expect((await queries.pulse()).beatAgeMs).toBe(0); // it has moved since the last look
  const { beatAgeMs } = await queries.pulse();
  expect(beatAgeMs).toBeGreaterThan(0); // the same as before
  await beat('m', 2);
  expect((await queries.pulse()).beatAgeMs).toBeGreaterThan(beatAgeMs); // another server's beat
  await beat('n', 2);
  expect((await queries.pulse()).beatAgeMs).toBe(0);
});
