import { describe, expect, it } from '@jest/globals';
import { formatOf } from './model/main.js';

describe('the format of a file', () => {
  it.each([
    'NAME          FLUGPL\nROWS\n N  obj\n',
    'ROWS\n',
    '* a comment\n\n* another\nNAME\n',
    '   \n\nNAME X\nROWS\n',
    'OBJSENSE\n    MAX\nROWS\n',
  ])('is MPS in %j', (text) => expect(formatOf(text)).toBe('mps'));

  it.each([
    'min\n obj: x + y\nst\n c: x + y >= 1\nend\n',
    '\\ a comment\nMaximize\n',
    'NAMES\n',
    '',
    'min: ROWS;',
  ])('is LP in %j', (text) => expect(formatOf(text)).toBe('lp'));
});
