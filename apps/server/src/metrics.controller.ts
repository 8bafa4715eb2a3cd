import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { Metrics } from '@openpro/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readers } from './readers.js';

/** For Prometheus: on this machine, with the configured token, or as an administrator. */
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    @Inject(Readers) private readonly readers: Readers,
  ) {}

  @Get()
  async read(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (!(await this.readers.mayReadMetrics(request)))
      return void reply.status(401).send({
        code: 'UNAUTHENTICATED',
        message: 'Metrics are read on the server itself, with OPENPRO_METRICS_TOKEN, or by an administrator',
      });
    const text = await this.metrics.text();
    void reply
      .header('content-type', this.metrics.contentType)
      .header('cache-control', 'no-store')
      .send(text);
  }
}
