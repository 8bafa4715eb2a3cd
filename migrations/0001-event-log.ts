import type { MigrationInterface, QueryRunner } from 'typeorm';

export class EventLog implements MigrationInterface {
  readonly name = 'EventLog0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$ BEGIN
        CREATE ROLE openpro_app LOGIN;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- roles belong to the server, not to one database
      END $$`);
    await runner.query(`
      DO $$ BEGIN
        IF NOT pg_has_role('openpro_app', 'MEMBER') THEN
          EXECUTE format('GRANT openpro_app TO %I', current_user); -- so that one login can migrate and, as openpro_app, run
        END IF;
      END $$`);
  }

  async down(): Promise<void> {
    return Promise.reject(new Error('The log is never removed'));
  }
}
