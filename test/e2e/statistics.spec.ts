import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Author, solving } from './apps.js';
import { type Api, Platform } from './platform.js';

jest.setTimeout(180_000);

const WORK = `
  const kept = new Uint8Array(64 * 1024 * 1024).fill(1);
  for (const until = performance.now() + 400; performance.now() < until;);
  data.Out.value = kept[7];`;

interface Use {
  readonly launchMs: number;
  readonly cpuMs: number;
  readonly peakMiB: number;
}

describe('statistics', () => {
  const platform = new Platform();
  let api: Api;

  beforeAll(async () => {
    await platform.start();
    await platform.cli('whoami'); // signs in: the link of this computer works once
    api = await platform.signIn();
    const author = await Author.of(api);
    await author.trust();
    await author.app('works', solving(WORK));
    await author.app('fails', solving("throw new Error('no');"));
  });

  afterAll(() => platform.remove());

  it('say what real attempts have used, and what that cost', async () => {
    const { code, errors } = await platform.cli(
      ...['tariff', 'set', '--currency', 'EUR', '--job', '1', '--cpu-hour', '3600', '--reason', 'a test'],
    );
    expect([code, errors]).toEqual([0, '']);
    for (const app of ['works', 'works', 'fails'])
      await platform.cli('job', 'submit', app, 'solve', '--watch');
    const { jobs } = await api.ask<{ jobs: { nodes: readonly { attempts: readonly { use: Use }[] }[] } }>(
      '{ jobs(order: OLDEST) { nodes { attempts { waitedMs use { launchMs cpuMs peakMiB } } } } }',
    );
    const uses = jobs.nodes.map(({ attempts }) => attempts[0]!.use);
    for (const use of uses) expect(use.launchMs).toBeGreaterThan(0);
    for (const use of uses.slice(0, 2)) {
      expect(use.cpuMs).toBeGreaterThan(0);
      expect(use.peakMiB).toBeGreaterThan(64);
    }
    const { output, errors: none } = await platform.cli('statistics', '--by', 'app', '--csv');
    expect(none).toBe('');
    const rows = Object.fromEntries(
      output
        .trim()
        .split('\r\n')
        .map((line) => [line.split(',')[0], line.split(',')]),
    );
    const column = (row: string, name: string): number => Number(rows[row]?.[rows['app']!.indexOf(name)]);
    expect(Object.keys(rows).sort()).toEqual(['app', 'fails', 'works']);
    expect([column('works', 'jobs'), column('works', 'completed'), column('fails', 'failed')]).toEqual([
      ...[2, 2, 1],
    ]);
    // A second of CPU time costs 1, and so does each job.
    const cpu = (uses[0]!.cpuMs + uses[1]!.cpuMs) / 1000;
    expect(column('works', 'cost EUR')).toBeCloseTo(2 + cpu, 3);
    const shown = await platform.cli('statistics', '--by', 'app', '--from', '1h');
    expect(shown.output).toMatch(/^works +2 /m);
    expect(shown.output).toMatch(/^all +3 +1 /m);
  });

  it.each([
    [['statistics', '--by', 'colour'], /colour.*hour, day/],
    [['statistics', '--from', 'yesterday'], /"yesterday" is no time/],
    [['statistics', '--from', '2025-01-01', '--to', '2026-06-01'], /366 days/],
    [['statistics', '--zone', 'Mars'], /no time zone "Mars"/],
    [['tariff', 'set', '--core-hour', 'much', '--reason', 'x'], /"much" is not a price/],
    [['tariff', 'set', '--core-hour', '-1', '--reason', 'x'], /"-1" is not a price/],
    [['tariff', 'set', '--core-hour', '1', '--reason', ''], /reason/],
  ])('refuse %j with the reason', async (words, said) => {
    const { code, errors } = await platform.cli(...words);
    expect([code, errors]).toEqual([2, expect.stringMatching(said)]);
  });
});
