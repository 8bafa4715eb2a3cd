import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { Author, ENDLESS } from './apps.js';
import { People } from './people.js';
import { type Api, Platform } from './platform.js';

jest.setTimeout(120_000);

interface Job {
  readonly id: string;
  readonly state: string;
  readonly waitingFor: string | null;
}
type Person = Api & { userId: string };

const JOB = 'id state waitingFor';

describe('groups of users', () => {
  const platform = new Platform(undefined, ['--servers', '2', '--slots', '2']);
  let people: People;
  let admin: Api;
  let ada: Person;
  let bob: Person;

  const setGroups = (api: Api, user: string, groups: readonly string[], basedOn: readonly string[]) =>
    api.change<{ code: string; groups: string[]; limit: string | null }>(
      'setUserGroups',
      '$user: ID!, $groups: [String!]!, $basedOn: [String!]!',
      { user, groups, basedOn },
      '... on User { groups }',
    );
  const submit = (api: Api) =>
    api.change<Job & { code: string }>(
      'submitJob',
      '$input: SubmitJob!',
      { input: { app: 'runs', procedure: 'solve' } },
      `... on Job { ${JOB} }`,
    );
  const running = (api: Api, id: string) => api.job<Job>(id, JOB, ({ state }) => state === 'RUNNING');
  const waits = (api: Api, id: string, words: string) =>
    api.job<Job>(id, JOB, ({ waitingFor }) => waitingFor?.includes(words) ?? false);
  const policyOf = (group: string) =>
    admin.change<{ version: number; warnings: string[] }>(
      'setQueuePolicy',
      '$policy: JSON!, $reason: String!, $basedOn: Int!',
      {
        policy: { limits: [{ per: 'group', pattern: group, running: 1 }] },
        reason: 'a test',
        basedOn: group === 'planers' ? 0 : 1,
      },
      '... on QueuePolicy { version warnings }',
    );

  beforeAll(async () => {
    await platform.start();
    admin = await platform.signIn();
    people = new People(platform);
    ada = await people.add('Ada', ['user']);
    bob = await people.add('Bob', ['user']);
    const author = await Author.of(admin);
    await author.trust();
    await author.app('runs', ENDLESS);
  });
  afterAll(async () => {
    await people.close();
    await platform.remove();
  });

  it('are set by an administrator, as he saw them; a role is none', async () => {
    expect(await setGroups(admin, ada.userId, ['planners', 'night'], [])).toMatchObject({
      groups: ['night', 'planners'],
    });
    expect(await setGroups(admin, bob.userId, ['planners'], [])).toMatchObject({ groups: ['planners'] });
    expect(await setGroups(admin, bob.userId, ['rome'], [])).toMatchObject({
      __typename: 'Conflict',
      code: 'GroupsChanged',
    });
    expect(await setGroups(admin, bob.userId, ['auditor'], ['planners'])).toMatchObject({
      __typename: 'BadInput',
      field: 'groups',
    });
    expect(
      await admin.ask('{ users { nodes { name roles groups } } groups { nodes { name members } } }'),
    ).toEqual({
      users: {
        nodes: [
          { name: 'Ada', roles: ['user'], groups: ['night', 'planners'] },
          { name: 'Administrator', roles: ['administrator'], groups: [] },
          { name: 'Bob', roles: ['user'], groups: ['planners'] },
        ],
      },
      groups: {
        nodes: [
          { name: 'night', members: 1 },
          { name: 'planners', members: 2 },
        ],
      },
    });
  });

  it('are limited together; who leaves one runs at once, without signing in again', async () => {
    expect((await policyOf('planers')).warnings).toEqual([
      expect.stringContaining('Nobody is in a group planers'),
    ]);
    expect((await policyOf('planners')).warnings).toEqual([]);
    const first = await submit(ada);
    await running(ada, first.id);
    const second = await submit(bob);
    await waits(bob, second.id, 'Waits for the limit of group planners: 1 of 1 taken');

    expect(await setGroups(admin, bob.userId, [], ['planners'])).toMatchObject({ groups: [] });
    expect(await bob.ask('{ me { groups } }')).toEqual({ me: { groups: [] } });
    await running(bob, (await submit(bob)).id);
    // What was submitted before keeps its groups.
    await waits(bob, second.id, 'Waits for the limit of group planners: 1 of 1 taken');
    await admin.change('terminateJob', '$id: ID!', { id: first.id }, '');
    await running(bob, second.id);
  });

  it('are those of now also on a connection that was opened before', async () => {
    const client = createClient({
      url: `${platform.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { token: bob.token },
      lazy: false,
    });
    const groups = async () => {
      for await (const { data } of client.iterate<{ me: { groups: string[] } }>({
        query: '{ me { groups } }',
      }))
        return data?.me.groups;
      throw new Error('There was no answer');
    };
    try {
      expect(await groups()).toEqual([]);
      await setGroups(admin, bob.userId, ['night'], []);
      expect(await groups()).toEqual(['night']);
    } finally {
      await client.dispose();
    }
  });

  it('are changed on the command line, too', async () => {
    const { code, output } = await platform.cli(
      'user',
      'groups',
      'Bob',
      '--add',
      'rome',
      '--remove',
      'night',
    );
    expect([code, output]).toEqual([0, expect.stringMatching(/groups +rome/)]);
    expect((await platform.cli('group', 'list')).output).toMatch(/rome +1/);
  });
});
