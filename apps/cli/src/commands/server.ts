import type { Command } from 'commander';
import os from 'node:os';
import path from 'node:path';
import { isUuid, NODE_ROLES } from '@openpro/kernel';
import type { Api } from '../api.js';
import { atTerminal, confirm } from '../confirm.js';
import { action, type Context } from '../context.js';
import { EXIT, Failure } from '../failure.js';
import { duration, fields, table, time } from '../format.js';
import {
  DrainServerDocument,
  InviteServerDocument,
  type NodeFieldsFragment as Server,
  RemoveServerDocument,
  ResumeServerDocument,
  ServersDocument,
  ServerStatusDocument,
} from '../generated/graphql.js';
import { allPages } from '../pages.js';
import { parseSeconds } from '../values.js';
import { workThere, watchDrain } from '../watch-drain.js';

const ALL = 100_000;

const serverTable = (servers: readonly Server[]): string =>
  table(
    [
      'name',
      'state',
      'leader',
      'roles',
      'labels',
      'jobs',
      'slots',
      'sessions',
      'version',
      'joined',
      'last beat',
      'id',
    ],
    servers.map((server) => [
      server.name,
      server.state,
      server.leader ? 'yes' : '',
      server.roles.join(' '),
      server.labels.join(' '),
      server.runningJobs,
      server.slots,
      server.sessions,
      server.version,
      server.joinedAt === null ? '' : time(server.joinedAt),
      server.lastBeat === null ? '' : `${((Date.now() - server.lastBeat) / 1000).toFixed(1)} s ago`,
      server.id,
    ]),
  );

const servers = (api: Api, removed = false): Promise<Server[]> =>
  allPages(ALL, async (page) => (await api.query(ServersDocument, { ...page, removed })).nodes);

/** The one server of this name or id; a name that several have is no name. */
const findServer = async (api: Api, text: string): Promise<Server> => {
  const all = await servers(api);
  const found = isUuid(text.toLowerCase())
    ? all.filter(({ id }) => id === text.toLowerCase())
    : all.filter(({ name }) => name === text);
  const [server] = found;
  if (!server)
    throw new Failure(EXIT.notFound, `There is no server "${text}"`, {
      code: 'NoSuchNode',
      hint: 'openpro server list shows them',
    });
  if (found.length > 1)
    throw new Failure(EXIT.usage, `${found.length} servers have the name "${text}"`, {
      code: 'AmbiguousName',
      field: 'server',
      limit: found.map(({ id, state }) => `${id} (${state})`).join(', '),
    });
  return server;
};

const invite = async (context: Context, name: string, { roles }: { readonly roles: string }) => {
  const api = await context.api();
  const wanted = roles.split(',').map((role) => role.trim());
  const invitation = await api.mutate(InviteServerDocument, { name, roles: wanted });
  const { address, token, expiresAt } = invitation;
  context.screen.result(invitation, () =>
    [
      `On the new server, until ${time(expiresAt)}, once:`,
      '',
      `  npx openpro server join ${address} ${token} --name ${name}`,
      '',
      'Whoever has this token can join in its place: pass it on as you would a password.',
      ...(/^(127\.|localhost:|\[::1\])/.test(address)
        ? [
            '',
            `! ${address} is reached from this machine only. For others, start the servers of the cluster with --link-host, --link-port and --link-advertise.`,
          ]
        : []),
    ].join('\n'),
  );
};

interface JoinOptions {
  readonly name?: string;
  readonly data?: string;
}

/** Needs no sign-in: the token is the right to join. */
const join = async ({ screen }: Context, address: string, token: string, { name, data }: JoinOptions) => {
  const { joinCluster, NotJoined } = await import('../joining.js');
  const folder = path.resolve(data ?? process.env['OPENPRO_DATA'] ?? '.openpro');
  try {
    const joined = await joinCluster(address, token, name ?? os.hostname(), folder);
    const start = `npm start -- --data ${path.relative(process.cwd(), folder) || '.'}`;
    screen.result({ ...joined, data: folder }, () =>
      [
        `${joined.name} may take part in the cluster, as ${joined.roles.join(', ')}. Start it:`,
        '',
        joined.roles.includes('pro')
          ? `  DATABASE_URL=… ${start} --storage FOLDER --link-host 0.0.0.0 --link-port 4700 --link-advertise HOST:4700`
          : `  ${start}`,
        '',
        joined.roles.includes('pro')
          ? 'with the database and the storage of the cluster, and where its other servers reach this one: docs/cluster.md'
          : 'with --host, --tls-cert and --tls-key where it is reached from outside: docs/cluster.md',
      ].join('\n'),
    );
  } catch (error) {
    if (!(error instanceof NotJoined)) throw error;
    const exit = { BadInput: EXIT.usage, OtherServer: EXIT.usage, Unreachable: EXIT.unreachable }[error.code];
    throw new Failure(exit ?? EXIT.refused, error.message, { code: error.code });
  }
};

