import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which jobs a job waits for, and the way back. */
export class Dependencies implements MigrationInterface {
  readonly name = 'Dependencies0000000000015';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE job_list ADD waits_for jsonb, ADD held bool`);
    await runner.query(
      `CREATE INDEX ON job_list USING gin (waits_for jsonb_path_ops) WHERE waits_for <> '[]'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE job_list DROP waits_for, DROP held`);
  }
}
