import { describe, expect, it } from '@jest/globals';
import { isShort } from './health.controller.js';

describe('a disk', () => {
  it('is short when a hundredth or less is left', () => {
    expect(isShort({ blocks: 1000, bavail: 10 })).toBe(true);
    expect(isShort({ blocks: 1000, bavail: 0 })).toBe(true);
    expect(isShort({ blocks: 1000, bavail: 11 })).toBe(false);
  });
});
