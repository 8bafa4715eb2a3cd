import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the policy of the queue needs of jobs and servers, and the policy itself. */
export class QueuePolicyTables implements MigrationInterface {
  readonly name = 'QueuePolicyTables0000000000010';

  async up(runner: QueryRunner): Promise<void> {
    // The rows stay readable until their new version has been built beside them.
    await runner.query(`
      ALTER TABLE job_list
        ADD owner_name text COLLATE "C" NOT NULL DEFAULT '',
        ADD groups jsonb NOT NULL DEFAULT '[]',
        ADD profile text COLLATE "C",
        ADD memory_mib float8 NOT NULL DEFAULT 0,
        ADD cores float8 NOT NULL DEFAULT 0,
        ADD takes jsonb NOT NULL DEFAULT '{}',
        ADD waited jsonb NOT NULL DEFAULT '{}',
        ADD waits_since int8 NOT NULL DEFAULT 0`);
    await runner.query(`
      ALTER TABLE job_list
        ALTER owner_name DROP DEFAULT,
        ALTER groups DROP DEFAULT,
        ALTER memory_mib DROP DEFAULT,
        ALTER cores DROP DEFAULT,
        ALTER takes DROP DEFAULT,
        ALTER waited DROP DEFAULT,
        ALTER waits_since DROP DEFAULT`);
    await runner.query(`ALTER TABLE node_list ADD memory_mib float8, ADD cores float8`);
    await runner.query(`
      CREATE TABLE queue_policy (
        id text COLLATE "C" PRIMARY KEY,
        version int4 NOT NULL,
        policy jsonb NOT NULL,
        reason text COLLATE "C" NOT NULL,
        set_at int8 NOT NULL,
        set_by text COLLATE "C" NOT NULL
      )`);
    await runner.query(`CREATE INDEX ON job_list (owner) WHERE state IN ('queued', 'running')`);
    await runner.query(`CREATE INDEX ON job_list (owner, ended_at)`);
    await runner.query(`CREATE INDEX ON queue_policy (version)`);
    await runner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON queue_policy TO openpro_app`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE queue_policy`);
    await runner.query(`DROP INDEX job_list_owner_idx, job_list_owner_ended_at_idx`);
    await runner.query(`ALTER TABLE node_list DROP memory_mib, DROP cores`);
    await runner.query(`
      ALTER TABLE job_list
        DROP owner_name,
        DROP groups,
        DROP profile,
        DROP memory_mib,
        DROP cores,
        DROP takes,
        DROP waited,
        DROP waits_since`);
  }
}
