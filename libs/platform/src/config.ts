import { NODE_ROLES } from '@openpro/kernel';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import { readKurrentUrl } from './kurrent-url.js';

/** Everything that a server can be told, read once from the environment and checked before anything starts. */
export interface ServerConfig {
  /** This server's own folder: its identity, unpacked packages, logs. */
  readonly dataDir: string;
  /** What all servers of a cluster share, a folder or a mounted share: blobs, logs of attempts, the cluster's key. */
  readonly storageDir: string;
  /** PostgreSQL for log and read model, as a connection URL or a socket folder in `host=` form. */
  readonly databaseUrl: string;
  /** Where the log is; everything else stays in PostgreSQL. */
  readonly eventStore: EventStoreConfig;
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly behindTlsProxy: boolean;
  /** What this server runs: see apps/server/src/roles.ts. */
  readonly roles: readonly string[];
  /** Where other servers reach this one, over mutual TLS; port 0 = any free one. */
  readonly link: { readonly host: string; readonly port: number; readonly advertise: string | null };
  /** What this server has that others have not: jobs that ask for it run only where it is. */
  readonly labels: readonly string[];
  /** What users type into the browser: fixed, never taken from a request's Host header. */
  readonly publicUrl: string;
  readonly nodeName: string;
  /** Jobs that may run at once on this server. */
  readonly slots: number;
  /** Warm engine processes per engine and side. */
  readonly warm: number;
  /** Memory of one session or attempt, in MiB. */
  readonly memoryMiB: number;
  /** What this server has for jobs that say how much they need. */
  readonly serverMemoryMiB: number;
  readonly serverCores: number;
  /** When a server counts as suspected or dead, and when another one leads. */
  readonly liveness: Liveness;
  /** The program of the heartbeat's thread. */
  readonly beatThread: string;
  /** Reads the metrics from elsewhere than this machine; null = only administrators do. */
  readonly metricsToken: string | null;
  /** Whether traces are sent, and of how many operations, 0 to 1; null = the SDK is not even loaded. */
  readonly traces: { readonly share: number } | null;
  /** Of the platform. */
  readonly version: string;
  readonly portalDir: string;
  readonly schemaDir: string;
}

/** All in ms; every server of a cluster should have the same. */
export interface Liveness {
  readonly beatMs: number;
  /** Without a beat for so long a server is shown as suspected. */
  readonly suspectMs: number;
  /** Without a beat for so long a server is declared dead. */
  readonly deadMs: number;
  /** Without contact to the database for so long a server ends itself, told or not. */
  readonly fenceMs: number;
  readonly leaseTtlMs: number;
  readonly leaseRenewMs: number;
}
type EventStoreConfig =
  { readonly is: 'postgres' } | { readonly is: 'kurrent'; readonly url: string; readonly prefix: string };

/** A setting is missing or wrong; the message names it, its value and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const ROLES: readonly string[] = NODE_ROLES;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const integer = (
  env: NodeJS.ProcessEnv,
  name: string,
  fallback: number,
  min: number,
  max: number,
): number => {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new ConfigError(`${name} is "${text}": it must be a whole number from ${min} to ${max}`);
  return value;
};

/** Words between commas, each once. */
const list = (env: NodeJS.ProcessEnv, name: string, fallback: readonly string[]): readonly string[] => {
  const words = (env[name] ?? '').split(',').map((word) => word.trim());
  const given = [...new Set(words.filter(Boolean))];
  return given.length > 0 ? given : fallback;
};

/** Each leaves room for at least one more try within the next. */
const liveness = (env: NodeJS.ProcessEnv): Liveness => {
  const ms = (name: string, fallback: number, above = 10, what = ''): number => {
    const value = integer(env, name, fallback, 10, 3_600_000);
    if (value < above) throw new ConfigError(`${name} is "${value}": it must be at least ${above}, ${what}`);
    return value;
  };
  const beatMs = ms('OPENPRO_BEAT_MS', 1000);
  const suspectMs = ms('OPENPRO_SUSPECT_MS', 3000, 2 * beatMs, 'twice OPENPRO_BEAT_MS');
  const deadMs = ms('OPENPRO_DEAD_MS', 5000, suspectMs + 1, 'longer than OPENPRO_SUSPECT_MS');
  const fenceMs = ms('OPENPRO_FENCE_MS', 60_000, deadMs + 1, 'longer than OPENPRO_DEAD_MS');
  const leaseRenewMs = ms('OPENPRO_LEASE_RENEW_MS', 400);
  const leaseTtlMs = ms(
    'OPENPRO_LEASE_TTL_MS',
    1500,
    2 * leaseRenewMs + 1,
    'more than twice OPENPRO_LEASE_RENEW_MS',
  );
  return { beatMs, suspectMs, deadMs, fenceMs, leaseTtlMs, leaseRenewMs };
};

const secret = (env: NodeJS.ProcessEnv, name: string): string | null => {
  const value = env[name];
  if (value === undefined || value === '') return null;
  if (!/^\S{20,1000}$/.test(value))
    throw new ConfigError(`${name} has ${value.length} characters: give 20 to 1000, none of them a space`);
  return value;
};

