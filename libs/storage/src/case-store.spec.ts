import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type CaseData, type Column, encodeColumns, encodeElements, FLAGS } from '@openpro/engine';
import fc from 'fast-check';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FolderBlobStore } from './blob-store.js';
import { caseCsv, caseTable, loadCase, loadManifest, saveCase } from './case-store.js';

let folder: string;
let blobs: FolderBlobStore;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'openpro-cases-'));
  blobs = new FolderBlobStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const blobCount = (): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;

const header = { app: 'supply-network', version: '1.0.0', engine: 'model-ts:1.15.3-2' };

const index = (set: string, positions: readonly number[]): Column => ({
  name: set,
  type: 'i32',
  set,
  values: Int32Array.from(positions),
});
const numbers = (name: string, values: readonly number[]): Column => ({
  name,
  type: 'f64',
  values: Float64Array.from(values),
});
const caseOf = (
  sets: Record<string, readonly string[]>,
  identifiers: Record<string, readonly Column[]>,
): CaseData => ({
  sets: new Map(Object.entries(sets).map(([name, elements]) => [name, encodeElements(elements)])),
  identifiers: new Map(Object.entries(identifiers).map(([name, columns]) => [name, encodeColumns(columns)])),
});

const cities = ['Portland, OR', 'Austin, TX', '=cmd|calc'];
const network = caseOf(
  { Cities: cities, Sites: ['Austin, TX'] },
  {
    Demand: [index('Cities', [0, 1, 2]), numbers('Demand', [10, 20.5, -3])],
    Flow: [index('Sites', [0, 0]), index('Cities', [1, 0]), numbers('Flow', [20.5, 10])],
    CostPerKm: [numbers('CostPerKm', [0.05])],
  },
);
const changed = (name: string, columns: readonly Column[]): CaseData => ({
  ...network,
  identifiers: new Map([...network.identifiers, [name, encodeColumns(columns)]]),
});

describe('a case', () => {
  it('comes back as it was, set by set and identifier by identifier', async () => {
    const { manifest, data } = await loadCase(blobs, await saveCase(blobs, header, network));
    for (const part of ['sets', 'identifiers'] as const)
      expect([...data[part]].map(([name, bytes]) => [name, Buffer.from(bytes)])).toEqual(
        [...network[part]]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, bytes]) => [name, Buffer.from(bytes)]),
      );
    expect(manifest).toMatchObject({
      format: 1,
      ...header,
      sets: [
        { name: 'Cities', count: 3 },
        { name: 'Sites', count: 1 },
      ],
      identifiers: [
        { name: 'CostPerKm', count: 1, type: 'f64', domain: [] },
        {
          name: 'Demand',
          count: 3,
          type: 'f64',
          domain: ['Cities'],
          bytes: network.identifiers.get('Demand')!.length,
        },
        { name: 'Flow', count: 2, type: 'f64', domain: ['Sites', 'Cities'] },
      ],
    });
  });

  it('has the same digest for the same data, in whatever order it comes, and is stored once', async () => {
    const digest = await saveCase(blobs, header, network);
    const before = blobCount();
    const turned = {
      sets: new Map([...network.sets].reverse()),
      identifiers: new Map([...network.identifiers].reverse()),
    };
    expect(await saveCase(blobs, header, turned)).toBe(digest);
    expect(blobCount()).toBe(before);
  });

  it('shares what has not changed with the case before', async () => {
    const first = await saveCase(blobs, header, network);
    const before = blobCount();
    const second = await saveCase(blobs, header, changed('CostPerKm', [numbers('CostPerKm', [0.06])]));
    expect(second).not.toBe(first);
    expect(blobCount()).toBe(before + 2); // the identifier and the manifest
  });

  it('is loaded in part: only these identifiers, with the sets', async () => {
    const digest = await saveCase(blobs, header, network);
    const { data } = await loadCase(blobs, digest, ['Flow']);
    expect([...data.identifiers.keys()]).toEqual(['Flow']);
    expect([...data.sets.keys()]).toEqual(['Cities', 'Sites']);
    await expect(loadCase(blobs, digest, ['Flow', 'Gone'])).rejects.toThrow(
      'The case has no identifier Gone',
    );
  });

  it('may be empty, and may have more identifiers than are stored at a time', async () => {
    const nothing = await loadCase(blobs, await saveCase(blobs, header, caseOf({}, {})));
    expect(nothing.data.identifiers.size).toBe(0);
    const many = caseOf(
      {},
      Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`I${i}`, [numbers(`I${i}`, [i])]])),
    );
    expect((await loadCase(blobs, await saveCase(blobs, header, many))).data.identifiers.size).toBe(50);
  });

  it('is not read when the disk has changed it, or when it is of a format of the future', async () => {
    const digest = await saveCase(blobs, header, network);
    const { identifiers } = await loadManifest(blobs, digest);
    await writeFile(blobs.path(identifiers[0]!.sha256), 'other');
    await expect(loadCase(blobs, digest)).rejects.toMatchObject({ name: 'WrongDigest' });
    const later = await blobs.putBytes(Buffer.from('{"format":2}'));
    await expect(loadCase(blobs, later.digest)).rejects.toThrow('unknown format 2');
  });

  it('is not kept when an identifier is no table', async () => {
    const broken = {
      ...network,
      identifiers: new Map([['Demand', Buffer.from('nonsense, and more of it')]]),
    };
    await expect(saveCase(blobs, header, broken)).rejects.toMatchObject({ name: 'Cols1Error' });
  });
});

