import { expect, it } from '@jest/globals';
import type { AggregateCommand } from '@openpro/eventstore';
import type { Refusal } from '@openpro/kernel';
import type { Actor } from '@openpro/platform';
import { behind } from './quotas.js';
import { aRequest } from './request.fixture.js';
import { SubmittingChildJobs } from './submitting-child-jobs.js';

it('counts a job of a job for the roles and groups with which its parent was submitted', async () => {
  const seen: unknown[] = [];
  const children = new SubmittingChildJobs(
    {
      execute: (command: AggregateCommand<unknown>) => {
        seen.push(command);
        return Promise.resolve({ is: 'done' });
      },
    } as never,
    {
      within: (actor: Actor, _command: unknown, _jobs: number, submit: () => Promise<unknown>) => {
        seen.push(actor);
        return submit();
      },
    } as never,
  );
  const groups = ['user', 'night', 'auditor', 'planners'];
  await children.submit('b0b0b0b0-0000-4000-8000-000000000001', { ...aRequest, groups }, 1, {
    procedure: 'part',
    args: {},
  });
  expect(seen).toMatchObject([
    { roles: ['user', 'auditor'], groups: ['night', 'planners'] },
    { command: { groups }, meta: { roles: ['user', 'auditor'] } },
  ]);
});

it('a running job waits where nobody can count what its owner has just now, and is refused nothing', async () => {
  const answers: (Refusal | undefined)[] = [behind.why, undefined];
  const children = new SubmittingChildJobs(
    { execute: () => Promise.resolve({ is: 'done' }) } as never,
    {
      within: (_who: Actor, _what: unknown, _jobs: number, submit: () => Promise<unknown>) =>
        Promise.resolve(answers.shift() ?? submit()),
    } as never,
  );
  const order = { procedure: 'part', args: {} };
  expect(await children.submit('b0b0b0b0-0000-4000-8000-000000000001', aRequest, 1, order)).toEqual(
    expect.any(String),
  );
  expect(answers).toEqual([]);
});
