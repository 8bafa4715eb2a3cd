import { describe, expect, it } from '@jest/globals';
import { wrongArgs } from './check-args.js';

const extensionsOf = (args: object) => wrongArgs(args)?.extensions;

describe('arguments of the API', () => {
  it('may hold any other text, number or object', () => {
    expect(
      wrongArgs({ id: 'ä\n\u{1F600}', input: { cells: [{ tuple: ['a'], value: -0.5 }], args: null } }),
    ).toBe(undefined);
  });

  it('are refused with the place of a character that PostgreSQL does not store', () => {
    expect(extensionsOf({ input: { cells: [{ tuple: ['a', 'b\0'] }] } })).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'input.cells.0.tuple.1',
      limit: 'text without U+0000',
    });
    expect(extensionsOf({ args: { 'k\0': 1 } })?.['field']).toBe('args.k\\0');
  });

  it('are refused when they are nested too deep', () => {
    const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });
    expect(wrongArgs({ args: deep(30) })).toBe(undefined);
    expect(wrongArgs({ args: deep(100_000 / 25) })?.message).toMatch(/^args\.a\.a.* is nested too deep$/);
  });
});
