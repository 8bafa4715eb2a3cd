import { describe, expect, it } from '@jest/globals';
import { transformSync } from '@swc/core';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { failpoints } from './failpoints.js';
import { mutants, patchesOf, quickMutants } from './mutants.js';
import { applied, type NamedPatch } from './patch.js';

const root = process.cwd();
const swc = { ...(JSON.parse(readFileSync(path.join(root, '.swcrc'), 'utf8')) as object), swcrc: false };

/** The sources that the patches change, as the bundler would make them; they must still be TypeScript. */
const patched = (patches: readonly NamedPatch[]): Map<string, string> => {
  const sources = new Map<string, string>();
  for (const patch of patches) {
    const source = sources.get(patch.file) ?? readFileSync(path.join(root, patch.file), 'utf8');
    sources.set(patch.file, applied(source, patch));
  }
  for (const [filename, source] of sources) transformSync(source, { ...swc, filename });
  return sources;
};

describe('a patch', () => {
  it('names itself when its text is not there, or not once', () => {
    const patch = { name: 'mutant m', file: 'a.ts', find: 'x', replace: 'y' };
    expect(applied('axb', patch)).toBe('ayb');
    expect(() => applied('ab', patch)).toThrow('mutant m: its text occurs 0 times in a.ts');
    expect(() => applied('axbx', patch)).toThrow('mutant m: its text occurs 2 times in a.ts');
  });

  it('may contain what String.replace would take for a pattern', () => {
    expect(applied('axb', { name: 'm', file: 'a.ts', find: 'x', replace: '$&$1' })).toBe('a$&$1b');
  });
});

describe('the failpoints', () => {
  it('fit the sources of today', () => {
    expect(patched(failpoints).size).toBeGreaterThan(5);
  });
});

describe.each(mutants)('the mutant $name', (mutant) => {
  it('fits the sources of today, beside the failpoints', () => {
    const files = new Set(mutant.patches.map(({ file }) => file));
    const clean = patched(failpoints);
    const sick = patched([...failpoints, ...patchesOf(mutant)]);
    for (const file of files) expect(sick.get(file)).not.toBe(clean.get(file));
  });

  it('says what it breaks, in no more than half a minute', () => {
    expect(mutant.breaks.length).toBeGreaterThan(0);
    expect(mutant.seconds).toBeLessThanOrEqual(30);
  });
});

describe('the mutants of a short run', () => {
  it('exist', () => {
    const names = mutants.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(quickMutants.filter((name) => !names.includes(name))).toEqual([]);
  });
});
