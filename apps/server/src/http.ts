import fastifyStatic from '@fastify/static';
import type { ServerConfig } from '@openpro/platform';
import { clip } from '@openpro/kernel';
import { forwardedBy } from '@openpro/link';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { existsSync } from 'node:fs';
import { isApi, isPage, takesApi } from './roles.js';
import { sameOrigin } from './same-origin.js';

type HttpConfig = Pick<ServerConfig, 'publicUrl' | 'tls' | 'behindTlsProxy' | 'portalDir' | 'roles'>;

const securityHeaders = ({ publicUrl, tls, behindTlsProxy }: HttpConfig) => ({
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

/** Why a request is not read any further: every body is JSON in UTF-8 or an upload's own bytes. */
const refusal = (
  { url, headers, raw }: FastifyRequest,
  config: HttpConfig,
): [status: number, message: string] | null => {
  const encoding = headers['content-encoding'] ?? 'identity';
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  // What a front server passes on it has looked at itself: it knows its own address.
  const direct = !forwardedBy(raw);
  if (direct && isApi(url) && !takesApi(config.roles))
    return [404, 'This server has no role that takes requests: ask one with portal, webui or proxy'];
  if (direct && !sameOrigin(headers, config)) return [403, 'Only pages of this portal may send this'];
  if (url.includes('%00')) return [404, 'There is no such address'];
  if (encoding !== 'identity')
    return [415, `The content-encoding ${clip(encoding, 40)} is not read here: send the body as it is`];
  if (!/^utf-?8$/i.test(charset))
    return [415, `The charset ${clip(charset, 40)} is not read here: send UTF-8`];
  return null;
};

/** Everything of HTTP that is not a route of a context: headers, the portal's files, raw upload bodies. */
export const setUpHttp = async (fastify: FastifyInstance, config: HttpConfig): Promise<void> => {
  const { portalDir, roles } = config;
  const headers = securityHeaders(config);
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
  if (!existsSync(portalDir) || !['portal', 'webui'].some((role) => roles.includes(role))) return;
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
    isPage(request.url, roles) ? reply.sendFile('index.html') : reply.callNotFound(),
  );
};
