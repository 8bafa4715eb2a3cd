import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Batches, and of which one a job is. */
export class Batches implements MigrationInterface {
  readonly name = 'Batches0000000000013';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE job_list ADD batch text COLLATE "C", ADD scenario int4, ADD round int4`);
    // The job that stands for each scenario is the one of its last round.
    await runner.query(`CREATE INDEX ON job_list (batch, scenario, round DESC) WHERE batch IS NOT NULL`);
    await runner.query(`
      CREATE TABLE batch_list (
        id text COLLATE "C" PRIMARY KEY,
        environment text COLLATE "C" NOT NULL,
        owner text COLLATE "C" NOT NULL,
        app text COLLATE "C" NOT NULL,
        version text COLLATE "C" NOT NULL,
        procedure text COLLATE "C" NOT NULL,
        description text COLLATE "C" NOT NULL,
        priority int4 NOT NULL,
        axes jsonb,
        count int4 NOT NULL,
        submitted_at int8 NOT NULL,
        created int4 NOT NULL,
        ended jsonb NOT NULL,
        retries int4 NOT NULL,
        cancelled_at int8,
        cancelled_by text COLLATE "C",
        cancel_reason text COLLATE "C"
      ) WITH (fillfactor = 50)`); // room on the page: a row changes with every job of its batch
    await runner.query(`CREATE INDEX ON batch_list (environment, submitted_at DESC, id DESC)`);
    await runner.query(`CREATE INDEX ON batch_list (environment, owner, submitted_at DESC, id DESC)`);
    await runner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON batch_list TO openpro_app`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE batch_list`);
    await runner.query(`ALTER TABLE job_list DROP batch, DROP scenario, DROP round`);
  }
}
