import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Platform } from './platform.js';

jest.setTimeout(600_000);

/** Real models with known results; they are not ours to copy. */
const folder = path.resolve('../shared/data/lp');
const KNOWN: readonly (readonly [file: string, objective: number])[] = [
  ['flugpl', 1201500],
  ['p0548', 8691],
  ['gesa2', 25779856.37],
  ['qnet1', 16029.6927],
  ['25fv47', 5501.8459],
  ['misc07', 2810],
];

const there = existsSync(folder);
if (!there) console.warn(`Skipped: ${folder} is not there, so no real model is solved`);

(there ? describe : describe.skip)('openpro solve', () => {
  const platform = new Platform();
  beforeAll(async () => {
    await platform.start();
    await platform.cli('whoami'); // signs in: the link of this computer works once
  });
  afterAll(() => platform.remove());

  it('reaches the known value of six real models', async () => {
    const waiting = [...KNOWN];
    const found: Record<string, { status: string; objective: number } | undefined> = {};
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [file] = next;
        const { code, output, errors } = await platform.cli(
          'solve',
          path.join(folder, `${file}.mps`),
          '--json',
          '--wait',
          '5m',
        );
        if (code !== 0) throw new Error(`${file} ended with ${code}: ${output}${errors}`);
        found[file] = JSON.parse(output) as { status: string; objective: number };
      }
    };
    await Promise.all([lane(), lane()]); // as many as the server has slots
    for (const [file, objective] of KNOWN) {
      expect([file, found[file]?.status]).toEqual([file, 'optimal']);
      expect(Math.abs((found[file]?.objective ?? Number.NaN) - objective) / objective).toBeLessThan(1e-4);
    }
  });

  it('prints the objective with all its digits', async () => {
    const { output } = await platform.cli('solve', path.join(folder, 'flugpl.mps'));
    expect(output).toMatch(/status\s+optimal/);
    expect(output).toMatch(/objective\s+1201500\b/);
  });

  it.each(['flugpl', 'p0548'])(
    'finds the same, byte for byte, when %s is run again exactly',
    async (file) => {
      const solved = await platform.cli('solve', path.join(folder, `${file}.mps`), '--json', '--seed', '7');
      const { job } = JSON.parse(solved.output) as { job: { id: string } };
      const { code, output } = await platform.cli('job', 'repeat', job.id, '--watch');
      expect([code, output]).toEqual([0, expect.stringMatching(new RegExp(`repeats +${job.id}\\n`))]);
      expect(output).toMatch(/compared +The same end, objective and data as the first run\n/);
    },
  );
});
