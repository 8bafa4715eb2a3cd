import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Role } from '@openpro/kernel';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  getNamedType,
  OperationTypeNode,
} from 'graphql';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Author, solving } from './apps.js';
import { People } from './people.js';
import { Api, Platform } from './platform.js';

jest.setTimeout(60_000);

const schema = buildSchema(
  readdirSync('schema')
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => readFileSync(path.join('schema', file), 'utf8'))
    .join('\n'),
);

type Field = GraphQLField<unknown, unknown>;
const fieldsOf = (operation: OperationTypeNode): Field[] =>
  Object.values(schema.getRootType(operation)?.getFields() ?? {});

/** Some value of the type, as text in a query; \`text\` stands wherever text may stand. */
const literal = (type: GraphQLInputType, text: string): string => {
  if (isNonNullType(type)) return literal(type.ofType, text);
  if (isListType(type)) return '[]';
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type))
    return `{ ${Object.values(type.getFields())
      .filter(({ type: inner }) => isNonNullType(inner))
      .map(({ name, type: inner }) => `${name}: ${literal(inner, text)}`)
      .join(', ')} }`;
  return ['Int', 'Float', 'Time'].includes(type.name)
    ? '1'
    : type.name === 'Boolean'
      ? 'true'
      : JSON.stringify(text);
};

/** The smallest operation that reaches the field. */
const operationOn = (operation: OperationTypeNode, { name, args, type }: Field, text = 'x'): string => {
  const required = args.filter((arg) => isNonNullType(arg.type));
  const given = required.map((arg) => `${arg.name}: ${literal(arg.type, text)}`).join(', ');
  const selection = isCompositeType(getNamedType(type)) ? ' { __typename }' : '';
  return `${operation} { ${name}${given ? `(${given})` : ''}${selection} }`;
};

const READ: Role[] = ['user', 'auditor'];
const LOOK_UP: Role[] = [...READ, 'app-publisher', 'engine-publisher'];
/** Who may do what, besides the administrator, who may do all. A field that is not here fails the test. */
const ALLOWED: Readonly<Record<OperationTypeNode, Readonly<Record<string, readonly Role[]>>>> = {
  query: {
    platform: READ,
    me: READ,
    users: ['auditor'],
    groups: ['auditor'],
    engines: LOOK_UP,
    engine: LOOK_UP,
    apps: [...READ, 'app-publisher'],
    app: [...READ, 'app-publisher'],
    publisherKeys: ['auditor'],
    nodes: READ,
    licences: ['auditor'],
    licence: ['auditor'],
    clusterTimeline: ['auditor'],
    jobChoices: ['user'],
    queuePolicy: ['auditor'],
    queuePolicyHistory: ['auditor'],
    events: ['auditor'],
    jobs: READ,
    job: READ,
    batches: READ,
    batch: READ,
    schedules: READ,
    schedule: READ,
    dueTimes: READ,
    jobStatistics: READ,
    tariff: READ,
    tariffHistory: ['auditor'],
    sessions: READ,
    session: READ,
    cases: READ,
    case: READ,
    storage: LOOK_UP,
  },
  mutation: {
    signOut: READ,
    issueSignInLink: READ,
    setUserGroups: [],
    requestUpload: ['user', 'app-publisher', 'engine-publisher'],
    removeStored: ['user', 'app-publisher', 'engine-publisher'],
    publishEngine: ['engine-publisher'],
    retireEngine: ['engine-publisher'],
    publishApp: ['app-publisher'],
    hideApp: ['app-publisher'],
    moveLatest: ['app-publisher'],
    trustKey: [],
    revokeKey: [],
    submitJob: ['user'],
    repeatJob: ['user'],
    cloneJob: ['user'],
    prioritizeJob: ['user'],
    interruptJob: ['user'],
    terminateJob: ['user'],
    submitBatch: ['user'],
    retryBatch: ['user'],
    cancelBatch: ['user'],
    makeSchedule: ['user'],
    changeSchedule: ['user'],
    pauseSchedule: ['user'],
    resumeSchedule: ['user'],
    deleteSchedule: ['user'],
    setTariff: [],
    launchSession: ['user'],
    endSession: ['user'],
    leaveLine: ['user'],
    setData: ['user'],
    runProcedure: ['user'],
    saveCase: ['user'],
    loadCase: ['user'],
    drainNode: [],
    resumeNode: [],
    inviteServer: [],
    removeNode: [],
    setQueuePolicy: [],
    defineLicence: [],
    freeSeat: [],
  },
  subscription: {
    events: ['auditor'],
    jobChanged: READ,
    jobsChanged: READ,
    jobProgress: READ,
    batchChanged: READ,
    sessionChanged: READ,
    clusterChanged: READ,
  },
};

