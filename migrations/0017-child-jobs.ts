import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which job has submitted another one. */
export class ChildJobs implements MigrationInterface {
  readonly name = 'ChildJobs0000000000017';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE job_list ADD parent text COLLATE "C", ADD depth int4`);
    await runner.query(`CREATE INDEX ON job_list (parent, queued_at DESC, id DESC) WHERE parent IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE job_list DROP parent, DROP depth`);
  }
}
