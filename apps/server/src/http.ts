import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ServerConfig } from '@openpro/platform';
import { clip } from '@openpro/kernel';
import type { FastifyRequest } from 'fastify';
import { existsSync } from 'node:fs';
import { sameOrigin } from './same-origin.js';

const securityHeaders = ({ publicUrl, tls, behindTlsProxy }: ServerConfig) => ({
  'content-security-policy': [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    `connect-src 'self' ${publicUrl.replace(/^http/, 'ws')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  ...(tls || behindTlsProxy ? { 'strict-transport-security': 'max-age=31536000' } : {}),
});

/** What the portal's own router may know: plain segments, not the API's and no file of the portal's folder. */
const isPage = (url: string): boolean => {
  const [path = ''] = url.split('?');
  return (
    /^(\/(?!\.)([\w~@.+:-]|%3a)+)*\/?$/i.test(path) &&
    !/^\/((api|graphql|assets)(\/|$)|[^/]*\.\w+$)/i.test(path)
  );
};

/** Why a request is not read any further: every body is JSON in UTF-8 or an upload's own bytes. */
const refusal = (
  { url, headers }: FastifyRequest,
  config: ServerConfig,
): [status: number, message: string] | null => {
  const encoding = headers['content-encoding'] ?? 'identity';
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (!sameOrigin(headers, config)) return [403, 'Only pages of this portal may send this'];
  if (url.includes('%00')) return [404, 'There is no such address'];
  if (encoding !== 'identity')
    return [415, `The content-encoding ${clip(encoding, 40)} is not read here: send the body as it is`];
  if (!/^utf-?8$/i.test(charset))
    return [415, `The charset ${clip(charset, 40)} is not read here: send UTF-8`];
  return null;
};

/** Everything of HTTP that is not a route of a context: headers, the portal's files, raw upload bodies. */
export const setUpHttp = async (app: NestFastifyApplication, config: ServerConfig): Promise<void> => {
  const { portalDir } = config;
  const headers = securityHeaders(config);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    const refused = refusal(request, config);
    if (!refused) return done();
    const [status, message] = refused;
    void reply.status(status).header('connection', 'close').send({ code: 'BadRequest', message });
  });
  fastify.removeContentTypeParser('text/plain');
  // Uploads are streamed by their route; nothing is buffered here.
  fastify.addContentTypeParser('application/octet-stream', (_request, _body, done) => done(null));
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    void reply.headers(headers);
    done(null, payload);
  });
  if (!existsSync(portalDir)) return;
  await fastify.register(fastifyStatic, {
    root: portalDir,
    wildcard: false,
    index: false,
    cacheControl: false,
    setHeaders: (reply, file) => {
      void reply.header(
        'cache-control',
        file.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
    },
  });
  fastify.get('/*', (request, reply) =>
    isPage(request.url) ? reply.sendFile('index.html') : reply.callNotFound(),
  );
};
