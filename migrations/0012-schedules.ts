import type { MigrationInterface, QueryRunner } from 'typeorm';

const COLUMNS = `
  id text PRIMARY KEY,
  environment text NOT NULL,
  owner text NOT NULL,
  name text NOT NULL,
  app text NOT NULL,
  version text NOT NULL,
  procedure text NOT NULL,
  description text NOT NULL,
  priority int4 NOT NULL,
  time_limit float8,
  runs_when jsonb NOT NULL,
  overlap text NOT NULL,
  missed text NOT NULL,
  at_most int4 NOT NULL,
  asked_at int8 NOT NULL,
  made_at int8 NOT NULL,
  paused text,
  next int8,
  last_job text,
  skipped text,
  stream_version int4 NOT NULL`;

/** Jobs at certain times, and which of them a job is a run of. */
export class Schedules implements MigrationInterface {
  readonly name = 'Schedules0000000000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE schedule_list (${COLUMNS.replaceAll(' text', ' text COLLATE "C"')})`);
    await runner.query(`CREATE INDEX ON schedule_list (environment, made_at DESC, id DESC)`);
    await runner.query(`CREATE INDEX ON schedule_list (environment, owner, made_at DESC, id DESC)`);
    await runner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON schedule_list TO openpro_app`);
    await runner.query(`ALTER TABLE job_list ADD schedule text COLLATE "C"`);
    await runner.query(
      `CREATE INDEX ON job_list (schedule, queued_at DESC, id DESC) WHERE schedule IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE job_list DROP schedule`);
    await runner.query(`DROP TABLE schedule_list`);
  }
}
