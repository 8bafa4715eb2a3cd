import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { clip } from '@openpro/kernel';
import {
  ConfigError,
  NODE,
  patiently,
  readConfig,
  type ServerConfig,
  type ThisNode,
  untilItAnswers,
} from '@openpro/platform';
import { SignInLinks } from '@openpro/identity';
import { existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { AppModule } from './app.module.js';
import { administratorLink } from './bootstrap.js';
import { observeHttp } from './http-metrics.js';
import { setUpHttp } from './http.js';
import { Lifecycle } from './lifecycle.js';
import type { FromServer, ToServer } from './messages.js';
import { withPublicUrl } from './public-address.js';
import { ServerLog } from './server-log.js';
import { startTracing } from './tracing-sdk.js';
import { version } from './version.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const MAX_BODY = 2 * 1024 * 1024;
/** A collector that does not answer must not hold up a stop. */
const LAST_SPANS_MS = 2000;

const tell = (message: FromServer): void => void process.send?.(message);

/** Everything begins with database and storage; to end because one is away would only mean to start again. */
const untilThere = async ({ databaseUrl, dataDir, storageDir }: ServerConfig, log: Logger): Promise<void> => {
  const waitsFor = (what: string, error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ message: 'waiting', for: what, reason });
    tell({ is: 'waiting', for: `${what} (${reason})` });
  };
  await untilItAnswers(databaseUrl, (error) => waitsFor('the database', error));
  // A share that is not mounted looks like an empty folder: whoever was in a cluster before finds its keys there.
  const wasThere = existsSync(path.join(dataDir, 'link'));
  await patiently(
    () => access(wasThere ? path.join(storageDir, 'keys', 'authority.pem') : storageDir),
    () => false,
    (error) => {
      waitsFor('the storage', error);
      return true;
    },
  );
};

const start = async (config: ServerConfig): Promise<void> => {
  const logger = new ServerLog(config.nodeName);
  Logger.overrideLogger(logger); // also for what goes wrong before the application is made
  const log = new Logger('Server');
  // Libraries print where and how they like: each time one line of the log, as everything else.
  console.error = console.warn = (...words: unknown[]) => log.warn({ message: clip(format(...words), 2000) });
  const stopTracing = config.traces
    ? await startTracing(config, config.traces.share)
    : () => Promise.resolve();
  await untilThere(config, log);
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY,
    ...(config.tls ? { https: { ...config.tls, minVersion: 'TLSv1.2' } } : {}),
    trustProxy: config.behindTlsProxy,
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), adapter, {
    logger,
    abortOnError: false,
    bodyParser: false, // Fastify's own reads JSON; forms, which any page may send here, are nothing of ours
  });
  logger.joined(app.get<ThisNode>(NODE));
  observeHttp(app);
  await setUpHttp(adapter.getInstance(), config);
  const lifecycle = app.get(Lifecycle);
  let stopping: Promise<void> | undefined;
  const stop = (code: number): void => {
    stopping ??= lifecycle
      .stop(app)
      .catch((error: unknown) => log.error({ message: 'stopping went wrong', error: String(error) }))
      .then(() => Promise.race([stopTracing(), delay(LAST_SPANS_MS)]))
      .catch(() => undefined) // spans that nobody took
      .then(() => process.exit(code));
  };
  // A bug nobody caught: state may be wrong, so the process ends and is started again; the log has everything.
  process.on('unhandledRejection', (error) => {
    log.error({
      message: 'unhandled rejection',
      error: error instanceof Error ? error.stack : String(error),
    });
    stop(1);
  });
  process.on('SIGINT', () => stop(0));
  process.on('SIGTERM', () => stop(0));
  process.on('disconnect', () => stop(0)); // the launcher is gone
  await lifecycle.start(app);
  log.log({ message: 'ready', url: config.publicUrl });
  tell({ is: 'ready', url: config.publicUrl });
  process.on('message', (message: ToServer) => {
    if (message.ask === 'sign-in-link')
      patiently(() => administratorLink(app.get(SignInLinks), message.for)).then(
        (link) => tell({ is: 'sign-in-link', for: message.for, link }),
        (error: unknown) => log.error({ message: 'no sign-in link could be issued', error: String(error) }),
      );
  });
};

try {
  await start(withPublicUrl(readConfig(process.env, root, version)));
} catch (error) {
  const text =
    error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error);
  console.error(text);
  tell({ is: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.exit(error instanceof ConfigError ? 2 : 1);
}
