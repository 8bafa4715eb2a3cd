import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeElements } from '@openpro/engine';
import { uuidv7 } from '@openpro/kernel';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KEPT_MS, SavedData } from './saved-data.js';

const of = { app: 'a', version: '1.0.0', engine: 'e:1' };
const dataOf = (element: string) => ({
  sets: new Map([
    ['S', encodeElements([element])],
    ['Same', encodeElements(['same'])],
  ]),
  identifiers: new Map(),
});

let folder: string;
let saved: SavedData;
let ends: Map<string, number | null>;
const open = (root = folder) => new SavedData(root, (id) => Promise.resolve(ends.get(id)));
const session = uuidv7();
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'openpro-saved-'));
  ends = new Map();
  saved = open();
});
afterEach(() => rm(folder, { recursive: true }));

const files = () =>
  readdirSync(path.join(folder, session), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  ).length;

describe('saved data', () => {
  it('is there for every server, the last and the one before, and takes no more room than these', async () => {
    const digests: string[] = [];
    for (const element of ['a', 'b', 'c', 'b', 'd'])
      digests.push(await saved.keep(session, of, dataOf(element)));
    const elsewhere = open();
    const there = await Promise.all(digests.map((digest) => elsewhere.has({ session, digest })));
    expect(there).toEqual([false, true, false, true, true]);
    expect(await elsewhere.load({ session, digest: digests[4]! })).toEqual(dataOf('d'));
    expect(await elsewhere.load({ session, digest: digests[3]! })).toEqual(dataOf('b'));
    expect(files()).toBe(5); // two manifests, two sets S, one set Same
  });

  it('takes no more room when the same is kept again', async () => {
    const first = await saved.keep(session, of, dataOf('a'));
    for (let i = 0; i < 3; i++) expect(await saved.keep(session, of, dataOf('a'))).toBe(first);
    expect(await saved.has({ session, digest: first })).toBe(true);
    expect(files()).toBe(3);
  });

  it('stays while the session is open, and for a while after its end', async () => {
    const now = Date.now();
    const late = now + KEPT_MS + 1000; // long after the last saving
    const digest = await saved.keep(session, of, dataOf('a'));
    saved.forget(session);
    const left = async (at: number) => {
      await saved.sweep(at);
      return saved.has({ session, digest });
    };
    expect(await left(now)).toBe(true); // nobody knows of it, but it may be on its way
    ends.set(session, null);
    expect(await left(late)).toBe(true);
    ends.set(session, now + 5000);
    expect(await left(late)).toBe(true);
    expect(await left(late + 5000)).toBe(false);
    await open(path.join(folder, 'none')).sweep(now);
  });

  it('of a session that nobody knows goes', async () => {
    const digest = await saved.keep(session, of, dataOf('a'));
    await saved.sweep(Date.now() + KEPT_MS + 1000);
    expect(await saved.has({ session, digest })).toBe(false);
  });

  it('leaves no more than before when its session is forgotten meanwhile', async () => {
    const digest = await saved.keep(session, of, dataOf('a'));
    const before = files();
    const keeping = saved.keep(session, of, dataOf('b'));
    saved.forget(session);
    await expect(keeping).rejects.toThrow('ended while');
    expect(files()).toBe(before);
    expect(await saved.load({ session, digest })).toEqual(dataOf('a'));
  });

  it('waits for a storage that is away, and makes no other in its place', async () => {
    const storage = path.join(folder, 'storage');
    const away = open(path.join(storage, 'sessions'));
    await expect(away.keep(session, of, dataOf('a'))).rejects.toThrow('ENOENT');
    await expect(away.load({ session, digest: 'd'.repeat(64) })).rejects.toThrow('not there');
    expect(readdirSync(folder)).toEqual([]);
    await mkdir(storage);
    const digest = await away.keep(session, of, dataOf('a'));
    await rename(storage, `${storage}.gone`);
    await expect(away.keep(session, of, dataOf('b'))).rejects.toThrow('ENOENT');
    expect(await away.has({ session, digest })).toBe(false);
    await rename(`${storage}.gone`, storage);
    await away.keep(session, of, dataOf('b'));
    expect(await away.load({ session, digest })).toEqual(dataOf('a'));
  });
});
