import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The read model of the cluster: servers that drain and have labels, and what moved where and why. */
export class ClusterReadModel implements MigrationInterface {
  readonly name = 'ClusterReadModel0000000000005';

  async up(runner: QueryRunner): Promise<void> {
    // The rows stay readable until their new version has been built beside them.
    await runner.query(`
      ALTER TABLE node_list
        ADD labels jsonb NOT NULL DEFAULT '[]',
        ADD draining bool NOT NULL DEFAULT false,
        ADD drain_reason text COLLATE "C",
        ADD drain_until int8,
        ADD link text COLLATE "C",
        ALTER joined_at DROP NOT NULL`);
    await runner.query(`ALTER TABLE node_list ALTER labels DROP DEFAULT, ALTER draining DROP DEFAULT`);
    await runner.query(`ALTER TABLE job_list ADD labels jsonb NOT NULL DEFAULT '[]'`);
    await runner.query(`ALTER TABLE job_list ALTER labels DROP DEFAULT`);
    await runner.query(`
      CREATE TABLE cluster_timeline (
        id text COLLATE "C" PRIMARY KEY,
        at int8 NOT NULL,
        type text COLLATE "C" NOT NULL,
        actor text COLLATE "C" NOT NULL,
        node text COLLATE "C",
        job text COLLATE "C",
        session text COLLATE "C",
        details jsonb NOT NULL
      )`);
    await runner.query(`CREATE INDEX ON cluster_timeline (node, id DESC)`);
    await runner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON cluster_timeline TO openpro_app`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE cluster_timeline`);
    await runner.query(`ALTER TABLE job_list DROP labels`);
    await runner.query(`
      ALTER TABLE node_list DROP labels, DROP draining, DROP drain_reason, DROP drain_until, DROP link`);
  }
}
