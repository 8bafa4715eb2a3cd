/** What a launcher needs of the platform: settings and a database, and nothing of the server. */
export { readConfig } from './config.js';
export { APP_ROLE, appPool, asApp, createDatabase, migrate, withDatabase } from './database.js';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  PostgresStartError,
  startEmbeddedPostgres,
} from './embedded-postgres.js';
export { mustFitTogether } from './fit-together.js';
export { isOutage } from './outage.js';
