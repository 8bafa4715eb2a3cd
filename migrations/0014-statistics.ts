import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What things cost, and the jobs of a period by their end. */
export class StatisticsTables implements MigrationInterface {
  readonly name = 'StatisticsTables0000000000014';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE tariff (
        id text COLLATE "C" PRIMARY KEY,
        version int4 NOT NULL,
        tariff jsonb NOT NULL,
        reason text COLLATE "C" NOT NULL,
        set_at int8 NOT NULL,
        set_by text COLLATE "C" NOT NULL
      )`);
    await runner.query(`CREATE INDEX ON tariff (version)`);
    await runner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON tariff TO openpro_app`);
    await runner.query(`CREATE INDEX ON job_list (environment, ended_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX job_list_environment_ended_at_idx`);
    await runner.query(`DROP TABLE tariff`);
  }
}
