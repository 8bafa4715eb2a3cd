import { afterAll, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeOnce } from './write-once.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-once-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('a shared file is what the first one wrote, for this account only, and nothing is left beside it', () => {
  const file = path.join(folder, 'keys', 'one');
  writeOnce(file, 'first');
  writeOnce(file, 'second');
  expect(readFileSync(file, 'utf8')).toBe('first');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(path.dirname(file))).toEqual(['one']);
});

it('is not made where there is no storage: one that is away is no empty one', () => {
  const away = path.join(folder, 'away');
  expect(() => writeOnce(path.join(away, 'keys', 'one'), 'first')).toThrow('ENOENT');
  expect(readdirSync(folder)).not.toContain('away');
});
