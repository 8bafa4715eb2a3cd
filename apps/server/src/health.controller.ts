import { Controller, Get, Res } from '@nestjs/common';
import { ReadSide } from '@openpro/eventstore';
import { DataSource } from 'typeorm';
import type { FastifyReply } from 'fastify';

/** 200 when everything works, 500 with what does not. No names and no numbers that a stranger could use. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly db: DataSource,
    private readonly readSide: ReadSide,
  ) {}

  @Get()
  async health(@Res() reply: FastifyReply): Promise<void> {
    const problems: string[] = [];
    await this.db.query('SELECT 1').catch(() => problems.push('the database does not answer'));
    for (const { name, state, errorId } of this.readSide.health())
      if (state === 'paused' || state === 'stopped')
        problems.push(`${name} is ${state}${errorId ? `: error ${errorId}` : ''}`);
    void reply.status(problems.length === 0 ? 200 : 500).send({ ok: problems.length === 0, problems });
  }
}
