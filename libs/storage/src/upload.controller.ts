import { Controller, Param, Put, Query, Req, Res } from '@nestjs/common';
import { DiskFull, isRefusal, isUuid } from '@openpro/kernel';
import { answerRefusal } from '@openpro/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Uploads } from './uploads.js';

const STATUS: { readonly [code: string]: number } = {
  NoSuchUpload: 404,
  UploadExpired: 410,
  AlreadyUploaded: 409,
  TooLarge: 413,
};

@Controller('api/uploads')
export class UploadController {
  constructor(private readonly uploads: Uploads) {}

  @Put(':id')
  async put(
    @Param('id') id: string,
    @Query('secret') secret: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    try {
      const stored = await this.uploads.receive(isUuid(id) ? id : '', secret ?? '', request.raw);
      if (!isRefusal(stored)) return void reply.send(stored);
      // The rest of the body is not read: the connection ends with the answer.
      void reply.header('connection', 'close').status(STATUS[stored.refused] ?? 400);
      return void reply.send(answerRefusal(stored));
    } catch (error) {
      if (!(error instanceof DiskFull)) throw error;
      return void reply.status(507).send({ code: 'DiskFull', message: error.message });
    }
  }
}
