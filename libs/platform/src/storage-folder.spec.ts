import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { storageFolder } from './storage-folder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-storage-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config = () => ({ storageDir: path.join(folder, 'storage'), dataDir: path.join(folder, 'data') });

it('is made by the first start', () => {
  expect(storageFolder(config(), 'blobs')).toBe(path.join(folder, 'storage', 'blobs'));
});

it('is as it was for a server that has been in the cluster', () => {
  mkdirSync(path.join(folder, 'data/link'), { recursive: true });
  mkdirSync(path.join(folder, 'storage/keys'), { recursive: true });
  writeFileSync(path.join(folder, 'storage/keys/authority.pem'), '');
  expect(storageFolder(config(), 'jobs')).toBe(path.join(folder, 'storage', 'jobs'));
});

it('is not made anew while it is away, empty mount point or nothing at all', () => {
  mkdirSync(path.join(folder, 'data/link'), { recursive: true });
  expect(() => storageFolder(config(), 'blobs')).toThrow('is not there: mount it');
  mkdirSync(path.join(folder, 'storage'));
  expect(() => storageFolder(config(), 'blobs')).toThrow('is not there: mount it');
});
