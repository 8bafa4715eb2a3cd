import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerOf, Health, statusOf } from './health.js';
import { Readers } from './readers.js';

/**
 * `GET /health`: may this server be sent work? `GET /health/live`: does its process answer at all? A supervisor asks
 * the second before it restarts a server: a database that is away is no reason to.
 */
@Controller('health')
export class HealthController {
  constructor(
    private readonly checks: Health,
    @Inject(Readers) private readonly readers: Readers,
  ) {}

  @Get('live')
  live(): { ok: true } {
    return { ok: true };
  }

  @Get()
  async health(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const [results, trusted] = await Promise.all([
      this.checks.look(),
      this.readers.isAdministrator(request.headers),
    ]);
    void reply.status(statusOf(results)).header('cache-control', 'no-store').send(answerOf(results, trusted));
  }
}
