import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  checkDigest,
  checkForm,
  checkJson,
  checkLabels,
  checkNumber,
  checkOneOf,
  checkText,
  clip,
} from './index.js';

describe('checkText', () => {
  const name = (value: unknown) => checkText('name', value, { max: 5 });

  it('takes text that shows as what it is, and names field and limit otherwise', () => {
    expect(name('Zoë')).toBeUndefined();
    expect(name('')).toStrictEqual({
      refused: 'BadInput',
      message: 'name is empty: it must be 1 to 5 characters of text in one line',
      field: 'name',
      limit: '1 to 5 characters of text in one line',
    });
  });

  it.each([
    ['   ', 'too short'],
    ['abcdef', 'has 6 characters'],
    [7, 'is not text'],
    [null, 'is not text'],
    ['a\0b', 'control characters'],
    ['a\nb', 'control characters'],
    ['a\u202eb', 'control characters'],
    ['a\ud800', 'control characters'],
  ])('refuses %j: %s', (value, problem) => expect(name(value)?.message).toContain(problem));

  it('permits line breaks where asked, and nothing else', () => {
    const text = (value: string) => checkText('description', value, { min: 0, max: 20, multiline: true });
    expect(text('')).toBeUndefined();
    expect(text('a\r\n\tb')).toBeUndefined();
    expect(text('a\u001b[2J')?.refused).toBe('BadInput');
  });
});

describe('checkNumber', () => {
  it('knows inclusive and exclusive lower limits, whole numbers and units', () => {
    const seconds = (value: unknown) => checkNumber('timeLimit', value, { above: 0, max: 10, unit: 's' });
    expect([seconds(0.1), seconds(10)]).toStrictEqual([undefined, undefined]);
    expect(seconds(0)?.message).toBe('timeLimit is 0: it must be a number above 0 and at most 10 s');
    expect(checkNumber('slots', 1, { min: 1, max: 2, whole: true })).toBeUndefined();
    expect(checkNumber('slots', 1.5, { min: 1, max: 2, whole: true })?.limit).toBe(
      'a whole number from 1 to 2',
    );
  });

  it.each([NaN, Infinity, -1, 11, '3', null])('refuses %p', (value) =>
    expect(checkNumber('n', value, { min: 0, max: 10 })?.refused).toBe('BadInput'),
  );
});

describe('checkForm, checkDigest, checkOneOf', () => {
  it('name what would be right', () => {
    expect(checkForm('name', 'a b', /^[a-z]+$/, 'letters')?.limit).toBe('letters');
    expect(checkDigest('digest', 'a'.repeat(64))).toBeUndefined();
    expect(checkDigest('digest', 'A'.repeat(64))?.field).toBe('digest');
    expect(checkOneOf('kind', 'a', ['a', 'b'])).toBeUndefined();
    expect(checkOneOf('kind', 'c', ['a', 'b'])?.message).toBe('kind is "c": it must be one of a, b');
    expect(checkOneOf('kind', 3, ['a', 'b'])?.message).toBe('kind is not text: it must be one of a, b');
  });
});

describe('checkJson', () => {
  it('takes what JSON can hold', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]*$/), fc.integer()), (value) => {
        expect(checkJson('args', value, 1_000_000)).toBeUndefined();
      }),
    );
  });

  const deep = (levels: number): object => (levels === 0 ? {} : { in: deep(levels - 1) });

  it.each([
    ['a list', []],
    ['null', null],
    ['text', '{}'],
    ['a NUL that jsonb cannot hold', { a: ['x\0'] }],
    ['a NUL in a key', { 'a\0': 1 }],
    ['half a surrogate pair', { a: '\ud83d' }],
    ['a number that JSON has not', { a: NaN }],
    ['a function', { a: () => 1 }],
    ['more levels than a parser should walk', deep(33)],
    ['more bytes than allowed', { a: 'é'.repeat(60) }],
  ])('refuses %s', (_, value) => expect(checkJson('args', value, 100)?.field).toBe('args'));

  it('takes 32 levels', () => expect(checkJson('args', deep(31), 1000)).toBeUndefined());
});

describe('checkLabels', () => {
  it.each([[[]], [['gpu', 'site=berlin', 'cuda-12.4', 'A=b_c']], [['x'.repeat(63)]]])('takes %j', (labels) =>
    expect(checkLabels('labels', labels)).toBeUndefined(),
  );

  it.each([
    [['']],
    [['two words']],
    [['a=b=c']],
    [['=berlin']],
    [['site=']],
    [['-gpu']],
    [['größe']],
    [['x'.repeat(64)]],
    [['gpu', 'gpu']],
    [Array.from({ length: 33 }, (_, i) => `l${i}`)],
    [[7 as unknown as string]],
  ])('refuses %j', (labels) => expect(checkLabels('labels', labels)?.field).toBe('labels'));
});

describe('clip', () => {
  it('always gives text that checkText takes, and leaves such text alone', () => {
    const multiline = { min: 0, max: 20, multiline: true };
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 20 }), (any, fine) => {
        expect(checkText('t', clip(any, 20), multiline)).toBeUndefined();
        expect(clip(fine, 20)).toBe(fine);
      }),
    );
    expect(clip('😀😀', 3)).toBe('😀…');
    expect(clip('😀😀', 2)).toBe('\ufffd…');
  });
});
