import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareVersions, isRange, isVersion, satisfies } from './version.js';

describe('a version', () => {
  it.each(['0.0.0', '1.15.3', '1.15.3-2', '1.0.0-alpha.1', '10.20.30-rc-1.0x'])('can be %s', (text) =>
    expect(isVersion(text)).toBe(true),
  );
  it.each([
    '',
    '1',
    '1.2',
    '1.2.3.4',
    '01.2.3',
    '1.2.3-',
    '1.2.3+build',
    'v1.2.3',
    ' 1.2.3',
    '1.2.3\n',
    '1.2.x',
    '9999999999.0.0',
  ])('cannot be %j', (text) => expect(isVersion(text)).toBe(false));

  it('is ordered as semver.org says', () => {
    const ordered = [
      '0.9.9',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.1.0',
      '2.0.0',
    ];
    expect(ordered.toReversed().sort(compareVersions)).toEqual(ordered);
    expect(() => compareVersions('1.0.0', 'one')).toThrow('Not a version: one');
  });
});

describe('a range', () => {
  it.each([
    ['1.4.2', '*'],
    ['1.4.2', '1.4.2'],
    ['1.4.2', '=1.4.2'],
    ['1.4.2', '^1.2.0'],
    ['1.4.2', '~1.4.0'],
    ['1.4.2', '>=1.4.2'],
    ['1.4.2', '<=1.4.2'],
    ['1.4.2', '>1.4.1'],
    ['1.4.2', '<2.0.0'],
    ['1.4.2', '>=1.0.0 <2.0.0'],
    ['0.3.9', '^0.3.1'],
    ['0.0.3', '^0.0.3'],
    ['1.15.3-2', '^1.15.0'],
    ['1.15.3-2', '1.15.3-2'],
    ['20.20.2', '>=20.9'],
    ['20.20.2', '^20'],
  ])('%s lies in %s', (version, range) => expect(satisfies(version, range)).toBe(true));

  it.each([
    ['1.4.2', '1.4.3'],
    ['2.0.0', '^1.2.0'],
    ['1.1.9', '^1.2.0'],
    ['1.5.0', '~1.4.0'],
    ['1.4.1', '>=1.4.2'],
    ['1.4.3', '<=1.4.2'],
    ['1.4.2', '>1.4.2'],
    ['2.0.0', '<2.0.0'],
    ['2.0.0', '>=1.0.0 <2.0.0'],
    ['0.4.0', '^0.3.1'],
    ['0.0.4', '^0.0.3'],
    ['1.15.3-2', '1.15.3'],
    ['1.4.2', 'nonsense'],
    ['nonsense', '*'],
  ])('%s lies outside %s', (version, range) => expect(satisfies(version, range)).toBe(false));

  it.each(['', '^', '1.4', 'latest', '>=1.0.0 or', '^1.2.3.4', '||'])('cannot be %j', (range) =>
    expect(isRange(range)).toBe(false),
  );

  it('with ^ never leaves the first number that is not zero', () => {
    const part = fc.nat(5);
    const version = fc.tuple(part, part, part).map((numbers) => numbers.join('.'));
    fc.assert(
      fc.property(version, version, (a, base) => {
        const first = base.split('.').findIndex((number) => number !== '0');
        const kept = first < 0 ? 3 : first + 1;
        const same = a.split('.').slice(0, kept).join() === base.split('.').slice(0, kept).join();
        expect(satisfies(a, `^${base}`)).toBe(same && compareVersions(a, base) >= 0);
      }),
    );
  });
});
