import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose batches and schedules still have jobs to make, so that quotas count them. */
export class QuotaColumns implements MigrationInterface {
  readonly name = 'QuotaColumns0000000000018';

  async up(runner: QueryRunner): Promise<void> {
    // The rows stay readable until their new version has been built beside them.
    await runner.query(`
      ALTER TABLE batch_list
        ADD owner_name text COLLATE "C" NOT NULL DEFAULT '',
        ADD groups jsonb NOT NULL DEFAULT '[]',
        ADD over bool NOT NULL DEFAULT false`);
    await runner.query(`
      ALTER TABLE batch_list ALTER owner_name DROP DEFAULT, ALTER groups DROP DEFAULT, ALTER over DROP DEFAULT`);
    await runner.query(`
      ALTER TABLE schedule_list
        ADD groups jsonb NOT NULL DEFAULT '[]',
        ADD running jsonb NOT NULL DEFAULT '[]'`);
    await runner.query(`ALTER TABLE schedule_list ALTER groups DROP DEFAULT, ALTER running DROP DEFAULT`);
    await runner.query(`CREATE INDEX batch_list_open ON batch_list (owner) WHERE NOT over`);
    await runner.query(`CREATE INDEX schedule_list_running ON schedule_list (owner) WHERE running <> '[]'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE batch_list DROP owner_name, DROP groups, DROP over`);
    await runner.query(`ALTER TABLE schedule_list DROP groups, DROP running`);
  }
}
