import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What one has to know of what somebody keeps to remove it: what it is, and which schedule uses it. */
export class Removing implements MigrationInterface {
  readonly name = 'Removing0000000000024';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE upload_list ADD kind text COLLATE "C", ADD name text COLLATE "C", ADD created_at int8`,
    );
    await runner.query(`ALTER TABLE schedule_list ADD input text COLLATE "C"`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE schedule_list DROP input`);
    await runner.query(`ALTER TABLE upload_list DROP kind, DROP name, DROP created_at`);
  }
}
