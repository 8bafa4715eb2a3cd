import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { isRefusal, refuse } from '@openpro/kernel';
import { answerRefusal, CONFIG, publicUrlOf, type ServerConfig } from '@openpro/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sessionCookie } from './authenticator.js';
import { IdentityQueries } from './identity.queries.js';
import { SignInLinks } from './sign-in-links.js';

/** The one door without a sign-in: trades a one-time link for a cookie (browser) or a token (CLI). */
@Controller('api/sign-in')
export class SignInController {
  constructor(
    private readonly links: SignInLinks,
    private readonly people: IdentityQueries,
    @Inject(CONFIG) private readonly config: ServerConfig,
  ) {}

  @Post()
  @HttpCode(200)
  async signIn(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const { token, client } = (body ?? {}) as { token?: unknown; client?: unknown };
    const signedIn =
      client !== 'browser' && client !== 'cli'
        ? refuse('BadInput', 'client must be browser or cli', { field: 'client', limit: 'browser or cli' })
        : await this.links.redeem(typeof token === 'string' ? token : '', client);
    if (isRefusal(signedIn)) {
      void reply.status(signedIn.refused === 'LinkNotValid' ? 401 : 400);
      return answerRefusal(signedIn);
    }
    const user = await this.people.user(signedIn.userId);
    if (client === 'cli') return { token: signedIn.token, user };
    const { tls, behindTlsProxy, publicUrl } = this.config;
    const secure = tls !== null || behindTlsProxy || publicUrlOf(request.raw, publicUrl).startsWith('https:');
    void reply.header('set-cookie', sessionCookie(signedIn.token, signedIn.maxAgeS, secure));
    return { user };
  }
}
