import { afterEach, describe, expect, it } from '@jest/globals';
import { CommandHandler, MemoryEventStore } from '@openpro/eventstore';
import { uuidv7 } from '@openpro/kernel';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NO_POLICY, type Policy, POLICY_ID, queuePolicy } from './queue-policy.js';
import { QueuePolicies } from './queue-policy.queries.js';
import { Sealing } from './sealing.js';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));
const aStorage = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openpro-sealing-'));
  folders.push(folder);
  return folder;
};

const policy: Policy = {
  ...NO_POLICY,
  profiles: [
    { name: 'Gurobi', capacity: 1, environment: { KEY: 'hush', EMPTY: '' } },
    { name: 'P', capacity: 1 },
  ],
};

describe('the variables of a profile', () => {
  it('are read by every server of the storage, and by nobody else', () => {
    const storage = aStorage();
    const sealed = new Sealing(storage).sealed(policy) as Policy;
    expect(JSON.stringify(sealed)).not.toContain('hush');
    expect(new Sealing(storage).environmentOf(sealed.profiles[0]!)).toEqual({
      variables: { KEY: 'hush', EMPTY: '' },
    });
    expect(new Sealing(storage).environmentOf(sealed.profiles[1]!)).toEqual({ variables: {} });
  });

  it('are those of the log, also while the list of policies stands still', async () => {
    const store = new MemoryEventStore();
    const handler = new CommandHandler(store);
    const storageDir = aStorage();
    const still = { onCommitted: () => () => undefined } as never;
    const none = {} as never;
    const policies = new QueuePolicies(none, none, { storageDir } as never, still, none, store);
    let basedOn = 0;
    const set = async (parts: Policy) => {
      const sealed = policies.sealing.sealed(parts) as Policy;
      const command = { type: 'SetQueuePolicy', policy: sealed, reason: 'because', basedOn } as const;
      const meta = { commandId: uuidv7(), actor: 'eve', roles: [] };
      expect(await handler.execute(queuePolicy, POLICY_ID, command, meta)).toMatchObject({ is: 'done' });
      basedOn++;
    };
    expect(await policies.variables('Gurobi')).toMatchObject({ refused: 'ProfileUnknown' });
    await set(policy);
    expect(await policies.variables('Gurobi')).toEqual({ variables: { KEY: 'hush', EMPTY: '' } });
    await set(NO_POLICY);
    expect(await policies.variables('Gurobi')).toMatchObject({ refused: 'ProfileUnknown' });
  });

  it('say so where nobody can read them any more, and can be set again', () => {
    const sealed = new Sealing(aStorage()).sealed(policy) as Policy;
    const other = new Sealing(aStorage());
    expect(other.environmentOf(sealed.profiles[0]!)).toMatchObject({ refused: 'ProfileUnreadable' });
    const shown = other.shown(sealed, true);
    expect(shown.profiles[0]?.environment).toEqual({
      KEY: '(cannot be read: set it again)',
      EMPTY: '(cannot be read: set it again)',
    });
    expect(other.sealed(shown)).toMatchObject({
      refused: 'BadInput',
      field: 'profiles[0].environment.KEY',
      limit: 'the value itself',
    });
    expect(other.environmentOf((other.sealed(policy) as Policy).profiles[0]!)).toEqual({
      variables: { KEY: 'hush', EMPTY: '' },
    });
  });

  it('are neither read nor sealed with a key that is damaged', () => {
    const storage = aStorage();
    const sealed = new Sealing(storage).sealed(policy) as Policy;
    writeFileSync(path.join(storage, 'keys', 'profiles.key'), 'x');
    const damaged = new Sealing(storage);
    expect(damaged.environmentOf(sealed.profiles[0]!)).toMatchObject({ refused: 'ProfileUnreadable' });
    expect(damaged.sealed(policy)).toMatchObject({
      refused: 'KeyDamaged',
      field: 'profiles[0].environment.KEY',
      limit: 'a key of 32 bytes',
    });
  });

  it('are not taken for those of another name, nor when they were altered', () => {
    const sealing = new Sealing(aStorage());
    const sealed = sealing.seal('KEY', 'hush');
    expect(sealing.open('OTHER', sealed)).toBeNull();
    expect(sealing.open('KEY', `${sealed.slice(0, -2)}AA`)).toBeNull();
  });

  it('are sealed alike each time, and shown to administrators only', () => {
    const sealing = new Sealing(aStorage());
    const sealed = sealing.sealed(policy) as Policy;
    expect(sealing.sealed(policy)).toEqual(sealed);
    expect(sealing.shown(sealed, true)).toEqual(policy);
    expect(JSON.stringify(sealing.shown(sealed, false))).not.toMatch(/hush|sealed/);
  });

  it.each<[string, unknown]>([
    ['no text', 7],
    ['a control character', 'a\0b'],
    ['too much', 'x'.repeat(4097)],
    ['what stands for a hidden value', '••••••'],
  ])('are refused when they are %s', (_what, value) => {
    const sent = { profiles: [{ name: 'P', capacity: 1, environment: { KEY: value } }] };
    const refusal = new Sealing(aStorage()).sealed(sent as Partial<Policy>);
    expect(refusal).toMatchObject({ refused: 'BadInput', field: 'profiles[0].environment.KEY' });
  });

  it.each<[string, object]>([
    ['profiles', { profiles: 7 }],
    ['a profile', { profiles: [null, 'x'] }],
    ['variables', { profiles: [{ environment: ['x'] }] }],
  ])('leave to the rules what is not %s', (_what, sent) =>
    expect(new Sealing(aStorage()).sealed(sent as Partial<Policy>)).toEqual(sent),
  );
});
