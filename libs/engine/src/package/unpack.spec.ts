import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { folderWith } from './package.testing.js';
import { unpackInto } from './unpack.js';

let place: Awaited<ReturnType<typeof folderWith>>;
beforeEach(async () => {
  place = await folderWith({ probe: '' });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await place.remove();
});

const files = [
  { name: 'a/one.txt', size: 3, executable: false },
  { name: 'two.sh', size: 3, executable: true },
];
const unpack = (
  stream: (name: string) => Promise<Readable> = async () => Readable.from([Buffer.from('abc')]),
) => unpackInto(path.join(place.folder, 'out'), 'x.app', files, stream);
const left = async (): Promise<string[]> => (await readdir(place.folder)).filter((name) => name !== 'probe');

/** FileHandle is no export of Node: its prototype is where a failing disk can be put. */
const fileHandles = async (): Promise<{ writeFile(data: unknown): Promise<void> }> => {
  const handle = await open(path.join(place.folder, 'probe'));
  await handle.close();
  return Object.getPrototypeOf(handle) as never;
};

describe('unpacking', () => {
  it('gives the files, executable where they are meant to run, writable by nobody', async () => {
    await unpack();
    expect(await readFile(path.join(place.folder, 'out/a/one.txt'), 'utf8')).toBe('abc');
    expect(await readdir(path.join(place.folder, 'out'))).toEqual(['a', 'two.sh']);
    expect(await left()).toEqual(['out']);
  });

  it('leaves nothing on a full disk, names it, and works again when there is space', async () => {
    const noSpace = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    jest.spyOn(await fileHandles(), 'writeFile').mockRejectedValueOnce(noSpace);
    await expect(unpack()).rejects.toMatchObject({
      name: 'DiskFull',
      folder: path.join(place.folder, 'out'),
    });
    expect(await left()).toEqual([]);
    await unpack();
    expect(await left()).toEqual(['out']);
  });

  it('leaves nothing when the disk fails, and passes its error on', async () => {
    const broken = Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO', syscall: 'write' });
    jest.spyOn(await fileHandles(), 'writeFile').mockRejectedValueOnce(broken);
    await expect(unpack()).rejects.toBe(broken);
    expect(await left()).toEqual([]);
  });

  it.each<[string, string]>([
    ['too long', 'abcd'],
    ['too short', 'ab'],
  ])('leaves nothing when a file is %s', async (_, content) => {
    await expect(unpack(async () => Readable.from([Buffer.from(content)]))).rejects.toMatchObject({
      name: 'PackageAltered',
      message: `x.app has changed since it was verified: a/one.txt has ${content.length} bytes instead of 3. Publish the package again.`,
    });
    expect(await left()).toEqual([]);
  });
});
