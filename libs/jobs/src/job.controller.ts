import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { Authenticator, tokenOf } from '@openpro/identity';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AttemptStore } from './attempt-store.js';
import { JobQueries } from './jobs.queries.js';

/** Whole logs as files; the API gives pieces. */
@Controller('api/jobs')
export class JobController {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly queries: JobQueries,
    private readonly attempts: AttemptStore,
  ) {}

  @Get(':id/log')
  async log(
    @Param('id') id: string,
    @Query('attempt') attempt: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const actor = await this.authenticator.actorOf(tokenOf(request.headers));
    if (!actor)
      return void reply.status(401).send({ code: 'UNAUTHENTICATED', message: 'You are not signed in' });
    const row = await this.queries.row(actor, id);
    const number = attempt === undefined ? row?.attempt : Number(attempt);
    const known = row?.attempts.some((each) => each.number === number);
    const log = row && number !== undefined && known ? await this.attempts.logFile(row.id, number) : null;
    if (!log)
      return void reply
        .status(404)
        .send({ code: 'NoSuchLog', message: 'There is no such job, attempt or log' });
    return void reply
      .header('content-type', 'text/plain; charset=utf-8')
      .header('content-disposition', `inline; filename="job-${id}-${number}.log"`)
      .send(log);
  }
}
