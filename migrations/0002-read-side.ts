import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Where every projection and process stands in the log, what processes remember, wait for and want done.
 *
 * `revision` changes with every write of a consumer. Its statement says which one it has seen, so of two
 * runners at once one writes and the other reads again. Random and not counted: after a crash of the
 * database a count would come back, and with it a stale runner's permission.
 */
export class ReadSideTables implements MigrationInterface {
  readonly name = 'ReadSideTables0000000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE checkpoint (
        name text PRIMARY KEY,
        position text COLLATE "C" NOT NULL DEFAULT '',
        revision uuid NOT NULL DEFAULT gen_random_uuid(),
        silent_until text COLLATE "C" NOT NULL DEFAULT '',
        paused_position text COLLATE "C",
        paused_at bigint,
        paused_reason text,
        paused_error text
      ) WITH (fillfactor = 50)`); // room on the page: these rows change with every batch
    await runner.query(`
      CREATE TABLE process_state (
        process text NOT NULL,
        key text NOT NULL,
        state jsonb NOT NULL,
        PRIMARY KEY (process, key)
      )`);
    await runner.query(`
      CREATE TABLE process_timer (
        process text NOT NULL,
        key text NOT NULL,
        timer text NOT NULL,
        due bigint NOT NULL,
        correlation text NOT NULL,
        causation text NOT NULL,
        PRIMARY KEY (process, key, timer)
      )`);
    await runner.query(`CREATE INDEX process_timer_due ON process_timer (process, due)`);
    await runner.query(`
      CREATE TABLE outbox (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        process text NOT NULL,
        key text NOT NULL,
        command_id uuid NOT NULL,
        target text NOT NULL,
        target_id text NOT NULL,
        command jsonb NOT NULL,
        correlation text NOT NULL,
        causation text NOT NULL
      )`);
    await runner.query(`CREATE INDEX outbox_process ON outbox (process, seq)`);
    await runner.query(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON checkpoint, process_state, process_timer, outbox TO openpro_app`,
    );
    // Tables under construction live in a schema of their own: the only place where the program creates any.
    await runner.query(`CREATE SCHEMA rebuild`);
    await runner.query(`GRANT USAGE, CREATE ON SCHEMA rebuild TO openpro_app`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP SCHEMA rebuild CASCADE`);
    await runner.query(`DROP TABLE outbox, process_timer, process_state, checkpoint`);
  }
}
