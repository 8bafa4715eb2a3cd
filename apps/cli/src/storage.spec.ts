import { expect, it } from '@jest/globals';
import { cliForSuite } from './cli.testing.js';

const { serve, openpro } = cliForSuite();

const JOB = '0198f3a0-7c1e-7a2b-8c3d-000000000001';
const CASE = '0198f3a0-7c1e-7a2b-8c3d-000000000002';
const MIB = 1024 ** 2;
const use = { used: 3 * MIB, quotas: [{ per: 'user', name: 'Ada', used: 3 * MIB, limit: 4 * MIB }] };
const result = {
  ...{ id: `${JOB}:result`, kind: 'result', name: 'Tuesday', app: 'cutting', job: JOB },
  ...{ bytes: 2 * MIB, createdAt: 0 },
};
const tidy = (text: string) => text.replaceAll(/ +/g, ' ');

it('lists what one keeps, with what the quotas leave', async () => {
  const kept = { nodes: [result], pageInfo: { hasNextPage: false, endCursor: null } };
  await serve({ storage: () => ({ ...use, kept }) });
  const { stdout } = await openpro('storage', 'list');
  expect(tidy(stdout)).toMatch(/^You keep 3.0 MiB \(user Ada: 3.0 MiB of 4.0 MiB\)\.\n/);
  expect(tidy(stdout)).toMatch(new RegExp(`2.0 MiB result Tuesday cutting .* ${JOB}:result`));
  const { stdout: json } = await openpro('storage', 'list', '--json');
  expect(JSON.parse(json)).toEqual({ ...use, kept: [result] });
});

it('removes nothing unasked, and says how much room it makes', async () => {
  const fake = await serve({
    storage: () => ({ room: 2 * MIB }),
    removeStored: () => ({ __typename: 'Storage', ...use, used: MIB }),
  });
  const unasked = await openpro('case', 'remove', CASE, `${JOB}:result`);
  expect([unasked.code, unasked.stderr]).toEqual([
    2,
    expect.stringContaining('To remove these 2 cases is for ever, and makes 2.0 MiB of room.'),
  ]);
  expect(fake.callsOf('RemoveStored')).toEqual([]);
  const { stdout } = await openpro('case', 'remove', CASE, `${JOB}:result`, '--yes');
  expect(stdout).toContain('Removed these 2 cases: 2.0 MiB of room. You keep 1.0 MiB');
  expect((await openpro('upload', 'remove', CASE, '--yes')).stdout).toContain('Removed this upload');
  expect(fake.callsOf('RemoveStored')).toMatchObject([
    { variables: { cases: [CASE, `${JOB}:result`], uploads: [] } },
    { variables: { cases: [], uploads: [CASE] } },
  ]);
});

it('says what still uses something, and what is no id', async () => {
  await serve({
    storage: () => ({ room: 0 }),
    removeStored: () => ({
      ...{ __typename: 'Conflict', code: 'InUse', field: null, limit: null },
      message: '“Monday” is used by schedule Tonight: nothing was removed',
    }),
  });
  const used = await openpro('case', 'remove', CASE, '--yes');
  expect([used.code, used.stderr]).toEqual([3, expect.stringContaining('used by schedule Tonight')]);
  expect((await openpro('upload', 'remove', `${JOB}:result`, '--yes')).code).toBe(2);
});
