import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  Cols1Error,
  decodeColumns,
  decodeElements,
  encodeColumns,
  encodeElements,
  type Column,
} from './cols1.js';

const many = <T>(one: fc.Arbitrary<T>, rows: number): fc.Arbitrary<T[]> =>
  fc.array(one, { minLength: rows, maxLength: rows });
const int32 = (rows: number): fc.Arbitrary<Int32Array> => fc.int32Array({ minLength: rows, maxLength: rows });
const int64 = (rows: number): fc.Arbitrary<BigInt64Array> =>
  many(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), rows).map((all) => BigInt64Array.from(all));
const uint8 = (rows: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: rows, maxLength: rows, max });
const name = fc.string({ unit: 'grapheme' });

const column = (rows: number): fc.Arbitrary<Column> =>
  fc.oneof(
    fc.record({ name, type: fc.constant('i32' as const), values: int32(rows) }),
    fc.record({ name, type: fc.constant('i32' as const), set: name, values: int32(rows) }),
    fc.record({
      name,
      type: fc.constant('f64' as const),
      values: fc.float64Array({ minLength: rows, maxLength: rows }),
    }),
    fc.record({ name, type: fc.constant('i64' as const), values: int64(rows) }),
    fc.record({ name, type: fc.constant('u8' as const), values: uint8(rows, 1) }),
    fc.record({
      name,
      type: fc.constant('utf8' as const),
      values: many(fc.string({ unit: 'grapheme' }), rows),
    }),
    fc.record({ name, type: fc.constant('datetime' as const), zone: name, values: int64(rows) }),
    fc.record({ name, type: fc.constant('element' as const), set: name, values: int32(rows) }),
    fc.record({ name, type: fc.constant('flags' as const), values: uint8(rows, 4) }),
  );
const table = fc.nat(20).chain((rows) => fc.array(column(rows), { minLength: 1, maxLength: 6 }));

/** The same bytes at another place in memory. */
const shifted = (bytes: Uint8Array, by: number): Uint8Array => {
  const moved = new Uint8Array(bytes.length + by).subarray(by);
  moved.set(bytes);
  return moved;
};

describe('cols1', () => {
  it('gives back every table, wherever its bytes lie', () =>
    fc.assert(
      fc.property(table, fc.nat(9), (columns, by) => {
        expect(decodeColumns(shifted(encodeColumns(columns), by))).toEqual(columns);
      }),
    ));

  it('gives the same bytes for the same table', () =>
    fc.assert(
      fc.property(table, (columns) => {
        const bytes = encodeColumns(columns);
        expect(Buffer.compare(encodeColumns(decodeColumns(bytes)), bytes)).toBe(0);
      }),
    ));

  it('is read from a Node Buffer that begins at an odd byte', () => {
    const bytes = encodeColumns([{ name: 'a', type: 'f64', values: Float64Array.of(1, 2) }]);
    const shifted = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
    expect(decodeColumns(shifted)).toEqual([{ name: 'a', type: 'f64', values: Float64Array.of(1, 2) }]);
  });

  it('reads numbers where they lie', () => {
    const bytes = encodeColumns([{ name: 'v', type: 'f64', values: Float64Array.of(1, 2) }]);
    expect(decodeColumns(bytes)[0]?.values).toHaveProperty('buffer', bytes.buffer);
  });

  it('answers altered and cut bytes with a table or a Cols1Error', () =>
    fc.assert(
      fc.property(
        table,
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (columns, alterations, place) => {
          const whole = encodeColumns(columns);
          for (const [at, byte] of alterations) whole[Math.floor(at * (whole.length - 1))] = byte;
          for (const bytes of [whole, whole.subarray(0, Math.floor(place * whole.length))])
            try {
              decodeColumns(bytes);
            } catch (error) {
              if (!(error instanceof Cols1Error)) throw error;
            }
        },
      ),
      { numRuns: 500 },
    ));

  const withHeader = (header: unknown, body = new Uint8Array(0)): Uint8Array => {
    const json = Buffer.from(JSON.stringify(header));
    const bytes = Buffer.alloc(Math.ceil((4 + json.length) / 8) * 8);
    bytes.writeUInt32LE(json.length, 0);
    json.copy(bytes, 4);
    return Buffer.concat([bytes, body]);
  };
  it.each([
    ['no bytes', new Uint8Array(0), /at least 4 bytes/],
    ['a header without end', Uint8Array.of(255, 0, 0, 0, 1), /claims 255 bytes of 5/],
    ['rows that are text', withHeader({ rows: '1', columns: [] }), /rows must be a whole number/],
    ['too many columns', withHeader({ rows: 0, columns: Array(101).fill({}) }), /at most 100/],
    [
      'an unknown type',
      withHeader({ rows: 0, columns: [{ name: 'a', type: 'u16' }] }),
      /column a .* type u16/,
    ],
    [
      'a column that is cut',
      withHeader({ rows: 2, columns: [{ name: 'a', type: 'f64' }] }, new Uint8Array(8)),
      /column a needs 16 bytes; 8 are left/,
    ],
    [
      'bytes too many',
      withHeader({ rows: 1, columns: [{ name: 'a', type: 'f64' }] }, new Uint8Array(24)),
      /ends at byte \d+ of \d+/,
    ],
    [
      'offsets beyond the text',
      withHeader(
        { rows: 1, columns: [{ name: 'a', type: 'utf8', bytes: 1 }] },
        Uint8Array.of(0, 0, 0, 0, 9, 0, 0, 0, 65, 0, 0, 0, 0, 0, 0, 0),
      ),
      /offsets of the column a/,
    ],
    [
      'text that is not UTF-8',
      withHeader(
        { rows: 1, columns: [{ name: 'a', type: 'utf8', bytes: 1 }] },
        Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0),
      ),
      /column a is not UTF-8/,
    ],
  ])('names the problem of %s', (_, bytes, message) => {
    expect(() => decodeColumns(bytes)).toThrow(message);
  });

  it('refuses columns of different length', () => {
    const columns: Column[] = [
      { name: 'a', type: 'u8', values: Uint8Array.of(1) },
      { name: 'b', type: 'u8', values: Uint8Array.of(1, 0) },
    ];
    expect(() => encodeColumns(columns)).toThrow('The column b has 2 rows and the first one 1');
  });

  it('keeps the order of a set', () => {
    expect(decodeElements(encodeElements(['b', 'ä', '']))).toEqual(['b', 'ä', '']);
    expect(() =>
      decodeElements(encodeColumns([{ name: 'a', type: 'u8', values: Uint8Array.of(1) }])),
    ).toThrow(Cols1Error);
  });
});
