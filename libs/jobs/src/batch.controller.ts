import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { Authenticator, tokenOf } from '@openpro/identity';
import { csvLine } from '@openpro/kernel';
import type { Cell } from '@openpro/storage';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { Scenarios } from './batch.js';
import { BatchQueries } from './batches.queries.js';

/** So many arguments of a list get a column of their own. */
const MAX_ARGUMENTS = 200;

/** The results of a batch as a file; the API gives pages. */
@Controller('api/batches')
export class BatchController {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly batches: BatchQueries,
  ) {}

  @Get(':id/results.csv')
  async csv(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const actor = await this.authenticator.actorOf(tokenOf(request.headers));
    if (!actor)
      return void reply.status(401).send({ code: 'UNAUTHENTICATED', message: 'You are not signed in' });
    const row = await this.batches.row(actor, id);
    if (!row) return void reply.status(404).send({ code: 'NoSuchBatch', message: 'There is no such batch' });
    void reply
      .header('content-type', 'text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="batch-${row.id}.csv"`);
    return void reply.send(Readable.from(this.lines(row.id)));
  }

  private async *lines(id: string): AsyncGenerator<string> {
    const names = argumentsOf((await this.batches.recipe(id)).scenarios);
    yield csvLine([
      'scenario',
      ...names,
      'state',
      'objective',
      'bound',
      'gap',
      'run time (s)',
      'job',
      'error',
    ]);
    for await (const rows of this.batches.rows(id))
      yield rows
        .map(({ scenario, args, state, objective, bound, gap, run_time, id: job, error }) =>
          csvLine([
            scenario + 1,
            ...names.map((name) => cellOf((args as Record<string, unknown>)[name])),
            state,
            objective,
            bound,
            gap,
            run_time,
            job,
            error?.message ?? null,
          ]),
        )
        .join('');
  }
}

/** In which arguments the scenarios differ. */
const argumentsOf = (scenarios: Scenarios): readonly string[] =>
  'grid' in scenarios
    ? scenarios.grid.map(({ argument }) => argument)
    : [...new Set(scenarios.list.flatMap(({ args }) => Object.keys(args ?? {})))].slice(0, MAX_ARGUMENTS);

const cellOf = (value: unknown): Cell =>
  value === undefined || value === null
    ? null
    : typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'
      ? value
      : JSON.stringify(value);
