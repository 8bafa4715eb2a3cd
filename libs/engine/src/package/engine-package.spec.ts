import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isRefusal } from '@openpro/kernel';
import fc from 'fast-check';
import { sign } from 'node:crypto';
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packEngine, readEnginePackage, unpackEngine, type EnginePackage } from './engine-package.js';
import { generateKeyPair, keyId } from './keys.js';
import { engineFiles, engineManifest, folderWith } from './package.testing.js';
import { memorySource, rawZip } from './zip.testing.js';
import { openZip } from './zip.js';
import { ZipWriter } from './zip-writer.js';

const publisher = generateKeyPair('signing');
const publisherId = keyId(publisher.publicKey);
const trusted = (id: string) => (id === publisherId ? publisher.publicKey : undefined);

let place: Awaited<ReturnType<typeof folderWith>>;
let good: EnginePackage;
let bytes: Buffer;

const pack = async (files: Readonly<Record<string, string | Buffer>>, key = publisher.privateKey) => {
  const source = await folderWith(files);
  try {
    return await packEngine(source.folder, path.join(place.folder, 'out.engine'), key);
  } finally {
    await source.remove();
  }
};

const read = async (content: Buffer) => {
  const file = path.join(place.folder, 'read.engine');
  await writeFile(file, content);
  return readEnginePackage(file, trusted);
};

/** The good package's files with some replaced, in a new zip that keeps its signature. */
const rezipped = async (change: Readonly<Record<string, Buffer>> = {}): Promise<Buffer> => {
  const zip = await openZip(memorySource(bytes));
  if (isRefusal(zip)) throw new Error(zip.message);
  const parts: Uint8Array[] = [];
  const writer = new ZipWriter(async (part) => void parts.push(part));
  for (const name of zip.entries.keys())
    await writer.add(name, change[name] ?? ((await zip.bytes(name, 1e6)) as Buffer));
  await writer.end();
  return Buffer.concat(parts);
};

beforeAll(async () => {
  place = await folderWith();
  const packed = await pack(engineFiles);
  if (isRefusal(packed)) throw new Error(packed.message);
  good = packed;
  bytes = await readFile(good.file);
});
afterAll(() => place.remove());

