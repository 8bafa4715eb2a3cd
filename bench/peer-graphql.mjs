// A job list behind GraphQL as one writes it with the usual packages: `node peer-graphql.mjs <kind> <database URL>`.
// A program of its own; it tells its parent the port. No sign-in, no limits, no rights: less work than ours does.
import DataLoader from 'dataloader';
import pg from 'pg';

const [, , kind, databaseUrl] = process.argv;

const typeDefs = `
  scalar Time
  enum JobState { QUEUED RUNNING COMPLETED INTERRUPTED TIME_LIMIT INFEASIBLE UNBOUNDED FAILED CANCELLED ABANDONED }
  type AppVersion { id: ID! name: String! version: String! title: String! }
  type User { id: ID! name: String! }
  type Job {
    id: ID! procedure: String! description: String! state: JobState! priority: Int!
    queuedAt: Time! startedAt: Time endedAt: Time objective: Float gap: Float
    app: AppVersion! owner: User!
  }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type JobConnection { nodes: [Job!]! pageInfo: PageInfo! }
  type Query { jobs(first: Int = 50, after: String): JobConnection! }
`;

pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const pool = new pg.Pool({ connectionString: databaseUrl });

const byId = (table, columns) => async (ids) => {
  const { rows } = await pool.query(`SELECT ${columns} FROM ${table} WHERE id = ANY($1)`, [ids]);
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id));
};

/** One per request: looks each app and each owner up once, all of them in one query. */
const context = () => ({
  apps: new DataLoader(byId('app_version', 'id, name, version, title')),
  users: new DataLoader(byId('user_list', 'id, name')),
});

const resolvers = {
  Query: {
    jobs: async (_, { first, after }) => {
      const [at, id] = after ? JSON.parse(Buffer.from(after, 'base64url')) : [Number.MAX_SAFE_INTEGER, ''];
      const { rows } = await pool.query(
        `SELECT id, procedure, description, state, priority, queued_at, started_at, ended_at, objective, gap,
                environment, app, version, owner
         FROM job_list WHERE environment = 'ROOT' AND (queued_at, id) < ($1, $2)
         ORDER BY queued_at DESC, id DESC LIMIT $3`,
        [at, id, first + 1],
      );
      const nodes = rows.slice(0, first);
      const last = nodes.at(-1);
      const endCursor = last && Buffer.from(JSON.stringify([last.queued_at, last.id])).toString('base64url');
      return { nodes, pageInfo: { hasNextPage: rows.length > first, endCursor } };
    },
  },
  Job: {
    state: ({ state }) => state.replaceAll(/[A-Z]/g, '_$&').toUpperCase(),
    queuedAt: ({ queued_at }) => queued_at,
    startedAt: ({ started_at }) => started_at,
    endedAt: ({ ended_at }) => ended_at,
    app: ({ environment, app, version }, _, { apps }) => apps.load(`${environment}:${app}:${version}`),
    owner: ({ owner }, _, { users }) => users.load(owner),
  },
  AppVersion: { id: ({ name, version }) => `${name}:${version}` },
};

const apolloServer = async (plugins = []) => {
  const { ApolloServer } = await import('@apollo/server');
  const server = new ApolloServer({ typeDefs, resolvers, plugins });
  await server.start();
  return server;
};

const listenFastify = async (app) => {
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server.address().port;
};

const kinds = {
  express: async () => {
    const { default: express } = await import('express');
    const { expressMiddleware } = await import('@as-integrations/express5');
    const app = express();
    const middleware = expressMiddleware(await apolloServer(), { context: async () => context() });
    app.use('/graphql', express.json(), middleware);
    return new Promise((resolve) => {
      const server = app.listen(0, '127.0.0.1', () => resolve(server.address().port));
    });
  },
  fastify: async () => {
    const { default: Fastify } = await import('fastify');
    const { default: fastifyApollo, fastifyApolloDrainPlugin } = await import('@as-integrations/fastify');
    const app = Fastify();
    const server = await apolloServer([fastifyApolloDrainPlugin(app)]);
    await app.register(fastifyApollo(server), { context: async () => context() });
    return listenFastify(app);
  },
  mercurius: async () => {
    const { default: Fastify } = await import('fastify');
    const { default: mercurius } = await import('mercurius');
    const app = Fastify();
    await app.register(mercurius, { schema: typeDefs, resolvers, context, jit: 1 });
    return listenFastify(app);
  },
};

process.send(await kinds[kind]());
process.on('disconnect', () => process.exit());
