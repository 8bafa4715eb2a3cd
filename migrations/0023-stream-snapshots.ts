import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What streams that never end have come to: a shortcut for who reads them, which may be emptied at any time. */
export class StreamSnapshots implements MigrationInterface {
  readonly name = 'StreamSnapshots0000000000023';

  async up(runner: QueryRunner): Promise<void> {
    // json, not jsonb: what comes back is what was kept, also in the order of its fields.
    await runner.query(`
      CREATE TABLE stream_snapshot (
        stream text COLLATE "C",
        shape int,
        version int NOT NULL,
        state json NOT NULL,
        commands json NOT NULL,
        PRIMARY KEY (stream, shape)
      )`);
    await runner.query(`GRANT SELECT, INSERT, UPDATE ON stream_snapshot TO openpro_app`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE stream_snapshot`);
  }
}
