import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { uuidv7 } from './uuid.js';

it('makes ids of version 7 that say their time', () =>
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
      const id = uuidv7(now);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(parseInt(id.slice(0, 13).replace('-', ''), 16)).toBe(now);
    }),
  ));

it('makes each one only once', () =>
  expect(new Set(Array.from({ length: 1000 }, () => uuidv7(1))).size).toBe(1000));
