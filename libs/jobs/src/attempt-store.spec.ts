import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { AttemptStore, type ProgressPoint } from './attempt-store.js';

const point = (at: number): ProgressPoint => ({
  at,
  phase: 'solve',
  elapsed: at / 1000,
  objective: 1,
  bound: 0,
  gap: 1,
  nodes: 0,
  iterations: 0,
  incumbents: 1,
  text: null,
});

describe('the record of an attempt', () => {
  let folder: string;
  let store: AttemptStore;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'openpro-attempts-'));
    store = new AttemptStore(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is empty before the attempt has said anything', async () => {
    expect(await store.progress('none', 1, 10)).toEqual([]);
    expect(await store.log('none', 1, 0, 10)).toEqual({ text: '', nextOffset: 0 });
    expect(await store.incumbent('none', 1)).toBeNull();
  });

  it('gives the log in pieces that never cut a character', async () => {
    const record = await store.open('log', 1);
    const text = 'aé€😀'.repeat(20);
    record.log(text);
    await record.close();
    for (const limit of [4, 5, 7, 64]) {
      let read = '';
      let offset = 0;
      for (
        let page = await store.log('log', 1, 0, limit);
        page.text;
        page = await store.log('log', 1, offset, limit)
      ) {
        read += page.text;
        offset = page.nextOffset;
      }
      expect(read).toBe(text);
    }
  });

  it('keeps attempts apart', async () => {
    const [first, second] = [await store.open('apart', 1), await store.open('apart', 2)];
    first.log('one');
    second.log('two');
    await Promise.all([first.close(), second.close()]);
    expect((await store.log('apart', 2, 0, 100)).text).toBe('two');
  });

  it('keeps ever coarser points of a long run', async () => {
    const record = await store.open('long', 1);
    for (let second = 0; second < 10_000; second++) await record.point(point(second * 250));
    await record.close();
    const kept = await store.progress('long', 1, 2000);
    expect(kept.length).toBeLessThan(6000 / 2);
    expect(kept.length).toBeGreaterThan(1000);
    expect(await store.progress('long', 1, 3)).toHaveLength(3);
  });

  it('leaves out a line that a crash has cut', async () => {
    const record = await store.open('cut', 1);
    await record.point(point(1));
    await appendFile(path.join(folder, 'cut', '1', 'progress.ndjson'), '{"at":2,"pha');
    expect(await store.progress('cut', 1, 10)).toEqual([point(1)]);
    await record.close();
  });

  it('offers the last incumbent', async () => {
    const record = await store.open('best', 1);
    await record.incumbent('aaa');
    await record.incumbent('bbb');
    expect(await store.incumbent('best', 1)).toBe('bbb');
    await record.close();
  });
});
