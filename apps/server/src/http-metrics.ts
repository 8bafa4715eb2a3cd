import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { HTTP_SECONDS, Metrics } from '@openpro/platform';

/** Routes by their pattern; all files and pages of the portal are one. */
const routeOf = (pattern: string | undefined): string =>
  pattern === undefined ? 'none' : /^\/(api\/|graphql|health|metrics)/.test(pattern) ? pattern : 'portal';

/** Counts and times what was answered, whoever answered it. */
export const observeHttp = (app: NestFastifyApplication): void => {
  const durations = app
    .get(Metrics)
    .histogram(
      'openpro_http_request_duration_seconds',
      'Answered requests by route and class of status',
      ['route', 'status'],
      HTTP_SECONDS,
    );
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = routeOf(request.routeOptions.url);
    durations.observe({ route, status: `${Math.floor(reply.statusCode / 100)}xx` }, reply.elapsedTime / 1000);
    done();
  });
};
