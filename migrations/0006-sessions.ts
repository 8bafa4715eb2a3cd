import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The data that a session kept last: it can be opened again with it. */
export class SavedSessions implements MigrationInterface {
  readonly name = 'SavedSessions0000000000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE session_list ADD COLUMN saved text COLLATE "C", ADD COLUMN saved_at int8`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE session_list DROP COLUMN saved, DROP COLUMN saved_at');
  }
}