interface DrainOptions {
  readonly reason?: string;
  readonly grace?: number;
  readonly watch?: boolean;
  readonly yes?: boolean;
}

const drain = async (context: Context, text: string, { reason, grace, watch, yes }: DrainOptions) => {
  const api = await (watch ? context.patientApi() : context.api());
  const { screen } = context;
  const server = await findServer(api, text);
  const { id, name } = server;
  const work = workThere(server);
  // Nothing is lost, and resume undoes it: a script need not say yes.
  if (work && !yes && atTerminal())
    await confirm(
      `${name} gets no new work; ${work} there end or are moved within ${duration(grace ?? 300)}, and no attempt is charged.`,
    );
  const drained = await api.mutate(DrainServerDocument, {
    id,
    reason,
    graceS: grace === undefined ? undefined : Math.ceil(grace),
  });
  if (!watch) {
    const left = workThere(drained);
    const until = drained.drain && time(drained.drain.until);
    screen.result(drained, () =>
      left
        ? `${name} gets no new work; ${left} may go on there until ${until}. Follow it with: openpro server drain ${name} --watch`
        : `${name} gets no new work, and nothing runs there.`,
    );
    return EXIT.ok;
  }
  const last = await watchDrain(api, screen, drained);
  if (!last) {
    screen.note(`No longer watching; the drain goes on. End it with: openpro server resume ${name}`);
    return EXIT.detached;
  }
  screen.result(last, () => `Nothing runs on ${name} any more.`);
  return EXIT.ok;
};

interface RemoveOptions {
  readonly reason?: string;
  readonly force?: boolean;
  readonly yes?: boolean;
}

const remove = async (context: Context, text: string, { reason, force, yes }: RemoveOptions) => {
  const api = await context.api();
  const server = await findServer(api, text);
  const { id, name } = server;
  const work = workThere(server);
  const lost = work && force ? ` ${work} there are cut off: jobs start again elsewhere, sessions end.` : '';
  if (!yes) await confirm(`${name} (${server.state}) leaves the cluster for ever.${lost}`);
  const removed = await api.mutate(RemoveServerDocument, { id, reason, force });
  context.screen.result(removed, () => `${name} was removed from the cluster.`);
};

/** The platform and its servers. */
export const addServer = (program: Command): void => {
  const server = program.command('server').description('the platform and its servers');

  action(server.command('status').description('versions, servers, load'), async (context) => {
    const api = await context.api();
    const { platform, nodes } = await api.query(ServerStatusDocument, {});
    context.screen.result({ url: api.url, platform, nodes: nodes.nodes }, () =>
      [
        fields([
          ['server', api.url],
          ['version', platform.version],
          ['started', time(platform.startedAt)],
        ]),
        serverTable(nodes.nodes),
      ].join('\n\n'),
    );
  });

  action(
    server
      .command('list')
      .description('list the servers of the cluster, with state and load')
      .option('--removed', 'also those that were removed'),
    async (context, { removed }: { removed?: boolean }) => {
      const all = await servers(await context.api(), removed);
      context.screen.result(all, () => serverTable(all));
    },
  );

  action(
    server
      .command('invite')
      .description('make a one-time token, good for 15 minutes, with which a new server joins')
      .argument('<name>', 'the name that the new server will have')
      .option('--roles <list>', 'what it may run', NODE_ROLES.join(',')),
    invite,
  );

  action(
    server
      .command('join')
      .description('let the server of this folder join a cluster, with a token of openpro server invite')
      .argument('<address>', 'host:port of a server’s link, as invite prints it')
      .argument('<token>', 'good once')
      .option('--name <name>', 'of this server, as it was invited (default: the host’s name)')
      .option('--data <folder>', 'of this server (default .openpro, or $OPENPRO_DATA)'),
    join,
  );

  action(
    server
      .command('drain')
      .description('give a server no new work; what runs there may go on for a grace time and is then moved')
      .argument('<server>', 'its name or id')
      .option('--reason <text>', 'for the record')
      .option('--grace <time>', 'how long what runs there may go on (default 5m)', parseSeconds)
      .option('--watch', 'wait until nothing runs there')
      .option('--yes', 'do not ask'),
    drain,
  );

  action(
    server
      .command('resume')
      .description('let a drained server work again')
      .argument('<server>', 'its name or id'),
    async (context, text: string) => {
      const api = await context.api();
      const { id } = await findServer(api, text);
      const resumed = await api.mutate(ResumeServerDocument, { id });
      context.screen.result(resumed, () =>
        resumed.state === 'joined'
          ? `${resumed.name} takes work again.`
          : `${resumed.name} is ${resumed.state}: it takes work as soon as it runs again.`,
      );
    },
  );

  action(
    server
      .command('remove')
      .description('take a server out of the cluster for ever; drain it first')
      .argument('<server>', 'its name or id')
      .option('--reason <text>', 'for the record')
      .option('--force', 'also while it works: its jobs start again elsewhere, its sessions end')
      .option('--yes', 'do not ask'),
    remove,
  );
};
