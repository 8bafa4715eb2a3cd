export { APP_ROLE, appPool, asApp, createDatabase, migrate, withDatabase } from './database.js';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  PostgresStartError,
  startEmbeddedPostgres,
} from './embedded-postgres.js';
