import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which job another one repeats. */
export class RepeatedJobs implements MigrationInterface {
  readonly name = 'RepeatedJobs0000000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE job_list ADD repeats text COLLATE "C"`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE job_list DROP repeats`);
  }
}
