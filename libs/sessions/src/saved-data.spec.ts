import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeElements } from '@openpro/engine';
import { uuidv7 } from '@openpro/kernel';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
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
const session = uuidv7();
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'openpro-saved-'));
  saved = new SavedData(folder);
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
    const elsewhere = new SavedData(folder);
    expect(digests.map((digest) => elsewhere.has({ session, digest }))).toEqual([
      false,
      true,
      false,
      true,
      true,
    ]);
    expect(await elsewhere.load({ session, digest: digests[4]! })).toEqual(dataOf('d'));
    expect(await elsewhere.load({ session, digest: digests[3]! })).toEqual(dataOf('b'));
    expect(files()).toBe(5); // two manifests, two sets S, one set Same
  });

  it('takes no more room when the same is kept again', async () => {
    const first = await saved.keep(session, of, dataOf('a'));
    for (let i = 0; i < 3; i++) expect(await saved.keep(session, of, dataOf('a'))).toBe(first);
    expect(saved.has({ session, digest: first })).toBe(true);
    expect(files()).toBe(3);
  });

  it('stays when the session has gone, for a while', async () => {
    const digest = await saved.keep(session, of, dataOf('a'));
    saved.forget(session);
    await saved.sweep(Date.now());
    expect(saved.has({ session, digest })).toBe(true);
    await saved.sweep(Date.now() + KEPT_MS + 1);
    expect(saved.has({ session, digest })).toBe(false);
    await new SavedData(path.join(folder, 'none')).sweep(Date.now());
  });
});
