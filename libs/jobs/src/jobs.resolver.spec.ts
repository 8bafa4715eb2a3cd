import { expect, it } from '@jest/globals';
import { refuse, uuidv7 } from '@openpro/kernel';
import type { Actor } from '@openpro/platform';
import { ForJob } from './jobs.commands.js';
import { JobsResolver } from './jobs.resolver.js';
import { aRequest } from './request.fixture.js';

const ada: Actor = {
  id: 'ada',
  name: 'Ada',
  environment: 'ROOT',
  roles: ['user'],
  groups: [],
  tokenHash: null,
  expiresAt: 0,
};

it.each<[string, (resolver: JobsResolver, id: string) => Promise<object>]>([
  [
    'submitted',
    (resolver, commandId) => resolver.submitJob(ada, { input: { procedure: 'solve' }, commandId }),
  ],
  ['repeated', (resolver, commandId) => resolver.repeatJob(ada, { id: 'first', commandId })],
  ['cloned', (resolver, commandId) => resolver.cloneJob(ada, { id: 'first', changes: {}, commandId })],
])('a job that is %s is refused where no more may wait for the one that it waits for', async (_how, ask) => {
  const id = uuidv7();
  const done: string[] = [];
  const command = () =>
    Promise.resolve(
      new ForJob(id, { type: 'SubmitJob', ...aRequest }, { commandId: id, actor: 'ada', roles: [] }),
    );
  const full = refuse('TooManyDependents', 'as many wait as may', { field: 'after' });
  const resolver = new JobsResolver(
    { row: () => Promise.resolve({ owner: 'ada', environment: 'ROOT' }) } as never,
    { command, repeat: command, clone: command, admitted: () => Promise.resolve(full) } as never,
    { change: () => Promise.resolve(done.push('submitted')) } as never,
    {} as never,
    {} as never,
    { within: (_who: unknown, _what: unknown, _jobs: number, submit: () => unknown) => submit() } as never,
  );
  expect(await ask(resolver, id)).toMatchObject({ code: 'TooManyDependents', field: 'after' });
  expect(done).toEqual([]);
});
