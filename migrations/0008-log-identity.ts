import type { MigrationInterface, QueryRunner } from 'typeorm';

/** From which log the read model beside it was made: the kind of its store, and the id of its first event. */
export class LogIdentity implements MigrationInterface {
  readonly name = 'LogIdentity0000000000008';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE read_model_log (
        id int PRIMARY KEY DEFAULT 1 CHECK (id = 1),
        store text NOT NULL,
        log text NOT NULL
      )`);
    await runner.query(`GRANT SELECT, INSERT, UPDATE ON read_model_log TO openpro_app`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE read_model_log`);
  }
}
