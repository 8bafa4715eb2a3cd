import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Failure } from './failure.js';
import {
  parseAssignments,
  parseExactVersion,
  parseFile,
  parseGap,
  parseId,
  parseInteger,
  parseSeconds,
  parseStates,
  parseVersioned,
} from './values.js';

describe('a name with a version', () => {
  it('may leave the version out where the latest is meant', () => {
    expect(parseVersioned('supply')).toEqual({ name: 'supply', version: null });
    expect(parseVersioned('supply:1.2.0')).toEqual({ name: 'supply', version: '1.2.0' });
  });

  it.each(['', ':1', 'supply:', 'a:b:c'])('is not %p', (text) => {
    expect(() => parseVersioned(text)).toThrow(Failure);
  });

  it('must have the version where one is changed', () => {
    expect(() => parseExactVersion('supply')).toThrow(/no version/);
  });
});

describe('a length of time', () => {
  it.each([
    ['90', 90],
    ['90s', 90],
    ['0.5s', 0.5],
    ['10m', 600],
    ['1h30m', 5400],
    ['2d12h', 216_000],
  ])('reads %p as %p seconds', (text, seconds) => expect(parseSeconds(text)).toBe(seconds));

  it.each(['', ' ', 'soon', '10 m', '10x', '-5', '1h and 2m', 'NaN', 'Infinity'])('is not %p', (text) => {
    expect(() => parseSeconds(text)).toThrow(/not a length of time/);
  });
});

describe('a gap', () => {
  it.each([
    ['1%', 0.01],
    ['0.5 %', 0.005],
    ['0.01', 0.01],
    ['0', 0],
  ])('reads %p as %p', (text, gap) => expect(parseGap(text)).toBeCloseTo(gap, 12));

  it.each(['', '%', '-1%', 'small', '1.2.3%'])('is not %p', (text) => {
    expect(() => parseGap(text)).toThrow(/not a gap/);
  });
});

it('names the limits of a whole number', () => {
  expect(parseInteger('7', 'limit', 1, 10)).toBe(7);
  for (const text of ['0', '11', '1.5', '', 'x'])
    expect(() => parseInteger(text, 'limit', 1, 10)).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ field: 'limit', limit: 'from 1 to 10' }),
      }),
    );
});

it('knows the states of a job in the words of people', () => {
  expect(parseStates('running,time-limit')).toEqual(['RUNNING', 'TIME_LIMIT']);
  expect(() => parseStates('done')).toThrow(/no state of a job/);
});

it('takes an id in either case and nothing else', () => {
  const id = '0190a000-0000-7000-8000-00000000000a';
  expect(parseId(id.toUpperCase(), 'job')).toBe(id);
  expect(parseId(`${id}:result`, 'case')).toBe(`${id}:result`);
  expect(() => parseId(`${id}:result`, 'job')).toThrow(/not the id of a job/);
  expect(() => parseId('42', 'job')).toThrow(/not the id of a job/);
});

it('parts an identifier from the path of its file at the first =', () => {
  expect(parseFile('File=a=b.mps')).toEqual({ identifier: 'File', path: 'a=b.mps' });
  for (const text of ['File', '=x', 'File=']) expect(() => parseFile(text)).toThrow(/names no file/);
});

describe('an assignment', () => {
  it('groups the cells of one identifier', () => {
    expect(parseAssignments(['Rate=0.5', 'Demand[Oslo]=12', 'Demand[Rome]=-1e3', 'On=true'])).toEqual([
      { identifier: 'Rate', cells: [{ tuple: [], value: 0.5 }] },
      {
        identifier: 'Demand',
        cells: [
          { tuple: ['Oslo'], value: 12 },
          { tuple: ['Rome'], value: -1000 },
        ],
      },
      { identifier: 'On', cells: [{ tuple: [], value: true }] },
    ]);
  });

  it.each([
    ['Name=Oslo', 'Oslo'],
    ['Name="12"', '12'],
    ['Name=', null],
    ['Name=null', null],
    ['Name=a=b', 'a=b'],
    ['Name=0x10', '0x10'],
  ])('reads the value of %p as %p', (text, value) =>
    expect(parseAssignments([text])).toEqual([{ identifier: 'Name', cells: [{ tuple: [], value }] }]),
  );

  it.each(['Demand', '=1', 'Demand[Oslo]', 'Demand[Oslo=1', '1st=2', 'a b=1'])('is not %p', (text) => {
    expect(() => parseAssignments([text])).toThrow(/assigns nothing/);
  });

  it('reads back every tuple that it could be given, whatever the elements are called', () => {
    const element = fc
      .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
      .filter((text) => !text.includes('"'));
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 5 }), fc.integer(), (tuple, value) => {
        const text = `Cost[${tuple.map((each) => `"${each}"`).join(',')}]=${value}`;
        expect(parseAssignments([text])).toEqual([{ identifier: 'Cost', cells: [{ tuple, value }] }]);
      }),
    );
  });
});
