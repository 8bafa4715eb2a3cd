import { clip } from '@openpro/kernel';
import { Credentials, identityOf, loadCredential, publicKeyOf, saveCredential } from '@openpro/link';
import {
  ConfigError,
  HTTP_SECONDS,
  Metrics,
  PUBLIC_URL_HEADER,
  readConfig,
  type ServerConfig,
} from '@openpro/platform/front';
import Fastify from 'fastify';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { X509Certificate } from 'node:crypto';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { Forwarder } from './forwarder.js';
import { FrontMember } from './front-member.js';
import { diskCheck } from './health-checks.js';
import { answerOf, type Check, Health, statusOf } from './health.js';
import { setUpHttp } from './http.js';
import type { FromServer } from './messages.js';
import { withPublicUrl } from './public-address.js';
import { Readers } from './readers.js';
import { isApi, takesCookies } from './roles.js';
import { sameOrigin } from './same-origin.js';
import { type Upstream, Upstreams } from './upstreams.js';
import { version } from './version.js';

/*
 * A server without `pro`: it has no database, no storage and no secrets of the cluster but its own certificate.
 * Pages it serves itself; calls of the API it passes on.
 */

/** Uploads may take as long as they move; what stands still is cut by the other side. */
const TIMES = { headersTimeout: 60_000, requestTimeout: 0, keepAliveTimeout: 65_000 };
/** So long requests that run may go on when this server stops. */
const LAST_REQUESTS_MS = 3000;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const tell = (message: FromServer): void => void process.send?.(message);
const say = (level: 'info' | 'warn' | 'error', message: string, more: object = {}): void =>
  void process.stdout.write(
    `${JSON.stringify({ level, pid: process.pid, timestamp: Date.now(), message, context: 'Front', ...more })}\n`,
  );

/** Where the servers with `pro` were when this one last knew: what a restart begins with. */
const serversFile = ({ dataDir }: ServerConfig) => path.join(dataDir, 'link', 'servers.json');

const knownServers = (config: ServerConfig): readonly Upstream[] => {
  const file = serversFile(config);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Upstream[]) : [];
};

