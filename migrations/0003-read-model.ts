import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One row per thing, folded from the log; may be dropped and rebuilt at any time. Times in milliseconds since 1970. */
const TABLES = {
  user_list: `
    id text PRIMARY KEY,
    environment text NOT NULL,
    name text NOT NULL,
    roles jsonb NOT NULL,
    created_at int8 NOT NULL`,
  sign_in: `
    token_hash text PRIMARY KEY,
    user_id text NOT NULL,
    environment text NOT NULL,
    name text NOT NULL,
    roles jsonb NOT NULL,
    client text NOT NULL,
    signed_in_at int8 NOT NULL,
    expires_at int8 NOT NULL`,
  publisher: `
    key_id text PRIMARY KEY,
    public_key text NOT NULL,
    name text NOT NULL,
    revoked bool NOT NULL,
    trusted_at int8 NOT NULL`,
  engine_list: `
    id text PRIMARY KEY,
    name text NOT NULL,
    version text NOT NULL,
    title text NOT NULL,
    vendor text NOT NULL,
    license text NOT NULL,
    digest text NOT NULL,
    size int8 NOT NULL,
    manifest jsonb NOT NULL,
    published_at int8 NOT NULL,
    published_by text NOT NULL,
    retired bool NOT NULL`,
  app_list: `
    id text PRIMARY KEY,
    environment text NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    category text NOT NULL,
    latest text NOT NULL,
    updated_at int8 NOT NULL`,
  app_version: `
    id text PRIMARY KEY,
    environment text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    category text NOT NULL,
    hidden bool NOT NULL,
    engine_name text NOT NULL,
    engine_version text NOT NULL,
    engine_digest text NOT NULL,
    digest text NOT NULL,
    size int8 NOT NULL,
    manifest jsonb NOT NULL,
    published_at int8 NOT NULL,
    published_by text NOT NULL`,
  case_list: `
    id text PRIMARY KEY,
    environment text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    app text NOT NULL,
    version text NOT NULL,
    owner text NOT NULL,
    job text,
    digest text NOT NULL,
    created_at int8 NOT NULL`,
  session_list: `
    id text PRIMARY KEY,
    environment text NOT NULL,
    owner text NOT NULL,
    app text NOT NULL,
    version text NOT NULL,
    app_digest text NOT NULL,
    engine_name text NOT NULL,
    engine_version text NOT NULL,
    engine_digest text NOT NULL,
    state text NOT NULL,
    attached bool NOT NULL,
    node text,
    node_epoch int4,
    requested_at int8 NOT NULL,
    placed_at int8,
    ready_at int8,
    ended_at int8,
    end_reason text,
    end_message text,
    steps jsonb NOT NULL`,
  job_list: `
    id text PRIMARY KEY,
    environment text NOT NULL,
    owner text NOT NULL,
    app text NOT NULL,
    version text NOT NULL,
    app_digest text NOT NULL,
    engine_name text NOT NULL,
    engine_version text NOT NULL,
    engine_digest text NOT NULL,
    procedure text NOT NULL,
    description text NOT NULL,
    args jsonb NOT NULL,
    input text,
    session text,
    priority int4 NOT NULL,
    time_limit float8,
    gap_limit float8,
    seed int4,
    state text NOT NULL,
    interrupting bool NOT NULL,
    queued_at int8 NOT NULL,
    started_at int8,
    ended_at int8,
    attempt int4 NOT NULL,
    attempts jsonb NOT NULL,
    node text,
    node_epoch int4,
    node_lost int4 NOT NULL,
    own_crash int4 NOT NULL,
    solver_status text,
    objective float8,
    bound float8,
    gap float8,
    error jsonb,
    result text`,
  node_list: `
    id text PRIMARY KEY,
    name text NOT NULL,
    state text NOT NULL,
    epoch int4 NOT NULL,
    roles jsonb NOT NULL,
    slots int4 NOT NULL,
    version text NOT NULL,
    isolation text NOT NULL,
    joined_at int8 NOT NULL`,
  leader: `
    id text PRIMARY KEY,
    node text NOT NULL,
    epoch int4 NOT NULL,
    since int8 NOT NULL`,
} as const;

/** One per list of the portal, in its order: a page is read from the index without sorting. */
const INDEXES = [
  'user_list (environment, name, id)',
  'sign_in (user_id)',
  'engine_list (published_at DESC, id DESC)',
  'engine_list (name, published_at DESC)',
  'app_list (environment, name)',
  'app_version (environment, name, published_at DESC)',
  'case_list (environment, created_at DESC, id DESC)',
  'case_list (environment, owner, created_at DESC, id DESC)',
  'session_list (environment, requested_at DESC, id DESC)',
  'session_list (environment, owner, requested_at DESC, id DESC)',
  "session_list (node) WHERE state <> 'ended'",
  'job_list (environment, queued_at DESC, id DESC)',
  'job_list (environment, owner, queued_at DESC, id DESC)',
  'job_list (state, environment, queued_at DESC, id DESC)',
  'job_list (session, queued_at DESC, id DESC) WHERE session IS NOT NULL',
  "job_list (environment, priority, queued_at, id) WHERE state = 'queued'",
];

export class ReadModel implements MigrationInterface {
  readonly name = 'ReadModel0000000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(TABLES))
      // Plain byte order for text: ids and names are compared much, and in no person's language.
      await runner.query(`CREATE TABLE ${table} (${columns.replaceAll(' text', ' text COLLATE "C"')})`);
    for (const index of INDEXES) await runner.query(`CREATE INDEX ON ${index}`);
    await runner.query(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ${Object.keys(TABLES).join(', ')} TO openpro_app`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${Object.keys(TABLES).join(', ')}`);
  }
}
