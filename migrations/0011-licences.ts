import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Licences, who holds their seats and who waits for one, and what a session needs. */
export class Licences implements MigrationInterface {
  readonly name = 'Licences0000000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE licence_list (
        id text COLLATE "C" PRIMARY KEY,
        environment text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL,
        title text COLLATE "C" NOT NULL,
        data_seats int4 NOT NULL,
        optimization_seats int4 NOT NULL,
        hold_s int4 NOT NULL,
        lease_s int4 NOT NULL,
        users jsonb NOT NULL,
        reason text COLLATE "C" NOT NULL,
        defined_at int8 NOT NULL,
        defined_by text COLLATE "C" NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE licence_use (
        id text COLLATE "C" PRIMARY KEY,
        licence text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL,
        owner text COLLATE "C" NOT NULL,
        device text COLLATE "C" NOT NULL,
        state text COLLATE "C" NOT NULL,
        turn int8 NOT NULL,
        since int8 NOT NULL
      )`);
    await runner.query('GRANT SELECT, INSERT, UPDATE, DELETE ON licence_list, licence_use TO openpro_app');
    await runner.query('CREATE INDEX licence_use_of ON licence_use (licence, state, turn)');
    await runner.query('ALTER TABLE session_list ADD licence text COLLATE "C"');
    await runner.query('ALTER TABLE job_list ADD licence text COLLATE "C"');
    // How long a seat is used, for who waits to know when his turn may come.
    await runner.query(
      'CREATE INDEX session_list_licence ON session_list (environment, licence, ended_at) WHERE licence IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE job_list DROP licence');
    await runner.query('ALTER TABLE session_list DROP licence');
    await runner.query('DROP TABLE licence_use, licence_list');
  }
}