describe('authorization', () => {
  const platform = new Platform();
  let people: People;
  let administrator: Api;

  beforeAll(async () => {
    await platform.start();
    administrator = await platform.signIn();
    people = new People(platform);
  });

  afterAll(async () => {
    await people.close();
    await platform.remove();
  });

  const codeOf = async (api: Api, operation: string): Promise<unknown> =>
    (await api.raw(operation)).body.errors?.[0]?.extensions['code'];

  describe('of every field', () => {
    it.each(Object.values(OperationTypeNode))('is written down here for each %s', (operation) => {
      expect(
        fieldsOf(operation)
          .map(({ name }) => name)
          .sort(),
      ).toEqual(Object.keys(ALLOWED[operation]).sort());
    });

    it.each([OperationTypeNode.QUERY, OperationTypeNode.MUTATION])(
      'refuses a %s by nobody, with a made-up token, and with a token that has ended',
      async (operation) => {
        const gone = await people.add('Gone', ['administrator']);
        await gone.change('signOut', '', {}, '... on Ok { ok }');
        for (const api of [
          new Api(platform.url, null),
          new Api(platform.url, 'x'.repeat(43)),
          new Api(platform.url, "' OR 1=1 --"),
          gone,
        ])
          for (const field of fieldsOf(operation))
            expect([field.name, await codeOf(api, operationOn(operation, field))]).toEqual([
              field.name,
              'UNAUTHENTICATED',
            ]);
      },
    );

    it.each<[Role]>([['user'], ['auditor'], ['app-publisher'], ['engine-publisher'], ['administrator']])(
      'gives the role %s what is written down, and nothing else',
      async (role) => {
        const api = await people.add(role, [role]);
        const forbidden: string[] = [];
        const expected: string[] = [];
        for (const operation of [OperationTypeNode.QUERY, OperationTypeNode.MUTATION])
          for (const field of fieldsOf(operation)) {
            if ((await codeOf(api, operationOn(operation, field))) === 'FORBIDDEN')
              forbidden.push(`${operation} ${field.name}`);
            if (role !== 'administrator' && !ALLOWED[operation][field.name]?.includes(role))
              expected.push(`${operation} ${field.name}`);
          }
        expect(forbidden).toEqual(expected);
      },
    );

    it.each<[Role]>([['user'], ['auditor'], ['app-publisher'], ['engine-publisher']])(
      'holds over the websocket as well, for the role %s',
      async (role) => {
        const api = await people.add(role, [role]);
        const refused = (operation: string): Promise<void> =>
          expect(api.until(operation, {}, () => true)).rejects.toThrow('FORBIDDEN');
        for (const operation of Object.values(OperationTypeNode))
          for (const field of fieldsOf(operation))
            if (!ALLOWED[operation][field.name]?.includes(role)) await refused(operationOn(operation, field));
      },
    );
  });

  describe('of every thing', () => {
    let anna: Api & { userId: string };
    let ben: Api & { userId: string };
    let otto: Api & { userId: string };
    let olga: Api & { userId: string };
    let upload: string;
    let session: string;
    let job: string;
    let saved: string;
    let schedule: string;

    const yearly = { name: 'yearly', when: { cron: '0 0 1 1 *', zone: 'UTC' } };

    const change = (api: Api, field: string, types: string, args: Record<string, unknown>) =>
      api.change<{ code?: string }>(field, types, args, '');

    beforeAll(async () => {
      [anna, ben, otto, olga] = await Promise.all([
        people.add('Anna', ['user', 'app-publisher']),
        people.add('Ben', ['user', 'app-publisher']),
        people.add('Otto', ['user', 'auditor']),
        people.add('Olga', ['administrator'], 'OTHER'),
      ]);
      const author = await Author.of(administrator);
      await author.trust();
      await author.app(
        'waits',
        solving(
          "while (!ctx.signal.aborted) { ctx.log('waits'); await new Promise((next) => setTimeout(next, 50)); }",
        ),
      );
      upload = await anna.upload(
        'APP',
        'anna.app',
        await author.packApp({ name: 'annas', model: solving('') }),
      );
      session = (
        await anna.change<{ id: string }>(
          'launchSession',
          '$app: String!',
          { app: 'waits' },
          '... on Session { id }',
        )
      ).id;
      await anna.until<{ sessionChanged: { session: { state: string } } }>(
        'subscription($id: ID!) { sessionChanged(id: $id) { session { state } } }',
        { id: session },
        ({ sessionChanged }) => sessionChanged.session.state === 'READY',
      );
      saved = (
        await anna.change<{ id: string }>(
          'saveCase',
          '$session: ID!, $name: String!',
          { session, name: "Anna's" },
          '... on Case { id }',
        )
      ).id;
      job = (
        await anna.change<{ id: string }>(
          'submitJob',
          '$input: SubmitJob!',
          { input: { session, procedure: 'solve' } },
          '... on Job { id }',
        )
      ).id;
      schedule = (
        await anna.change<{ id: string }>(
          'makeSchedule',
          '$job: SubmitJob!, $terms: ScheduleTerms!',
          { job: { app: 'waits', procedure: 'solve' }, terms: yearly },
          '... on Schedule { id }',
        )
      ).id;
      await anna.until<{ jobProgress: { log: string } }>(
        'subscription($id: ID!) { jobProgress(id: $id) { log } }',
        { id: job },
        ({ jobProgress }) => jobProgress.log.includes('waits'),
      );
    });

    const SEE = `query($session: ID!, $job: ID!, $case: ID!, $schedule: ID!) {
      session(id: $session) { id } job(id: $job) { id } case(id: $case) { id } schedule(id: $schedule) { id }
      sessions { nodes { id } } jobs { nodes { id } } cases(kind: "saved") { nodes { id } } schedules { nodes { id } } }`;
    const sees = (api: Api, things: object = { session, job, case: saved, schedule }) => api.ask(SEE, things);
    const nothing = {
      session: null,
      job: null,
      case: null,
      schedule: null,
      sessions: { nodes: [] },
      jobs: { nodes: [] },
      cases: { nodes: [] },
      schedules: { nodes: [] },
    };

    it('lets owners see what is theirs, auditors and administrators what is anybody’s', async () => {
      const all = {
        session: { id: session },
        job: { id: job },
        case: { id: saved },
        sessions: { nodes: [{ id: session }] },
        jobs: { nodes: [{ id: job }] },
        cases: { nodes: [{ id: saved }] },
        schedule: { id: schedule },
        schedules: { nodes: [{ id: schedule }] },
      };
      for (const api of [anna, otto, administrator]) expect(await sees(api)).toEqual(all);
    });

    it('gives others the same answer as for what does not exist, in lists, too, and to administrators of another environment', async () => {
      const unknown = {
        session: randomUUID(),
        job: randomUUID(),
        case: randomUUID(),
        schedule: randomUUID(),
      };
      for (const api of [ben, olga])
        for (const things of [{ session, job, case: saved, schedule }, unknown])
          expect(await sees(api, things)).toEqual(nothing);
      expect(
        await ben.ask('query($owner: ID!) { jobs(filter: { owner: $owner }) { nodes { id } } }', {
          owner: anna.userId,
        }),
      ).toEqual({ jobs: { nodes: [] } });
    });

    it('keeps the apps of an environment in it', async () => {
      expect(await olga.ask('{ app(name: "waits") { name } apps { nodes { name } } }')).toEqual({
        app: null,
        apps: { nodes: [] },
      });
      expect(await change(olga, 'launchSession', '$app: String!', { app: 'waits' })).toMatchObject({
        code: 'NoSuchApp',
      });
    });

    /** Everything that changes Anna's things, or uses them. */
    const changes = (): [field: string, types: string, args: Record<string, unknown>][] => [
      [
        'setData',
        '$session: ID!, $identifier: String!, $cells: [Cell!]!',
        { session, identifier: 'In', cells: [{ tuple: [], value: 5 }] },
      ],
      ['runProcedure', '$session: ID!, $procedure: String!', { session, procedure: 'sum' }],
      ['saveCase', '$session: ID!, $name: String!', { session, name: 'mine' }],
      ['loadCase', '$session: ID!, $case: ID!', { session, case: saved }],
      ['removeStored', '$cases: [ID!]!', { cases: [saved] }],
      ['submitJob', '$input: SubmitJob!', { input: { session, procedure: 'solve' } }],
      ['repeatJob', '$id: ID!', { id: job }],
      ['prioritizeJob', '$id: ID!, $priority: Int!', { id: job, priority: 200 }],
      ['interruptJob', '$id: ID!', { id: job }],
      ['terminateJob', '$id: ID!', { id: job }],
      [
        'makeSchedule',
        '$job: SubmitJob!, $terms: ScheduleTerms!',
        { job: { session, procedure: 'solve' }, terms: yearly },
      ],
      ['changeSchedule', '$id: ID!, $terms: ScheduleTerms!', { id: schedule, terms: yearly }],
      ['pauseSchedule', '$id: ID!, $reason: String!', { id: schedule, reason: 'mine' }],
      ['resumeSchedule', '$id: ID!', { id: schedule }],
      ['deleteSchedule', '$id: ID!', { id: schedule }],
      ['endSession', '$id: ID!', { id: session }],
      ['leaveLine', '$session: ID!', { session }],
    ];
    /** What has happened since, besides that somebody was refused. */
    const since = async (after: string) => {
      const { events } = await administrator.ask<{ events: { nodes: { type: string }[] } }>(
        'query($after: String) { events(first: 200, after: $after) { nodes { type } } }',
        { after },
      );
      return events.nodes.map(({ type }) => type).filter((type) => type !== 'cluster.RefusalRecorded');
    };

    it('lets nobody but the owner change them: others learn nothing, auditors that they may not', async () => {
      const before = await administrator.endOfLog();
      for (const [field, types, args] of changes()) {
        expect([field, await change(ben, field, types, args)]).toEqual([
          field,
          expect.objectContaining({ __typename: 'NotFound' }),
        ]);
        expect([field, await change(olga, field, types, args)]).toEqual([
          field,
          expect.objectContaining({ __typename: 'NotFound' }),
        ]);
        const audited = await change(otto, field, types, args);
        expect(['NotAllowed', 'NotFound']).toContain(audited.__typename);
      }
      expect(await since(before)).toEqual([]);
    });

    it('lets nobody use what another has uploaded or saved', async () => {
      expect(await change(ben, 'publishApp', '$upload: ID!', { upload })).toMatchObject({
        code: 'NoSuchUpload',
      });
      const withCase = { app: 'waits', case: saved, procedure: 'solve' };
      expect(await change(ben, 'submitJob', '$input: SubmitJob!', { input: withCase })).toMatchObject({
        code: 'NoSuchCase',
      });
      const withFile = { app: 'waits', procedure: 'solve', files: [{ identifier: 'Note', upload }] };
      expect(await change(ben, 'submitJob', '$input: SubmitJob!', { input: withFile })).toMatchObject({
        code: 'NoSuchUpload',
      });
      expect(await change(anna, 'publishApp', '$upload: ID!', { upload })).toMatchObject({
        __typename: 'AppVersion',
      });
    });

    it('ends a subscription to another’s things without a word', async () => {
      for (const [field, id] of [
        ['jobChanged', job],
        ['jobProgress', job],
        ['sessionChanged', session],
      ] as const)
        await expect(
          ben.until(`subscription($id: ID!) { ${field}(id: $id) { __typename } }`, { id }, () => true),
        ).rejects.toThrow(/ended before/);
    });

    it('answers 404 at the addresses of another’s files, and 401 to nobody', async () => {
      const get = async (api: Api | null, address: string): Promise<number> =>
        (
          await fetch(
            `${platform.url}${address}`,
            api ? { headers: { authorization: `Bearer ${api.token}` } } : {},
          )
        ).status;
      for (const address of [`/api/cases/${saved}/In.csv`, `/api/jobs/${job}/log?attempt=1`])
        expect([
          address,
          await get(anna, address),
          await get(otto, address),
          await get(ben, address),
          await get(olga, address),
          await get(null, address),
        ]).toEqual([address, 200, 200, 404, 404, 401]);
    });

    it('shows users and groups to those of their environment, whose administrators set groups there alone', async () => {
      const names = async (api: Api) => {
        const { users } = await api.ask<{ users: { nodes: { name: string }[] } }>(
          '{ users { nodes { name } } }',
        );
        return users.nodes.map(({ name }) => name);
      };
      expect(await names(olga)).toEqual(['Olga']);
      expect(await names(otto)).toEqual(expect.arrayContaining(['Anna', 'Ben', 'Otto']));
      const put = (api: Api, user: string) =>
        change(api, 'setUserGroups', '$user: ID!, $groups: [String!]!, $basedOn: [String!]!', {
          user,
          groups: ['planners'],
          basedOn: [],
        });
      expect(await put(olga, anna.userId)).toMatchObject({ code: 'NoSuchUser' });
      expect(await put(administrator, randomUUID())).toMatchObject({ code: 'NoSuchUser' });
      expect(await put(olga, olga.userId)).toMatchObject({ __typename: 'User' });
      expect(await otto.ask('{ groups { nodes { name } } }')).toEqual({ groups: { nodes: [] } });
    });

    it('lets an administrator alone have a waiting job pass others', async () => {
      const prioritize = (api: Api, priority: number) =>
        change(api, 'prioritizeJob', '$id: ID!, $priority: Int!', { id: job, priority });
      expect(await prioritize(anna, 99)).toMatchObject({ code: 'BadInput' });
      expect(await prioritize(administrator, 0)).toMatchObject({ code: 'BadInput' });
      for (const [api, priority] of [
        [anna, 100],
        [administrator, 1],
      ] as const)
        expect(await prioritize(api, priority)).toMatchObject({ code: 'NotWaiting' });
    });

    it('lets an administrator stop what anybody runs, and nobody raise a priority', async () => {
      expect(await change(administrator, 'interruptJob', '$id: ID!', { id: job })).toMatchObject({
        __typename: 'Job',
      });
      for (const api of [anna, administrator])
        expect(
          await change(api, 'submitJob', '$input: SubmitJob!', {
            input: { app: 'waits', procedure: 'solve', priority: 1 },
          }),
        ).toMatchObject({ code: 'BadInput' });
    });
  });
});
