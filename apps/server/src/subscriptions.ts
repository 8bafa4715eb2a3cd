import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { Authenticator, tokenOf } from '@openpro/identity';
import { forwardedBy } from '@openpro/link';
import { CONFIG, Metrics, publicUrlOf, type RequestContext, type ServerConfig } from '@openpro/platform';
import {
  GraphQLError,
  type GraphQLFormattedError,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import type { IncomingMessage } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { formatError } from './graphql.js';
import { limitRules, MAX_TOKENS } from './graphql-limits.js';
import { takesApi } from './roles.js';
import { sameOrigin } from './same-origin.js';

const PATH = '/graphql';
const MAX_MESSAGE = 1024 * 1024;
/** Close codes of the application: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
const FORBIDDEN = 4403;

/** What a connection knows of itself beside graphql-ws's own `socket` and `request`. */
type Extra = {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  token?: string | null;
  stopWatching?: () => void;
};

/** Subscriptions of one connection: far above what the portal's busiest page has. */
const MAX_SUBSCRIPTIONS = 100;

/** The answer to a handshake that is not for us; null when it is. A stranger wrote every byte of it. */
export const refusedHandshake = (
  request: Pick<IncomingMessage, 'url' | 'headers'> & Partial<Pick<IncomingMessage, 'socket'>>,
  config: Pick<ServerConfig, 'publicUrl' | 'roles'>,
): string | null => {
  const { url = '/', headers } = request;
  if (url.split('?')[0] !== PATH) return '404 Not Found';
  if (forwardedBy(request)) return null; // looked at by the front server, which knows its own address
  if (!takesApi(config.roles)) return '404 Not Found';
  return sameOrigin(headers, config) ? null : '403 Forbidden';
};

const formatted = (errors: readonly GraphQLError[]): GraphQLFormattedError[] =>
  errors.map((error) => formatError(error.toJSON(), error));

/**
 * The websocket beside HTTP: the same schema, sign-in, limits and error texts. Built here and not by Nest,
 * which leaves the size of messages and the origin of pages unchecked.
 * Returns how to close it.
 */
export const serveSubscriptions = (app: NestFastifyApplication): (() => Promise<void>) => {
  const config = app.get<ServerConfig>(CONFIG);
  const authenticator = app.get(Authenticator);
  const { schema } = app.get(GraphQLSchemaHost);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE, perMessageDeflate: false });
  app.get(Metrics).gauge('openpro_websockets', 'Open websockets of the API', [], () => sockets.clients.size);
  const serving = useServer<Record<string, unknown>, Extra>(
    {
      schema,
      isProd: true, // why something went wrong inside is not told to who is outside
      parse: (source) => parse(source, { maxTokens: MAX_TOKENS }),
      validate: (on, document) =>
        validate(on, document, [...specifiedRules, ...limitRules, NoSchemaIntrospectionCustomRule]),
      // Each time anew: a connection may last for days, and what somebody may do changes meanwhile.
      context: async ({ extra }): Promise<RequestContext> => ({
        actor: await authenticator.actorOf(extra.token ?? null),
        publicUrl: publicUrlOf(extra.request, config.publicUrl),
      }),
      onConnect: async ({ connectionParams, extra }) => {
        const token = connectionParams?.['token'];
        const given = typeof token === 'string' ? token : tokenOf(extra.request.headers);
        const actor = await authenticator.actorOf(given);
        if (!actor || extra.socket.readyState !== WebSocket.OPEN) return false;
        extra.token = given;
        // What ends the sign-in ends the socket: a subscription must not outlive the right to it.
        extra.stopWatching = authenticator.onEnd(actor, () => extra.socket.close(FORBIDDEN, 'Signed out'));
        return true;
      },
      onClose: ({ extra }) => extra.stopWatching?.(),
      onSubscribe: ({ subscriptions }) =>
        Object.keys(subscriptions).length > MAX_SUBSCRIPTIONS
          ? [
              new GraphQLError(`A connection has at most ${MAX_SUBSCRIPTIONS} subscriptions`, {
                extensions: { code: 'BAD_REQUEST', limit: `${MAX_SUBSCRIPTIONS} subscriptions` },
              }),
            ]
          : undefined,
      onError: (_context, _id, _payload, errors) => formatted(errors),
      onNext: (_context, _id, _payload, _args, result) =>
        result.errors && {
          data: result.data ?? null,
          errors: formatted(result.errors as readonly GraphQLError[]),
        },
    },
    sockets,
  );
  app.getHttpServer().on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    const refused = refusedHandshake(request, config);
    if (refused) {
      socket.on('error', () => socket.destroy()); // who is refused may hang up first
      return void socket.end(`HTTP/1.1 ${refused}\r\nConnection: close\r\n\r\n`);
    }
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request));
  });
  return async () => {
    await serving.dispose();
    sockets.close();
  };
};
