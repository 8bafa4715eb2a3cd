import { Global, Module } from '@nestjs/common';
import { Authenticator } from './authenticator.js';
import { identityHandlers } from './identity.commands.js';
import { IdentityQueries } from './identity.queries.js';
import { IdentityResolver } from './identity.resolver.js';
import { SignInController } from './sign-in.controller.js';
import { SignInLinks } from './sign-in-links.js';

/** Global, because every context shows people and every route asks who comes. */
@Global()
@Module({
  controllers: [SignInController],
  providers: [...identityHandlers, Authenticator, IdentityQueries, IdentityResolver, SignInLinks],
  exports: [Authenticator, IdentityQueries, SignInLinks],
})
export class IdentityModule {}
