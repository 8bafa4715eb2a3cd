import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Appends of a leader, in whose batch others may have a share. Behind the lock of the head row nobody else appends, so
 * what a former leader still has on its way cannot reach the log after the next one's election. `first_position` is NULL
 * when somebody else has taken the lease: then nothing was written.
 */
export class LeaderFence implements MigrationInterface {
  readonly name = 'LeaderFence0000000000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION append_as_leader(
        streams text, expected int[], counts int[], bodies text, leader_epoch bigint,
        OUT first_position bigint, OUT at bigint, OUT conflicts int[]
      ) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
      BEGIN
        PERFORM 1 FROM event_log_head FOR UPDATE;
        IF EXISTS (SELECT FROM lease l WHERE l.name = 'leader' AND l.epoch > leader_epoch) THEN RETURN; END IF;
        SELECT a.first_position, a.at, a.conflicts INTO first_position, at, conflicts
          FROM append_events(streams, expected, counts, bodies) a;
      END $$`);
    await runner.query(`REVOKE ALL ON FUNCTION append_as_leader FROM PUBLIC`);
    await runner.query(`GRANT EXECUTE ON FUNCTION append_as_leader TO openpro_app`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION append_as_leader`);
  }
}
