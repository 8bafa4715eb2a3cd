import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ReadSide } from '@openpro/eventstore';
import { CONFIG, type ServerConfig } from '@openpro/platform';
import type { FastifyReply } from 'fastify';
import { statfs } from 'node:fs/promises';
import { DataSource } from 'typeorm';

const MIN_FREE_SHARE = 0.01;

/** One hundredth or less is free: writes will fail soon. */
export const isShort = ({ blocks, bavail }: { blocks: number; bavail: number }): boolean =>
  bavail <= blocks * MIN_FREE_SHARE;

/**
 * 200 when everything works, 507 when the disk is full, 500 with what else does not. No names and no numbers
 * that a stranger could use.
 */
@Controller('health')
export class HealthController {
  constructor(
    private readonly db: DataSource,
    private readonly readSide: ReadSide,
    @Inject(CONFIG) private readonly config: ServerConfig,
  ) {}

  @Get()
  async health(@Res() reply: FastifyReply): Promise<void> {
    const problems: string[] = [];
    await this.db.query('SELECT 1').catch(() => problems.push('the database does not answer'));
    for (const { name, state, errorId } of this.readSide.health())
      if (state === 'paused' || state === 'stopped')
        problems.push(`${name} is ${state}${errorId ? `: error ${errorId}` : ''}`);
    const full = await statfs(this.config.dataDir).then(isShort, () => false);
    if (full) problems.push('the disk is nearly full');
    const ok = problems.length === 0;
    void reply.status(ok ? 200 : full ? 507 : 500).send({ ok, problems });
  }
}
