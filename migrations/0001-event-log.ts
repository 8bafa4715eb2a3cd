import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The log of all streams. The running program (role `openpro_app`) can read it and call `append_events`,
 * nothing else: no row is ever changed, removed or added past the function.
 *
 * The head row is the queue at the door: who holds its lock numbers his events, so positions are contiguous
 * and an event is never visible before one with a lower position. (A sequence hands out numbers before
 * commit, and a reader at the end of the log then misses the late one.)
 *
 * `hash` of an event = SHA-256 of the previous event's hash (32 zero bytes before the first) followed by the UTF-8
 * text of position, stream, version, at and body, separated by line feeds. No stream and no body contains one.
 */
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
    await runner.query(`
      CREATE TABLE event_log (
        position bigint PRIMARY KEY,
        stream text COLLATE "C" NOT NULL,
        version int NOT NULL,
        at bigint NOT NULL,
        body text NOT NULL,
        hash bytea NOT NULL,
        UNIQUE (stream, version)
      )`);
    await runner.query(`
      CREATE TABLE event_log_head (
        id int PRIMARY KEY DEFAULT 1 CHECK (id = 1),
        position bigint NOT NULL,
        at bigint NOT NULL,
        hash bytea NOT NULL
      ) WITH (fillfactor = 10)`); // room on its page: the row changes with every batch
    await runner.query(
      `INSERT INTO event_log_head (position, at, hash) VALUES (0, 0, decode(repeat('00', 32), 'hex'))`,
    );
    // streams, bodies: one per line. counts: how many of the bodies belong to each stream.
    // conflicts: -1 for what was appended, else the stream's version now; NULL when all was appended.
    await runner.query(`
      CREATE FUNCTION append_events(
        streams text, expected int[], counts int[], bodies text,
        OUT first_position bigint, OUT at bigint, OUT conflicts int[]
      ) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
      DECLARE
        names text[] := string_to_array(streams, E'\\n');
        lines text[] := string_to_array(bodies, E'\\n');
        line int := 0;
        last bigint;
        chain bytea;
        version int;
      BEGIN
        SELECT h.position, h.hash, greatest(h.at, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
          INTO last, chain, at FROM event_log_head h FOR UPDATE;
        first_position := last + 1;
        FOR i IN 1 .. cardinality(names) LOOP
          version := coalesce(
            (SELECT e.version FROM event_log e WHERE e.stream = names[i] ORDER BY e.version DESC LIMIT 1), 0);
          IF version <> expected[i] THEN
            conflicts := coalesce(conflicts, array_fill(-1, ARRAY[cardinality(names)]));
            conflicts[i] := version;
            line := line + counts[i];
          ELSE
            FOR j IN 1 .. counts[i] LOOP
              line := line + 1;
              last := last + 1;
              version := version + 1;
              chain := sha256(chain ||
                convert_to(concat_ws(E'\\n', last, names[i], version, at, lines[line]), 'UTF8'));
              INSERT INTO event_log VALUES (last, names[i], version, at, lines[line], chain);
            END LOOP;
          END IF;
        END LOOP;
        IF last >= first_position THEN
          UPDATE event_log_head h SET position = last, at = append_events.at, hash = chain;
        END IF;
      END $$`);
    await runner.query(`REVOKE ALL ON FUNCTION append_events FROM PUBLIC`);
    await runner.query(`GRANT EXECUTE ON FUNCTION append_events TO openpro_app`);
    await runner.query(`GRANT SELECT ON event_log, event_log_head TO openpro_app`);
  }

  async down(): Promise<void> {
    return Promise.reject(new Error('The log is never removed'));
  }
}
