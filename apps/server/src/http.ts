import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ServerConfig } from '@openpro/platform';
import { existsSync } from 'node:fs';

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** What the portal's own router knows: every path without a file extension that is not the API's. */
const isPage = (url: string): boolean => !/^\/(api|graphql)(\/|\?|$)/.test(url) && !/\.\w+(\?|$)/.test(url);

/** Everything of HTTP that is not a route of a context: headers, the portal's files, raw upload bodies. */
export const setUpHttp = async (
  app: NestFastifyApplication,
  { portalDir, tls, behindTlsProxy }: ServerConfig,
): Promise<void> => {
  const fastify = app.getHttpAdapter().getInstance();
  // Uploads are streamed by their route; nothing is buffered here.
  fastify.addContentTypeParser('application/octet-stream', (_request, _body, done) => done(null));
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    void reply.headers(SECURITY_HEADERS);
    if (tls || behindTlsProxy) void reply.header('strict-transport-security', 'max-age=31536000');
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
