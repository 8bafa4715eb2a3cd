import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who has stopped a job and why, and after which other one it was made. */
export class StoppedAndClonedJobs implements MigrationInterface {
  readonly name = 'StoppedAndClonedJobs0000000000016';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE job_list
        ADD clones text COLLATE "C",
        ADD stopped_by text COLLATE "C",
        ADD stop_reason text COLLATE "C"`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE job_list DROP clones, DROP stopped_by, DROP stop_reason`);
  }
}
