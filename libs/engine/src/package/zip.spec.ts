import { describe, expect, it } from '@jest/globals';
import { isRefusal } from '@openpro/kernel';
import fc from 'fast-check';
import { openZip, ZIP_LIMITS, type Zip } from './zip.js';
import { extraField, memorySource, rawZip, type RawEntry, type RawZip } from './zip.testing.js';
import { ZipWriter } from './zip-writer.js';

const open = (bytes: Buffer, limits = ZIP_LIMITS) => openZip(memorySource(bytes), limits);

const opened = async (bytes: Buffer): Promise<Zip> => {
  const zip = await open(bytes);
  if (isRefusal(zip)) throw new Error(zip.message);
  return zip;
};

const refused = async (entries: readonly RawEntry[], zip?: RawZip, limits = ZIP_LIMITS) => {
  const outcome = await open(rawZip(entries, zip), limits);
  expect(outcome).toMatchObject({ refused: 'BadPackage', field: 'package' });
  return isRefusal(outcome) ? outcome : undefined;
};

const written = async (files: readonly (readonly [string, Uint8Array])[]): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  const zip = new ZipWriter(async (bytes) => void parts.push(bytes));
  for (const [name, bytes] of files) await zip.add(name, bytes);
  await zip.end();
  return Buffer.concat(parts);
};

describe('PKG-01, PKG-11 names of a package', () => {
  it.each([
    '../x',
    'a/../../x',
    '..\\x',
    '/etc/x',
    'C:\\x',
    'C:/x',
    '\\\\host\\x',
    '//host/x',
    '%2e%2e/x',
    'a/%2E%2e/x',
    'a//b',
    './a',
    'a/.',
    'CON',
    'con.txt',
    'dir/NUL',
    'nul.tar.gz',
    'COM1',
    'lpt9.txt',
    'COM¹',
    'CONOUT$',
    'a.',
    'a./b',
    'a ',
    'a /b',
    'a:b',
    'a:stream',
    '.git/config',
    'x/.GIT/hooks',
    'git~1/config',
    '__proto__',
    'a/__proto__/b',
    'constructor',
    'line\nbreak',
    'tab\tin',
    'nul\0byte',
    'del\x7f',
    'right\u202eto-left',
    'iso\u2067late',
    'zero\u200bwidth',
    'bom\ufeff',
    'a*b',
    'a?b',
    'a|b',
    'a<b',
    'a"b',
  ])('refuses %j', async (name) => {
    const refusal = await refused([{ name: 'fine.txt' }, { name }]);
    expect(refusal?.limit).toBeTruthy();
    // The message must not carry what forges a log line or a page.
    expect(refusal?.message).not.toMatch(/[\n\t\0\u202e\u2067\u200b]/);
  });

  it.each([
    'x',
    'a/b/c.txt',
    '..x',
    '...a',
    'a..b/c',
    'console.txt',
    'nullable',
    'com10',
    'command',
    '.gitignore',
    '.github/x',
    'Grüße/日本語.csv',
    'a b.txt',
    '50%.csv',
    '%zz',
    'proto__',
    "it's",
    'a{1}[2](3)',
  ])('allows %j', async (name) => {
    expect([...(await opened(rawZip([{ name }]))).entries.keys()]).toEqual([name]);
  });

  it('names the entry and the limit', async () => {
    expect(await refused([{ name: 'data/../../../etc/passwd' }])).toMatchObject({
      message: 'The entry data/../../../etc/passwd has an empty, "." or ".." part.',
      limit: 'a path inside the package',
    });
  });

  it('refuses a name in an unknown alphabet, and allows it marked as UTF-8', async () => {
    await refused([{ name: Buffer.from('é.txt', 'latin1') }]);
    await refused([{ name: 'é.txt', flags: 0 }]);
    await opened(rawZip([{ name: 'é.txt' }]));
    await opened(rawZip([{ name: 'e.txt', flags: 0 }]));
  });

  it.each([
    ['twice', ['a', 'a']],
    ['in two spellings', ['Model.ts', 'model.ts']],
    ['composed and decomposed', ['caf\u00e9', 'cafe\u0301']],
    ['as file and folder', ['a', 'a/b']],
    ['as folder and file', ['a/b', 'a']],
    ['as file and named folder', ['a', 'a/']],
    ['with folders in two spellings', ['Data/a', 'data/b']],
    ['with a folder twice', ['a/', 'a/']],
  ])('refuses a name %s', async (_, names) => {
    await refused(names.map((name) => ({ name, mode: name.endsWith('/') ? 0o040755 : 0o100644 })));
  });

  it('allows like names in different folders, and a folder beside its files', async () => {
    const entries = [{ name: 'a/', mode: 0o040755 }, { name: 'a/x' }, { name: 'a/X.txt' }, { name: 'b/x' }];
    expect([...(await opened(rawZip(entries))).entries.keys()]).toEqual(['a/x', 'a/X.txt', 'b/x']);
  });
});

