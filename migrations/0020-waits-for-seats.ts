import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long a session waited for its seat, and on which version of a licence a change is based. */
export class WaitsForSeats implements MigrationInterface {
  readonly name = 'WaitsForSeats0000000000020';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE session_list ADD seated_at int8');
    await runner.query('ALTER TABLE licence_use ADD waited_ms int8');
    await runner.query('ALTER TABLE licence_list ADD version int4');
    await runner.query('UPDATE licence_list SET version = 1'); // until the list is built anew
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE licence_list DROP version');
    await runner.query('ALTER TABLE licence_use DROP waited_ms');
    await runner.query('ALTER TABLE session_list DROP seated_at');
  }
}