describe('an engine package', () => {
  it('is packed, verified and unpacked, the manifest and every file as they were', async () => {
    const outcome = await read(bytes);
    expect(outcome).toMatchObject({
      manifest: engineManifest,
      keyId: publisherId,
      digest: good.digest,
      size: bytes.length,
    });
    if (isRefusal(outcome)) return;
    const folder = path.join(place.folder, 'unpacked');
    await unpackEngine(outcome, folder);
    for (const [name, content] of Object.entries(engineFiles))
      expect(await readFile(path.join(folder, name), 'utf8')).toBe(content);
    expect((await stat(path.join(folder, 'bin/data.mjs'))).mode & 0o222).toBe(0);
    expect((await readdir(place.folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('is the same bytes when packed twice', async () => {
    expect(await pack(engineFiles)).toMatchObject({ digest: good.digest });
  });

  it('is refused when any byte changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const altered = Buffer.from(bytes);
        altered[at] = altered[at]! ^ by;
        const outcome = await read(altered);
        // The directory's copy of dates and modes stands outside the signed bytes and is not believed.
        if (!isRefusal(outcome))
          expect(outcome).toEqual({ ...good, file: outcome.file, digest: outcome.digest });
      }),
      { numRuns: 300 },
    );
  });

  it('is refused when it is cut off', async () => {
    expect(await read(bytes.subarray(0, bytes.length / 2))).toMatchObject({
      refused: 'BadPackage',
      field: 'package',
    });
    expect(await read(Buffer.alloc(0))).toMatchObject({ refused: 'BadPackage' });
  });
});

describe('SIG the signature of an engine package', () => {
  it('is refused by a key that nobody trusts, and allowed by one that is', async () => {
    expect(await readEnginePackage(good.file, () => undefined)).toMatchObject({
      refused: 'NotTrusted',
      message: `The package is signed with the key ${publisherId}, which is not trusted here.`,
      field: 'package',
    });
    expect(await readEnginePackage(good.file, async () => publisher.publicKey)).toMatchObject({
      keyId: publisherId,
    });
  });

  it('is refused when another key made it in the name of a trusted one', async () => {
    expect(await readEnginePackage(good.file, () => generateKeyPair('signing').publicKey)).toMatchObject({
      refused: 'NotTrusted',
      message: expect.stringContaining('is not by the key'),
    });
  });

  it('is refused when it is missing', async () => {
    expect(await read(rawZip([{ name: 'engine.json', data: '{}' }]))).toMatchObject({
      refused: 'NotTrusted',
      message: 'The package is not signed: it has no files.json.',
    });
    expect(await read(rawZip([{ name: 'files.json', data: '{}' }]))).toMatchObject({
      message: 'The package is not signed: it has no signature.json.',
    });
  });

  it('SIG-12 is refused over other bytes: the same files packed anew', async () => {
    const again = await rezipped();
    // Our writer makes the same bytes; another tool's zip differs.
    expect(again.equals(bytes)).toBe(true);
    const zip = await openZip(memorySource(bytes));
    if (isRefusal(zip)) throw new Error(zip.message);
    const files = await Promise.all(
      [...zip.entries.keys()].map(async (name) => ({ name, data: (await zip.bytes(name, 1e6)) as Buffer })),
    );
    expect(await read(rawZip(files))).toMatchObject({
      refused: 'BadPackage',
      message: 'The package was packed anew after it was signed.',
    });
  });

  it('is refused over other files: changed, added, removed', async () => {
    const changed = await rezipped({ 'bin/data.mjs': Buffer.from('export const data = 2;') });
    expect(await read(changed)).toMatchObject({ refused: 'BadPackage' });
    const listed = await rezipped({ 'files.json': Buffer.from('{"archive":"","files":[]}') });
    expect(await read(listed)).toMatchObject({ refused: 'NotTrusted' });
  });

  it.each<
    [
      string,
      (list: { archive: string; files: { path: string; size: number; sha256: string }[] }) => object,
      RegExp,
    ]
  >([
    [
      'leaves a file out',
      ({ files, ...rest }) => ({ ...rest, files: files.slice(1) }),
      /is not in files.json/,
    ],
    [
      'names a file too many',
      ({ files, ...rest }) => ({
        ...rest,
        files: [...files, { path: 'x', size: 1, sha256: '0'.repeat(64) }],
      }),
      /entry x is missing/,
    ],
    [
      'has a wrong size',
      ({ files, ...rest }) => ({ ...rest, files: files.map((file) => ({ ...file, size: file.size + 1 })) }),
      /has not the \d+ bytes/,
    ],
    [
      'has a wrong digest',
      ({ files, ...rest }) => ({
        ...rest,
        files: files.map((file) => ({ ...file, sha256: '0'.repeat(64) })),
      }),
      /has another content/,
    ],
    [
      'has no digest',
      ({ files, ...rest }) => ({
        ...rest,
        files: files.map(({ path: name, size }) => ({ path: name, size })),
      }),
      /files\[0\]\.sha256 is missing/,
    ],
  ])('is refused when the signed list itself %s', async (_, change, message) => {
    const zip = await openZip(memorySource(bytes));
    if (isRefusal(zip)) throw new Error(zip.message);
    const list = Buffer.from(JSON.stringify(change(JSON.parse(String(await zip.bytes('files.json', 1e6))))));
    const value = sign(null, list, publisher.privateKey).toString('base64');
    const signature = Buffer.from(JSON.stringify({ keyId: publisherId, algorithm: 'Ed25519', value }));
    expect(await read(await rezipped({ 'files.json': list, 'signature.json': signature }))).toMatchObject({
      message: expect.stringMatching(message),
    });
  });
});

describe('a folder that is no engine', () => {
  const without = (name: string) =>
    Object.fromEntries(Object.entries(engineFiles).filter(([key]) => key !== name));
  const manifest = (change: object) => ({
    ...engineFiles,
    'engine.json': JSON.stringify({ ...engineManifest, ...change }),
  });

  it.each<[string, Record<string, string | Buffer>, object]>([
    [
      'without a manifest',
      without('engine.json'),
      { refused: 'BadPackage', message: 'The package has no engine.json.' },
    ],
    ['with a wrong manifest', manifest({ contract: 7 }), { refused: 'BadManifest', field: 'contract' }],
    [
      'with a manifest of 2 MB',
      { ...engineFiles, 'engine.json': Buffer.alloc(2_000_000, ' ') },
      { limit: 'at most 1048576 bytes' },
    ],
    [
      'without the file of an entry',
      without('bin/solve.mjs'),
      { refused: 'BadManifest', field: 'entry.optimization.file' },
    ],
    [
      'without the probe it names',
      manifest({ requires: { probe: ['bin/probe.mjs'] } }),
      { field: 'requires.probe[0]' },
    ],
    [
      'without the licence of a solver',
      without('licenses/highs.txt'),
      { refused: 'BadManifest', field: 'solvers[0].license' },
    ],
    [
      'with the licence of another solver',
      { ...without('licenses/highs.txt'), 'licenses/highsmore.txt': 'MIT' },
      { field: 'solvers[0].license' },
    ],
    [
      'with a forbidden name',
      { ...engineFiles, '.git/config': 'x' },
      { refused: 'BadPackage', message: '.git uses the reserved name .git.' },
    ],
  ])('is refused %s, and leaves no package', async (_, files, expected) => {
    expect(await pack(files)).toMatchObject(expected);
    expect((await readdir(place.folder)).filter((name) => name.startsWith('out.engine.'))).toEqual([]);
  });

  it('is refused with a link in it', async () => {
    const source = await folderWith(engineFiles);
    await symlink('/etc/passwd', path.join(source.folder, 'passwd'));
    expect(
      await packEngine(source.folder, path.join(place.folder, 'link.engine'), publisher.privateKey),
    ).toMatchObject({
      refused: 'BadPackage',
      message: 'passwd is a link or a device.',
    });
    expect(await readdir(place.folder)).not.toContain('link.engine');
    await source.remove();
  });

  it('is allowed with its licence in a folder of the solver', async () => {
    expect(await pack({ ...without('licenses/highs.txt'), 'licenses/highs/LICENSE': 'MIT' })).toMatchObject({
      keyId: publisherId,
    });
  });
});

describe('PKG-23 a package that changes after it was verified', () => {
  it('is not unpacked, and nothing of it stays', async () => {
    const file = path.join(place.folder, 'later.engine');
    await writeFile(file, bytes);
    const verified = await readEnginePackage(file, trusted);
    if (isRefusal(verified)) throw new Error(verified.message);
    // Another package in its place, complete and well-formed.
    await writeFile(
      file,
      await rezipped({ 'bin/solve.mjs': Buffer.alloc(engineFiles['bin/solve.mjs'].length, 'x') }),
    );
    const folder = path.join(place.folder, 'later');
    await expect(unpackEngine(verified, folder)).rejects.toThrow(
      'later.engine has changed since it was verified: bin/solve.mjs has another content',
    );
    await writeFile(file, bytes.subarray(0, 100));
    await expect(unpackEngine(verified, folder)).rejects.toMatchObject({ name: 'PackageAltered' });
    expect(
      (await readdir(place.folder)).filter((name) => name.startsWith('later') && name !== 'later.engine'),
    ).toEqual([]);
    await writeFile(file, bytes);
    await unpackEngine(verified, folder);
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['engine.json', 'bin', 'licenses']));
  });

  it('is unpacked once by many callers at the same time', async () => {
    const folder = path.join(place.folder, 'many');
    await writeFile(good.file, bytes);
    await Promise.all(Array.from({ length: 8 }, () => unpackEngine(good, folder)));
    expect((await readdir(place.folder)).filter((name) => name.startsWith('many'))).toEqual(['many']);
    expect(await readFile(path.join(folder, 'engine.json'), 'utf8')).toBe(engineFiles['engine.json']);
  });
});