describe('a table of a case', () => {
  it('is read window by window', async () => {
    const digest = await saveCase(blobs, header, network);
    expect(await caseTable(blobs, digest, 'Demand', 1, 1)).toEqual({
      identifier: 'Demand',
      version: 1,
      columns: ['Cities', 'Demand'],
      rows: [['Austin, TX', 20.5]],
      total: 3,
    });
    expect(await caseTable(blobs, digest, 'Flow', 0, 200)).toMatchObject({
      columns: ['Sites', 'Cities', 'Flow'],
      rows: [
        ['Austin, TX', 'Austin, TX', 20.5],
        ['Austin, TX', 'Portland, OR', 10],
      ],
    });
    expect(await caseTable(blobs, digest, 'CostPerKm', 0, 200)).toMatchObject({
      columns: ['CostPerKm'],
      rows: [[0.05]],
    });
    expect(await caseTable(blobs, digest, 'Demand', 3, 10)).toMatchObject({ rows: [], total: 3 });
    expect(await caseTable(blobs, digest, 'Gone', 0, 10)).toBeNull();
  });

  it.each<[string, Column[], unknown[], string]>([
    ['bool', [{ name: 'X', type: 'u8', values: Uint8Array.of(1, 0) }], [true, false], 'bool'],
    ['text', [{ name: 'X', type: 'utf8', values: ['é', ''] }], ['é', ''], 'utf8'],
    [
      'whole numbers, as text beyond 2^53',
      [{ name: 'X', type: 'i64', values: BigInt64Array.of(-5n, 2n ** 60n) }],
      [-5, '1152921504606846976'],
      'i64',
    ],
    [
      'moments',
      [{ name: 'X', type: 'datetime', zone: 'UTC', values: BigInt64Array.of(0n, 1_700_000_000_123_456n) }],
      ['1970-01-01T00:00:00.000Z', '2023-11-14T22:13:20.123Z'],
      'datetime',
    ],
    [
      'elements',
      [{ name: 'X', type: 'element', set: 'Cities', values: Int32Array.of(1, -1) }],
      ['Austin, TX', null],
      'element',
    ],
    ['numbers that JSON has not', [numbers('X', [Infinity, -Infinity, NaN])], ['INF', '-INF', 'NA'], 'f64'],
    [
      'special values',
      [
        numbers('X', [1, 0, 0, 0, 0]),
        {
          name: 'flags',
          type: 'flags',
          values: Uint8Array.from([
            FLAGS.none,
            FLAGS.notAvailable,
            FLAGS.plusInfinity,
            FLAGS.minusInfinity,
            FLAGS.undefined,
          ]),
        },
      ],
      [1, 'NA', 'INF', '-INF', 'UNDF'],
      'f64',
    ],
  ])('shows %s', async (_, columns, values, type) => {
    const digest = await saveCase(blobs, header, changed('X', columns));
    expect((await caseTable(blobs, digest, 'X', 0, 10))?.rows.map((row) => row.at(-1))).toEqual(values);
    expect((await loadManifest(blobs, digest)).identifiers.find(({ name }) => name === 'X')).toMatchObject({
      type,
      count: values.length,
    });
  });
});

describe('a table as CSV', () => {
  const csv = async (columns: readonly Column[]): Promise<string> =>
    [...(await caseCsv(blobs, await saveCase(blobs, header, changed('X', columns)), 'X'))!].join('');

  it('has a heading and a line for each tuple', async () => {
    expect(await csv([index('Cities', [1, 0]), numbers('X', [20.5, -1e-7])])).toBe(
      'Cities,X\r\n"Austin, TX",20.5\r\n"Portland, OR",-1e-7\r\n',
    );
  });

  it.each([
    ['=1+1', `"'=1+1"`],
    ['+1+2', `"'+1+2"`],
    ['-1|calc', `"'-1|calc"`],
    ['-1', '-1'],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    [' =1+1', `"' =1+1"`],
    ['\t=1', `"'\t=1"`],
    ['\r=1', `"'\r=1"`],
    ['say "hi", twice', '"say ""hi"", twice"'],
    ['two\nlines', '"two\nlines"'],
    ['plain = text', 'plain = text'],
    ['a-b@c', 'a-b@c'],
  ])('keeps a spreadsheet from running %j', async (text, cell) => {
    expect(await csv([{ name: 'X', type: 'utf8', values: [text] }])).toBe(`X\r\n${cell}\r\n`);
  });

  it('marks names of elements and sets, too, but not numbers', async () => {
    expect(await csv([index('Cities', [2]), numbers('X', [-3])])).toBe(`Cities,X\r\n"'=cmd|calc",-3\r\n`);
  });

  it('is nothing for an identifier that the case has not', async () => {
    expect(await caseCsv(blobs, await saveCase(blobs, header, network), 'Gone')).toBeUndefined();
  });

  it('has the rows of all windows, however long it is', async () => {
    // CSV does not tell 0 from -0.
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    await fc.assert(
      fc.asyncProperty(
        fc.array(number, { maxLength: 2500 }),
        fc.integer({ min: 1, max: 700 }),
        async (values, size) => {
          const digest = await saveCase(blobs, header, changed('X', [numbers('X', values)]));
          const rows: unknown[] = [];
          for (let offset = 0; offset < values.length; offset += size)
            rows.push(...((await caseTable(blobs, digest, 'X', offset, size))?.rows ?? []));
          const lines = [...(await caseCsv(blobs, digest, 'X'))!].join('').split('\r\n').slice(1, -1);
          expect(lines.map(Number)).toEqual(rows.flat().map(Number));
          expect(rows.flat()).toEqual(values);
        },
      ),
      { numRuns: 10 },
    );
  });
});
