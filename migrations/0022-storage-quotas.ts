import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What uploads and cases take of the storage. */
export class StorageQuotas implements MigrationInterface {
  readonly name = 'StorageQuotas0000000000022';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE upload_list (
        id text COLLATE "C" PRIMARY KEY,
        environment text COLLATE "C" NOT NULL,
        owner text COLLATE "C" NOT NULL,
        digest text COLLATE "C",
        bytes int8 NOT NULL,
        expires_at int8 NOT NULL
      )`);
    await runner.query(`CREATE INDEX ON upload_list (owner)`);
    await runner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON upload_list TO openpro_app`);
    // No part of the read model: what it says stands in the manifests of the cases.
    await runner.query(`CREATE TABLE case_size (digest text COLLATE "C" PRIMARY KEY, bytes int8 NOT NULL)`);
    await runner.query(`GRANT SELECT, INSERT ON case_size TO openpro_app`);
    await runner.query(`CREATE INDEX case_list_owner_digest ON case_list (owner, digest)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX case_list_owner_digest`);
    await runner.query(`DROP TABLE case_size`);
    await runner.query(`DROP TABLE upload_list`);
  }
}
