import { type ArgumentsHost, Catch } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { GqlContextType } from '@nestjs/graphql';
import type { FastifyReply } from 'fastify';
import { operational } from './operational-errors.js';

/** The API shows and logs its errors itself (`formatError`): here only routes are answered. */
@Catch()
export class ErrorFilter extends BaseExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType<GqlContextType>() === 'graphql') throw error;
    const passing = operational(error);
    if (!passing) return super.catch(error, host);
    const { code, status, message } = passing;
    void host.switchToHttp().getResponse<FastifyReply>().status(status).send({ code, message });
  }
}
