import { type ArgumentsHost, Catch } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { type GqlContextType, GqlArgumentsHost } from '@nestjs/graphql';
import type { FastifyReply } from 'fastify';
import { operational } from './operational-errors.js';
import { RefusedCommands } from './refused-commands.js';

/** The API shows and logs its errors itself (`formatError`): here only routes are answered. */
@Catch()
export class ErrorFilter extends BaseExceptionFilter {
  constructor(private readonly refused: RefusedCommands) {
    super();
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType<GqlContextType>() === 'graphql') {
      const call = GqlArgumentsHost.create(host);
      this.refused.notLetIn(error, call.getContext(), call.getInfo());
      throw error;
    }
    const passing = operational(error);
    if (!passing) return super.catch(error, host);
    const { code, status, message } = passing;
    void host.switchToHttp().getResponse<FastifyReply>().status(status).send({ code, message });
  }
}
