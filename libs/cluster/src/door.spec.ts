import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { uuidv7 } from '@openpro/kernel';
import { LinkUnavailable, loadCredential } from '@openpro/link';
import { ConfigError, type ServerConfig } from '@openpro/platform';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Door } from './door.js';

describe('the door for other servers', () => {
  let folder: string;
  const doors: Door[] = [];
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-door-'));
    for (const storage of ['storage', 'other']) mkdirSync(path.join(folder, storage)); // no server makes one
  });
  afterEach(async () => {
    for (const door of doors.splice(0)) await door.close();
    rmSync(folder, { recursive: true });
  });

  const open = async (data: string, storage: string, node = uuidv7()): Promise<Door> => {
    const config = {
      dataDir: path.join(folder, data),
      storageDir: path.join(folder, storage),
      roles: ['pro'],
      version: '1.0.0',
      link: { host: '127.0.0.1', port: 0, advertise: null },
    } as unknown as ServerConfig;
    const door = await Door.open(config, node);
    doors.push(door);
    return door;
  };

  it('keeps the credential of this server as long as it is of use', async () => {
    const node = uuidv7();
    await open('one', 'storage', node);
    const kept = loadCredential(path.join(folder, 'one', 'link'));
    await open('one', 'storage', node);
    expect(loadCredential(path.join(folder, 'one', 'link'))).toEqual(kept);
  });

  it('does not open with the storage of another cluster than this server’s, and says what to do', async () => {
    await open('one', 'storage');
    const kept = loadCredential(path.join(folder, 'one', 'link'));
    await expect(open('one', 'not-mounted')).rejects.toThrow(/but the storage .* is of none. Is the right/);
    expect(existsSync(path.join(folder, 'not-mounted'))).toBe(false);
    await open('two', 'other');
    const elsewhere = open('one', 'other');
    await expect(elsewhere).rejects.toThrow(ConfigError);
    await expect(elsewhere).rejects.toThrow(/is of cluster .*, but the storage .* is of cluster /);
    expect(loadCredential(path.join(folder, 'one', 'link'))).toEqual(kept);
  });

  it('cuts the lines to a server whose life has ended: who waits there learns it at once', async () => {
    const node = uuidv7();
    const [one, two] = [await open('one', 'storage'), await open('two', 'storage', node)];
    const keeper = {
      address: () => Promise.resolve(two.address),
      refuses: () => null,
      join: () => Promise.reject(new Error('nobody joins')),
      onRefused: () => undefined,
    };
    one.keep(keeper);
    two.keep(keeper);
    const asked = new Promise<void>((resolve) =>
      two.link.serve('hang', { accepts: ['pro'], call: () => (resolve(), new Promise(() => undefined)) }),
    );
    const call = one.link.call(node, 'hang', null);
    const lost = expect(call).rejects.toThrow(LinkUnavailable);
    await asked;
    one.drop(node);
    await lost;
  });
});