const traces = (env: NodeJS.ProcessEnv): ServerConfig['traces'] => {
  const wanted =
    env['OTEL_EXPORTER_OTLP_ENDPOINT'] ||
    env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ||
    env['OPENPRO_TRACING'] === '1';
  if (!wanted || env['OPENPRO_TRACING'] === '0') return null;
  const share = Number(env['OTEL_TRACES_SAMPLER_ARG'] || 1);
  if (!(share >= 0 && share <= 1))
    throw new ConfigError(
      `OTEL_TRACES_SAMPLER_ARG is "${env['OTEL_TRACES_SAMPLER_ARG']}": it must be a number from 0 to 1`,
    );
  return { share };
};

const file = (name: string, value: string): Buffer => {
  if (!existsSync(value)) throw new ConfigError(`${name} is "${value}": there is no such file`);
  return readFileSync(value);
};

const eventStore = (env: NodeJS.ProcessEnv): EventStoreConfig => {
  const is = env['EVENT_STORE'] || 'postgres';
  if (is === 'postgres') return { is };
  if (is !== 'kurrent') throw new ConfigError(`EVENT_STORE is "${is}": it must be postgres or kurrent`);
  const given = env['KURRENTDB_URL'];
  if (!given) throw new ConfigError('KURRENTDB_URL is missing: EVENT_STORE is "kurrent"');
  const read = readKurrentUrl(given);
  if ('problem' in read) throw new ConfigError(`KURRENTDB_URL ${read.problem}`);
  const prefix = env['KURRENTDB_PREFIX'] || 'openpro';
  if (!/^[a-z][a-z0-9]{0,39}$/.test(prefix))
    throw new ConfigError(
      `KURRENTDB_PREFIX is "${prefix}": it must be 1 to 40 lower-case letters and digits, a letter first`,
    );
  return { is, url: read.url, prefix };
};

export const readConfig = (env: NodeJS.ProcessEnv, root: string, version: string): ServerConfig => {
  const roles = list(env, 'OPENPRO_ROLES', ROLES);
  for (const role of roles)
    if (!ROLES.includes(role))
      throw new ConfigError(`OPENPRO_ROLES names "${role}": the roles are ${ROLES.join(', ')}`);
  const databaseUrl = env['DATABASE_URL'] ?? '';
  if (!databaseUrl && roles.includes('pro'))
    throw new ConfigError('DATABASE_URL is missing: a PostgreSQL URL (npm start sets it)');
  const host = env['OPENPRO_HOST'] || '127.0.0.1';
  const port = integer(env, 'OPENPRO_PORT', 4600, 0, 65535);
  const { OPENPRO_TLS_CERT: cert, OPENPRO_TLS_KEY: key } = env;
  if (Boolean(cert) !== Boolean(key))
    throw new ConfigError('OPENPRO_TLS_CERT and OPENPRO_TLS_KEY belong together: set both or neither');
  const tls =
    cert && key ? { cert: file('OPENPRO_TLS_CERT', cert), key: file('OPENPRO_TLS_KEY', key) } : null;
  const behindTlsProxy = env['OPENPRO_BEHIND_TLS_PROXY'] === '1';
  if (!LOOPBACK.has(host) && !tls && !behindTlsProxy)
    throw new ConfigError(
      `OPENPRO_HOST is "${host}": outside loopback the server speaks TLS only. ` +
        'Give certificate files (--tls-cert, --tls-key) or say --behind-tls-proxy.',
    );
  const dataDir = path.resolve(env['OPENPRO_DATA'] || path.join(root, '.openpro'));
  return {
    dataDir,
    storageDir: path.resolve(env['OPENPRO_STORAGE'] || dataDir),
    databaseUrl,
    eventStore: roles.includes('pro') ? eventStore(env) : { is: 'postgres' },
    roles,
    link: {
      host: env['OPENPRO_LINK_HOST'] || '127.0.0.1',
      port: integer(env, 'OPENPRO_LINK_PORT', 0, 0, 65535),
      advertise: env['OPENPRO_LINK_ADVERTISE'] || null,
    },
    labels: list(env, 'OPENPRO_LABELS', []),
    host,
    port,
    tls,
    behindTlsProxy,
    publicUrl: (env['OPENPRO_PUBLIC_URL'] || '').replace(/\/+$/, ''),
    nodeName: env['OPENPRO_NODE_NAME'] || 'server-1',
    slots: integer(env, 'OPENPRO_SLOTS', 2, 1, 1024),
    warm: integer(env, 'OPENPRO_WARM', 1, 0, 64),
    memoryMiB: integer(env, 'OPENPRO_MEMORY_MIB', 3072, 128, 1_048_576),
    serverMemoryMiB: integer(env, 'OPENPRO_SERVER_MEMORY_MIB', Math.floor(totalmem() / 2 ** 20), 1, 2 ** 30),
    serverCores: integer(env, 'OPENPRO_SERVER_CORES', availableParallelism(), 1, 65_536),
    liveness: liveness(env),
    beatThread: path.join(root, 'dist/server/beat.mjs'),
    metricsToken: secret(env, 'OPENPRO_METRICS_TOKEN'),
    traces: traces(env),
    version,
    portalDir: path.join(root, 'dist/portal'),
    schemaDir: path.join(root, 'schema'),
  };
};
