import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who leads the cluster, until when by the database's clock. One row; see libs/cluster/src/lease.ts. */
export class LeaseTable implements MigrationInterface {
  readonly name = 'LeaseTable0000000000004';

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
    await runner.query(`GRANT SELECT, UPDATE ON lease TO openpro_app`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE lease`);
  }
}
