import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryEventStore, type ReadSide } from '@openpro/eventstore';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  clusterCheck,
  diskCheck,
  enginesCheck,
  isShort,
  logCheck,
  readSideCheck,
  storageCheck,
} from './health-checks.js';
import { type Check, every, Health, type Problem, statusOf } from './health.js';

const found = (problems: readonly Problem[]): string[] => problems.map(({ problem }) => problem);
const failing = (problem: Problem): Check => ({ name: 'x', look: () => [problem] });
const counting = () => {
  const check = { name: 'counted', looks: 0, look: () => (check.looks++, []) };
  return check;
};

describe('health', () => {
  it('is 200 without a problem, 500 with one, and 507 when any of them is a disk', async () => {
    const full = failing({ problem: 'full', diskShort: true });
    const bad = failing({ problem: 'bad' });
    const status = async (...checks: Check[]) => statusOf(await new Health(checks).look());
    expect(await status(counting())).toBe(200);
    expect(await status(counting(), bad)).toBe(500);
    expect(await status(bad, full)).toBe(507);
  });

  it('tells of a check that hangs or throws, without waiting for it, and starts it once', async () => {
    const hanging = {
      name: 'hangs',
      looks: 0,
      look: () => (hanging.looks++, new Promise<never>(() => undefined)),
    };
    const throwing: Check = {
      name: 'throws',
      look: () => {
        throw new Error('secret');
      },
    };
    let now = 0;
    const health = new Health([hanging, throwing], 10, () => now);
    for (; now < 5000; now += 1000)
      expect((await health.look()).flatMap(({ problems }) => found(problems))).toEqual([
        'hangs: no answer in time',
        'throws: does not work',
      ]);
    expect(hanging.looks).toBe(1);
  });

  it('looks once a second, however many ask', async () => {
    const check = counting();
    let now = 0;
    const health = new Health([check], 1000, () => now);
    await Promise.all(Array.from({ length: 100 }, () => health.look()));
    expect(check.looks).toBe(1);
    now = 999;
    await health.look();
    expect(check.looks).toBe(1);
    now = 1000;
    await health.look();
    expect(check.looks).toBe(2);
  });

  it('spares a check that costs something for longer', async () => {
    const check = counting();
    let now = 0;
    const spared = every(10_000, check, () => now);
    for (; now < 20_000; now += 1000) await spared.look();
    expect(check.looks).toBe(2);
  });
});

describe('a disk', () => {
  it('is short when a hundredth or less is left', () => {
    expect(isShort({ blocks: 1000, bavail: 10 })).toBe(true);
    expect(isShort({ blocks: 1000, bavail: 0 })).toBe(true);
    expect(isShort({ blocks: 1000, bavail: 11 })).toBe(false);
  });

  it('whose folder is gone is a problem, and its path is nobody else’s to know', async () => {
    const [result] = await new Health([diskCheck('own disk', '/nowhere/at/all')]).look();
    expect(result?.problems).toEqual([
      { problem: 'own disk: does not work', detail: expect.stringContaining('ENOENT') },
    ]);
  });
});

describe('the storage', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-health-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is written to, and nothing is left behind', async () => {
    mkdirSync(path.join(folder, 'blobs'));
    expect(await storageCheck(folder, 'n1').look()).toEqual([]);
    expect(readdirSync(folder)).toEqual(['blobs']);
  });

  it.each([
    ['gone', 'storage: cannot be written to'],
    ['', 'storage: is another one'], // the place where it was mounted
  ])('that is not there is a problem', async (place, problem) => {
    const problems = await storageCheck(path.join(folder, place), 'n1').look();
    expect(found(problems)).toEqual([problem]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('what a server consists of', () => {
  const consumer = (state: string, lagMs = 0) =>
    ({
      health: () => [
        { name: 'job_list@2', state, lagMs, reason: 'JobQueued at 7: boom', errorId: 'e1', position: '' },
      ],
    }) as unknown as ReadSide;

  it.each([
    ['running', 0, []],
    ['running', 30_001, ['read side: a part of it is behind']],
    ['paused', 0, ['read side: a part of it is paused']],
    ['stopped', 0, ['read side: a part of it is stopped']],
    ['waiting', 0, []],
  ])('a consumer that is %s with a lag of %i ms: %j', async (state, lagMs, problems) => {
    const seen = await readSideCheck(consumer(state, lagMs)).look();
    expect(found(seen)).toEqual(problems);
    expect(found(seen).join()).not.toMatch(/job_list|boom/); // a stranger reads this
    for (const { detail } of seen) expect(detail).toContain('job_list@2');
  });

  it('a log that can be reached, or not', async () => {
    const store = new MemoryEventStore();
    expect(await logCheck(store).look()).toEqual([]);
    store.head = () => Promise.reject(new Error('ECONNREFUSED 10.0.0.1'));
    expect(found(await logCheck(store).look())).toEqual(['log: cannot be reached']);
  });

  it('a leader, and a heartbeat of its own', async () => {
    const of = async (epoch: number | null, beatAgeMs: number) =>
      found(
        await clusterCheck({ pulse: () => Promise.resolve({ epoch, beatAgeMs, leads: false }) }, 5000).look(),
      );
    expect(await of(3, 1000)).toEqual([]);
    expect(await of(null, 6000)).toEqual([
      'cluster: no server leads',
      'cluster: this server gives no sign of life',
    ]);
  });

  it('engines whose processes start', async () => {
    expect(await enginesCheck({ startFailure: null }).look()).toEqual([]);
    expect(found(await enginesCheck({ startFailure: 'node: not found' }).look())).toEqual([
      'engines: their processes do not start',
    ]);
  });
});
