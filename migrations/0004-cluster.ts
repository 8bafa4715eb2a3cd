import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Not events, because they change every second: who leads and until when by the database's clock (one row; see
 * libs/cluster/src/lease.ts), and a counter for each life of a server (see heartbeat.ts).
 */
export class ClusterTables implements MigrationInterface {
  readonly name = 'ClusterTables0000000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE lease (
        name text PRIMARY KEY,
        holder text NOT NULL,
        epoch bigint NOT NULL,
        beat bigint NOT NULL,
        expires timestamptz NOT NULL
      ) WITH (fillfactor = 10)`); // room on the page: the row changes every second
    await runner.query(`INSERT INTO lease VALUES ('leader', '', 0, 0, '-infinity')`);
    await runner.query(`
      CREATE TABLE node_beat (
        node text PRIMARY KEY,
        epoch int NOT NULL,
        beat bigint NOT NULL
      ) WITH (fillfactor = 10)`);
    await runner.query(`GRANT SELECT, UPDATE ON lease TO openpro_app`);
    await runner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON node_beat TO openpro_app`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE node_beat, lease`);
  }
}