describe('PKG-07 sizes of a package', () => {
  const deep = (levels: number): string => Array.from({ length: levels }, () => 'd').join('/');

  it('refuses more files than the limit before it reads them, and allows the limit', async () => {
    const many = (n: number): RawEntry[] => Array.from({ length: n }, (_, i) => ({ name: `f${i}` }));
    const limits = { ...ZIP_LIMITS, files: 100 };
    expect(await refused(many(101), {}, limits)).toMatchObject({
      message: 'The package has 101 files.',
      limit: 'at most 100 files',
    });
    expect(isRefusal(await open(rawZip(many(100)), limits))).toBe(false);
    expect(await refused([], { count: 0xffff })).toMatchObject({ limit: 'at most 10000 files' });
  });

  it('refuses a depth of 1,000 and 33, and allows 32', async () => {
    await refused([{ name: deep(33) }]);
    expect(isRefusal(await open(rawZip([{ name: deep(1000) }])))).toBe(true);
    await opened(rawZip([{ name: deep(32) }]));
  });

  it('refuses a name of 4,096 and 256 bytes, and allows 255', async () => {
    await refused([{ name: 'n'.repeat(4096) }]);
    expect(await refused([{ name: 'n'.repeat(256) }])).toMatchObject({ limit: 'at most 255 bytes' });
    await refused([{ name: 'é'.repeat(128) }]);
    await opened(rawZip([{ name: 'n'.repeat(255) }]));
  });
});

describe('PKG-05 a package that unpacks to far more than its size', () => {
  it('is refused by the sizes of its directory', async () => {
    const bomb = { name: 'zeros', data: Buffer.alloc(64 * 1024 ** 2), method: 8 };
    expect(await refused([bomb])).toMatchObject({ limit: 'at most 200 times its size' });
    const claims = { name: 'claims', size: 0xf0000000, method: 8, data: 'x' };
    expect(await refused([claims])).toMatchObject({ limit: `at most ${2 * 1024 ** 3} bytes` });
  });

  it('is refused when many entries share the same data', async () => {
    const kernel = { name: 'a', data: Buffer.alloc(1024 ** 2), method: 8 };
    const overlapping = Array.from({ length: 50 }, (_, i) => ({ ...kernel, name: `copy${i}`, offset: 0 }));
    await refused([kernel, ...overlapping]);
    expect(
      (
        await refused([
          { name: 'a', data: 'one' },
          { name: 'b', data: 'two', offset: 0 },
        ])
      )?.message,
    ).toMatch(/differ|overlaps/);
  });

  it('unpacks not one byte more than the directory promised', async () => {
    const zip = await opened(rawZip([{ name: 'liar', data: Buffer.alloc(5000, 'x'), method: 8, size: 10 }]));
    expect(await zip.bytes('liar', 100)).toMatchObject({ refused: 'BadPackage' });
    expect(await zip.contentProblem()).toMatchObject({ refused: 'BadPackage' });
  });

  it('is allowed when it is only well compressed', async () => {
    const zip = await opened(rawZip([{ name: 'table.csv', data: '0,0,0,0\n'.repeat(100_000), method: 8 }]));
    expect(await zip.contentProblem()).toBeUndefined();
  });
});

