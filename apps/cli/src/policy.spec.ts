import { expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { cliForSuite } from './cli.testing.js';

const { serve, openpro, at } = cliForSuite();

const document = {
  rules: [{ user: 'ada', priority: 20 }],
  limits: [],
  profiles: [],
  fair: false,
  quotas: [],
};
const policy = {
  __typename: 'QueuePolicy',
  version: 3,
  document,
  reason: 'for the night',
  setAt: 0,
  setBy: { name: 'Alice' },
  warnings: ['Less than what runs now'],
  use: { rules: [4], quotas: [[{ name: 'Ada', count: 3 }]], storage: [[{ name: 'Ada', count: 70 }]] },
};

it('shows the policy as the file that sets it, based on the version that was seen', async () => {
  const fake = await serve({ queuePolicy: () => policy, setQueuePolicy: () => ({ ...policy, version: 4 }) });
  const { stdout, stderr } = await openpro('policy', 'show');
  expect(JSON.parse(stdout)).toEqual({ version: 3, ...document });
  expect(stderr).toContain('Less than what runs now');
  await writeFile(at('policy.json'), stdout);
  const set = await openpro('policy', 'set', at('policy.json'), '--reason', 'new seats');
  expect([set.code, set.stdout]).toEqual([
    0,
    'Version 4 of the policy holds now.\nrule 1 fits 4 waiting\nquota 1: Ada 3 jobs\nquota 1: Ada keeps 70 MiB\n',
  ]);
  expect(fake.callsOf('SetQueuePolicy')).toMatchObject([
    { variables: { policy: document, reason: 'new seats', basedOn: 3 } },
  ]);
});

it('says what is wrong with a file before anything is sent', async () => {
  const fake = await serve({});
  expect((await openpro('policy', 'set', at('nothing.json'), '--reason', 'x')).code).toBe(2);
  for (const [text, said] of [
    ['{', 'is not JSON'],
    ['[]', 'has no policy in it'],
    ['{"rules":[]}', 'on which version it is based'],
  ] as const) {
    await writeFile(at('wrong.json'), text);
    const { code, stderr } = await openpro('policy', 'set', at('wrong.json'), '--reason', 'x');
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  }
  await writeFile(at('good.json'), '{"version":0}');
  expect((await openpro('policy', 'set', at('good.json'))).code).toBe(2);
  expect(await readFile(at('good.json'), 'utf8')).toBe('{"version":0}');
  expect(fake.calls).toEqual([]);
});

it('says when somebody else was faster', async () => {
  await serve({
    setQueuePolicy: () => ({
      __typename: 'Conflict',
      code: 'PolicyChanged',
      message: 'version 4 holds by now',
    }),
  });
  await writeFile(at('old.json'), '{"version":3}');
  const { code, stderr } = await openpro('policy', 'set', at('old.json'), '--reason', 'x');
  expect([code, stderr]).toEqual([3, expect.stringContaining('version 4 holds by now')]);
});

it('lists who has set what, when and why', async () => {
  await serve({ queuePolicyHistory: () => ({ nodes: [policy], pageInfo: { hasNextPage: false } }) });
  const { stdout } = await openpro('policy', 'history');
  expect(stdout).toMatch(/^version +set +by +reason\n +3 .* Alice +for the night\n$/);
});
