/** What a server without `pro` needs of the platform: settings, and nothing that knows a database. */
export { ConfigError, readConfig, type ServerConfig } from './config.js';
export { HTTP_SECONDS, Metrics } from './metrics.js';
export { PUBLIC_URL_HEADER } from './public-url.js';
export { hashSecret } from './secrets.js';