describe('PKG-09 one file, one directory', () => {
  const entries = [{ name: 'a', data: 'first' }];
  const other = rawZip([{ name: 'evil', data: 'second' }]);

  it.each<[string, RawZip]>([
    ['data before the first entry', { before: Buffer.from('#!/bin/sh\n') }],
    ['a second zip before the first entry', { before: other }],
    ['a second zip before the directory', { gap: other }],
    ['data before the directory', { gap: Buffer.alloc(1) }],
    ['data between directory and end record', { inserted: Buffer.alloc(16) }],
    ['data in the directory that belongs to no entry', { padding: Buffer.alloc(30) }],
    ['data after the end', { after: Buffer.from('\n') }],
    ['a second zip after the end', { after: other }],
    ['a comment', { comment: Buffer.from('hello') }],
    ['a comment with a second end record', { comment: other.subarray(-22) }],
    ['more entries counted than there are', { count: 2 }],
    ['fewer entries counted than there are', { count: 0 }],
  ])('refuses %s', async (_, zip) => {
    await refused(entries, zip);
  });

  it('refuses a zip64 locator, in whatever it is dressed', async () => {
    const locator = Buffer.concat([Buffer.from('PK\x06\x07', 'latin1'), Buffer.alloc(16)]);
    expect(await refused([{ name: 'a', extra: extraField(0x6666, locator) }])).toMatchObject({
      limit: 'one directory, directly before the end record, without zip64',
    });
    await opened(rawZip([{ name: 'a', extra: extraField(0x6666, Buffer.alloc(20)) }]));
  });

  it('refuses an entry with two names', async () => {
    expect((await refused([{ name: 'safe.txt', localName: 'evil.txt' }]))?.message).toMatch(
      /two headers that differ/,
    );
    await refused([{ name: 'safe.txt', extra: extraField(0x7075) }]);
  });

  it('refuses what is cut off at any byte', async () => {
    const whole = rawZip([{ name: 'a', data: 'some text' }]);
    for (let length = 0; length < whole.length; length++)
      expect(await open(whole.subarray(0, length))).toMatchObject({ refused: 'BadPackage' });
    await opened(whole);
  });
});

describe('PKG-03, PKG-13 kinds of entries', () => {
  it.each<[string, Partial<RawEntry>, RegExp]>([
    ['a symbolic link', { mode: 0o120777 }, /link or a device/],
    ['a pipe', { mode: 0o010644 }, /link or a device/],
    ['a device', { mode: 0o060644 }, /link or a device/],
    ['a file that says it is a folder', { mode: 0o040755 }, /link or a device/],
    ['a hard link', { extra: extraField(0x000d) }, /a Unix link/],
    ['a link in an Asi field', { extra: extraField(0x756e) }, /a Unix link/],
    ['an encrypted entry', { flags: 0x801, method: 8 }, /is encrypted/],
    ['a strongly encrypted entry', { flags: 0x841 }, /encryption|encrypted/],
    ['masked headers', { flags: 0x2800 }, /is encrypted/],
    ['an AES entry', { method: 99, extra: extraField(0x9901) }, /method 99/],
    ['an unknown method', { method: 12 }, /method 12/],
    ['a zip64 entry', { extra: extraField(0x0001, Buffer.alloc(8)) }, /zip64/],
  ])('refuses %s', async (_, entry, message) => {
    expect((await refused([{ name: 'x', data: 'data', ...entry }]))?.message).toMatch(message);
  });

  it.each<[string, Partial<RawEntry>]>([
    ['a plain file', {}],
    ['an executable', { mode: 0o100755 }],
    ['no Unix mode', { mode: 0 }],
    ['a deflated file', { method: 8 }],
    ['a time stamp field', { extra: extraField(0x5455) }],
  ])('allows %s', async (_, entry) => {
    const zip = await opened(rawZip([{ name: 'x', data: 'data', ...entry }]));
    expect(await zip.bytes('x', 100)).toEqual(Buffer.from('data'));
  });
});

describe('a zip of our writer', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}(\/[a-z][a-z0-9_]{0,8}){0,3}\.x$/);

  it('is read back file by file', async () => {
    const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 3000 })), {
      selector: ([n]) => n,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(files, async (list) => {
        const zip = await opened(await written(list));
        expect([...zip.entries.keys()]).toEqual(list.map(([n]) => n));
        for (const [n, bytes] of list) expect(await zip.bytes(n, 3000)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 50 },
    );
  });

  it('is the same bytes for the same files', async () => {
    const files = [['a', Buffer.from('x')]] as const;
    expect(await written(files)).toEqual(await written(files));
  });

  it('is refused or read as before when bytes change, and never breaks the reader', async () => {
    const whole = await written([
      ['a/b.txt', Buffer.from('hello '.repeat(50))],
      ['c', Buffer.from('x')],
    ]);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, by] of changes) bytes[at] = bytes[at]! ^ by;
        const zip = await open(bytes);
        if (!isRefusal(zip)) await zip.contentProblem();
      }),
      { numRuns: 300 },
    );
  });
});
