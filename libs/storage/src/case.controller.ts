import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { Authenticator, tokenOf } from '@openpro/identity';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { FolderBlobStore } from './blob-store.js';
import { CaseQueries } from './case.queries.js';
import { caseCsv } from './case-store.js';

/** Whole identifiers as files; the API gives windows. */
@Controller('api/cases')
export class CaseController {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly cases: CaseQueries,
    private readonly blobs: FolderBlobStore,
  ) {}

  @Get(':id/:identifier.csv')
  async csv(
    @Param('id') id: string,
    @Param('identifier') identifier: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const actor = await this.authenticator.actorOf(tokenOf(request.headers));
    if (!actor)
      return void reply.status(401).send({ code: 'UNAUTHENTICATED', message: 'You are not signed in' });
    const row = await this.cases.row(actor, id);
    const lines = row && (await caseCsv(this.blobs, row.digest, identifier));
    if (!lines)
      return void reply
        .status(404)
        .send({ code: 'NoSuchCase', message: 'There is no such case or identifier' });
    void reply
      .header('content-type', 'text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${identifier.replaceAll(/[^\w.-]/g, '_')}.csv"`);
    return void reply.send(Readable.from(lines));
  }
}