const keeping = (config: ServerConfig): ((servers: readonly Upstream[]) => void) => {
  let kept = '';
  return (servers) => {
    const text = JSON.stringify(servers);
    if (text === kept) return;
    kept = text;
    const file = serversFile(config);
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
};

const start = async (config: ServerConfig): Promise<void> => {
  const folder = path.join(config.dataDir, 'link');
  const credential = loadCredential(folder);
  if (!credential)
    throw new ConfigError(
      'This server has not joined a cluster: an administrator invites it (openpro server invite), ' +
        'then here: openpro server join ADDRESS TOKEN',
    );
  const identity = identityOf(credential);
  const foreign = config.roles.filter((role) => !identity.roles.includes(role));
  if (foreign.length > 0)
    throw new ConfigError(
      `OPENPRO_ROLES names ${foreign.join(', ')}: this server was admitted as ${identity.roles.join(', ')}`,
    );
  const until = Date.parse(new X509Certificate(credential.certificate).validTo);
  if (until < Date.now())
    throw new ConfigError(
      `The certificate of this server ended at ${new Date(until).toISOString()}: it was away for too long. ` +
        `An administrator invites it again, by the same name (openpro server invite ${config.nodeName}), ` +
        'then here: openpro server join ADDRESS TOKEN',
    );
  const upstreams = new Upstreams(knownServers(config));
  const credentials: Credentials = new Credentials(
    credential,
    (current) => member.renew(publicKeyOf(current)),
    (renewed) => saveCredential(folder, renewed),
    (error) => say('warn', 'the certificate could not be renewed', { reason: String(error) }),
  );
  const { nodeName: name, roles } = config;
  const keep = keeping(config);
  const member = new FrontMember(
    { name, roles, version, isolation: 'runs no sessions' },
    credentials,
    upstreams,
    (servers) => {
      forwarder.keepOnly(servers);
      keep(servers);
    },
    (reason) => {
      say('warn', 'no contact with a server', { reason });
      if (!joined) tell({ is: 'waiting', for: `a server of the cluster (${reason})` });
    },
  );
  let joined = false;
  const forwarder = new Forwarder({
    upstreams,
    credentials,
    version,
    headers: () => ({ [PUBLIC_URL_HEADER]: config.publicUrl }),
    cookies: takesCookies(roles),
  });

  const metrics = new Metrics();
  metrics.ofProcess();
  metrics.gauge('openpro_front_connected', 'Whether a server of the cluster answers', [], () =>
    member.connected ? 1 : 0,
  );
  metrics.gauge(
    'openpro_front_servers',
    'Servers that requests can be passed on to',
    [],
    () => upstreams.all.length,
  );
  const passedOn = metrics.histogram(
    'openpro_front_request_duration_seconds',
    'Requests passed on, by class of status',
    ['status'],
    HTTP_SECONDS,
  );
  const readers = new Readers(config, () => Promise.resolve(false));

  let passing = 0;
  let quiet = (): void => undefined;
  const front = Fastify({
    trustProxy: config.behindTlsProxy,
    serverFactory: (serve) => {
      const receive: http.RequestListener = (request, response) => {
        if (!isApi(request.url ?? '')) return serve(request, response);
        if (!sameOrigin(request.headers, config)) {
          response.writeHead(403, { 'content-type': 'application/json', connection: 'close' });
          return response.end(
            JSON.stringify({ code: 'BadRequest', message: 'Only pages of this portal may send this' }),
          );
        }
        const began = performance.now();
        passing++;
        response.once('close', () => {
          if (--passing === 0) quiet();
          const status = response.headersSent ? `${Math.floor(response.statusCode / 100)}xx` : 'none';
          passedOn.observe({ status }, (performance.now() - began) / 1000);
        });
        forwarder.request(request, response).catch(() => response.destroy());
      };
      const server = config.tls
        ? https.createServer({ ...TIMES, ...config.tls, minVersion: 'TLSv1.2' }, receive)
        : http.createServer(TIMES, receive);
      return server.on('upgrade', (request: http.IncomingMessage, socket, head: Buffer) => {
        const refused = !isApi(request.url ?? '')
          ? '404 Not Found'
          : sameOrigin(request.headers, config)
            ? null
            : '403 Forbidden';
        if (!refused) return forwarder.upgrade(request, socket, head);
        socket.on('error', () => socket.destroy());
        socket.end(`HTTP/1.1 ${refused}\r\nConnection: close\r\n\r\n`);
      });
    },
  });
  await setUpHttp(front, config);
  const reached: Check = {
    name: 'cluster',
    look: () => (member.connected ? [] : [{ problem: 'cluster: no server of it can be reached' }]),
  };
  const health = new Health([reached, diskCheck('own disk', config.dataDir)]);
  front.get('/health/live', () => ({ ok: true }));
  front.get('/health', async (_request, reply) => {
    const results = await health.look();
    return reply.status(statusOf(results)).header('cache-control', 'no-store').send(answerOf(results, false));
  });

  front.get('/metrics', async (request, reply) => {
    if (!(await readers.mayReadMetrics(request.raw)))
      return reply.status(401).send({
        code: 'UNAUTHENTICATED',
        message: 'Metrics are read on the server itself, or with OPENPRO_METRICS_TOKEN',
      });
    return reply
      .header('content-type', metrics.contentType)
      .header('cache-control', 'no-store')
      .send(await metrics.text());
  });

  let stopping: Promise<void> | undefined;
  const stop = (code: number): void => {
    stopping ??= (async () => {
      credentials.stop();
      const served = new Promise<void>((resolve) => (quiet = resolve));
      front.server.close();
      front.server.closeIdleConnections();
      if (passing > 0) await Promise.race([served, delay(LAST_REQUESTS_MS)]);
      await member.stop();
      forwarder.close();
      front.server.closeAllConnections();
      await front.close();
    })()
      .catch((error: unknown) => say('error', 'stopping went wrong', { error: String(error) }))
      .then(() => process.exit(code));
  };
  process.on('unhandledRejection', (error) => {
    say('error', 'unhandled rejection', { error: error instanceof Error ? error.stack : String(error) });
    stop(1);
  });
  process.on('SIGINT', () => stop(0));
  process.on('SIGTERM', () => stop(0));
  process.on('disconnect', () => stop(0)); // the launcher is gone

  await front.listen({ port: config.port, host: config.host }); // until it has joined, /health says why not
  member.start();
  await member.ready;
  joined = true;
  say('info', 'ready', { url: config.publicUrl });
  tell({ is: 'ready', url: config.publicUrl });
};

try {
  console.error = console.warn = (...words: unknown[]) => say('warn', clip(format(...words), 2000));
  await start(withPublicUrl(readConfig(process.env, root, version)));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  say(
    'error',
    error instanceof ConfigError || !(error instanceof Error) ? message : (error.stack ?? message),
  );
  tell({ is: 'failed', message });
  process.exit(error instanceof ConfigError ? 2 : 1);
}
