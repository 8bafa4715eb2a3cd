import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Metrics } from '@openpro/platform';

const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 300];

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
      SECONDS,
    );
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = routeOf(request.routeOptions.url);
    durations.observe({ route, status: `${Math.floor(reply.statusCode / 100)}xx` }, reply.elapsedTime / 1000);
    done();
  });
};
