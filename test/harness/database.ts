import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { asApp, withDatabase } from '../../libs/platform/src/database.js';

export interface FreshDatabase {
  readonly ownerUrl: string;
  /** With the rights of the running program. */
  readonly appUrl: string;
  drop(): Promise<void>;
}

const openDoor = async (): Promise<string> => {
  const door = process.env['OPENPRO_TEST_DOOR'];
  if (!door) throw new Error('Run tests by npm test or npx jest: the global setup starts PostgreSQL');
  const answer = JSON.parse(await text(net.connect(door))) as { template: string } | { error: string };
  if ('error' in answer) throw new Error(`PostgreSQL for tests did not start: ${answer.error}`);
  return answer.template;
};

const asOwner = async (url: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

/** A migrated, empty database of its own for one test or suite; the first one of a run starts PostgreSQL. */
export const freshDatabase = async (): Promise<FreshDatabase> => {
  const template = await openDoor();
  const templateName = new URL(template).pathname.slice(1);
  const name = `${templateName}_${randomBytes(5).toString('hex')}`;
  const serverUrl = withDatabase(template, 'postgres');
  await asOwner(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${templateName}`);
  const ownerUrl = withDatabase(template, name);
  return {
    ownerUrl,
    appUrl: asApp(ownerUrl),
    // A pool's end() answers before its connections are closed. PostgreSQL waits for those; what a test has left is cut.
    drop: () =>
      asOwner(serverUrl, `DROP DATABASE IF EXISTS ${name}`).catch(() =>
        asOwner(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
      ),
  };
};
