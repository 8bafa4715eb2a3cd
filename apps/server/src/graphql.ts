import { type ApolloServerPlugin, type GraphQLResponse, HeaderMap } from '@apollo/server';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Logger } from '@nestjs/common';
import { EngineError } from '@openpro/engine';
import { Authenticator, tokenOf } from '@openpro/identity';
import { CONFIG, has, Metrics, publicUrlOf, type RequestContext, type ServerConfig } from '@openpro/platform';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import {
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type GraphQLFormattedError,
  GraphQLError,
  GraphQLScalarType,
  Kind,
  NoSchemaIntrospectionCustomRule,
  validate,
} from 'graphql';
import { GraphQLModule } from '@nestjs/graphql';
import type { FastifyRequest } from 'fastify';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { uuidv7 } from '@openpro/kernel';
import { limitRules, MAX_TOKENS } from './graphql-limits.js';
import { lazyFields } from './lazy-fields.js';
import { operational } from './operational-errors.js';
import { Operations, rootFields } from './operations.js';

const log = new Logger('GraphQL');

const Time = new GraphQLScalarType<number, number>({
  name: 'Time',
  serialize: (value) => Number(value),
  parseValue: (value) => {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new GraphQLError('Time is a number of milliseconds');
    return value;
  },
  parseLiteral: (node) => {
    if (node.kind !== Kind.INT && node.kind !== Kind.FLOAT)
      throw new GraphQLError('Time is a number of milliseconds');
    return Number(node.value);
  },
});

/** Codes that a caller may see with their text; everything else is a bug with an id. */
const OPEN = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_REQUEST',
  'UNAVAILABLE',
]);

/** A bug is logged whole with an id; the caller gets the id. */
export const formatError = (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
  const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  const passing = operational(cause);
  if (passing)
    return {
      message: passing.message,
      ...(formatted.path ? { path: formatted.path } : {}),
      extensions: { code: passing.code },
    };
  // What an app or its process says is its author's and user's to know, not a bug of ours.
  if (cause instanceof EngineError)
    return {
      message: cause.message,
      ...(formatted.path ? { path: formatted.path } : {}),
      extensions: { code: 'APP_ERROR', reason: cause.code },
    };
  // What graphql says of a request before any of it runs has no place in the answer.
  const ofRequest = error instanceof GraphQLError && !error.originalError && !formatted.path;
  const code = formatted.extensions?.['code'] ?? (ofRequest ? 'GRAPHQL_VALIDATION_FAILED' : undefined);
  if (typeof code === 'string' && OPEN.has(code)) {
    const { stacktrace: _stack, ...extensions } = formatted.extensions ?? {};
    return { ...formatted, extensions: { ...extensions, code } };
  }
  const id = uuidv7();
  log.error({ id, path: formatted.path, error: cause instanceof Error ? cause.stack : String(cause) });
  return {
    message: `Something went wrong on the server. Tell your administrator this id: ${id}`,
    ...(formatted.path ? { path: formatted.path } : {}),
    extensions: { code: 'INTERNAL_SERVER_ERROR', id },
  };
};

/** The schema is an administrator's to read: a stranger learns no field that he does not know. */
const introspection = (): ApolloServerPlugin<RequestContext> => ({
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ schema, document, contextValue: { actor } }) => {
        if (actor && has(actor)) return Promise.resolve();
        if (validate(schema, document, [NoSchemaIntrospectionCustomRule]).length === 0)
          return Promise.resolve();
        throw new GraphQLError('Introspection needs the role administrator', {
          extensions: { code: 'FORBIDDEN' },
        });
      },
    }),
});

/** Runs each query as compiled code (graphql-jit), compiled once per parsed document. */
const jit = (operations: Operations): ApolloServerPlugin<RequestContext> => {
  interface Compiled {
    readonly query: CompiledQuery;
    readonly fields: readonly FieldNode[];
  }
  const compiled = new WeakMap<DocumentNode, Map<string, Compiled | null>>();
  return {
    requestDidStart: () =>
      Promise.resolve({
        responseForOperation: async ({ document, schema, request, contextValue, operation: asked }) => {
          const { operation } = asked;
          if (operation === 'subscription') return null;
          const byName = compiled.get(document) ?? new Map<string, Compiled | null>();
          compiled.set(document, byName);
          const name = request.operationName ?? '';
          let known = byName.get(name);
          if (known === undefined) {
            const made = compileQuery(schema, document, name || undefined, { customJSONSerializer: false });
            known = isCompiledQuery(made) ? { query: made, fields: rootFields(document, asked) } : null;
            byName.set(name, known);
          }
          if (!known) return null;
          const { query, fields } = known;
          const variables = request.variables ?? {};
          const traceparent = request.http?.headers.get('traceparent') ?? null;
          const singleResult = await operations.observe(
            operation,
            fields,
            { variables, traceparent },
            async () => {
              const { data, errors } = (await query.query(
                undefined,
                contextValue,
                variables,
              )) as ExecutionResult;
              return {
                ...(data === undefined ? {} : { data }),
                ...(errors ? { errors: errors.map((error) => formatError(error.toJSON(), error)) } : {}),
              };
            },
          );
          return {
            http: { headers: new HeaderMap() },
            body: { kind: 'single', singleResult },
          } as GraphQLResponse;
        },
      }),
  };
};

export const graphqlModule = () =>
  GraphQLModule.forRootAsync<ApolloDriverConfig>({
    driver: ApolloDriver,
    inject: [Authenticator, CONFIG, Metrics],
    useFactory: (
      authenticator: Authenticator,
      config: ServerConfig,
      metrics: Metrics,
    ): ApolloDriverConfig => ({
      typeDefs: readdirSync(config.schemaDir)
        .filter((file) => file.endsWith('.graphql'))
        .map((file) => readFileSync(path.join(config.schemaDir, file), 'utf8'))
        .join('\n'),
      path: '/graphql',
      resolvers: { Time },
      resolverValidationOptions: { requireResolversForResolveType: 'ignore' },
      inheritResolversFromInterfaces: true,
      transformSchema: lazyFields,
      graphiql: false,
      playground: false,
      introspection: true,
      includeStacktraceInErrorResponses: false,
      parseOptions: { maxTokens: MAX_TOKENS },
      validationRules: limitRules,
      formatError,
      plugins: [introspection(), jit(new Operations(metrics))],
      context: async (request: FastifyRequest): Promise<RequestContext> => ({
        actor: await authenticator.actorOf(tokenOf(request.headers)),
        publicUrl: publicUrlOf(request.raw, config.publicUrl),
      }),
    }),
  });
