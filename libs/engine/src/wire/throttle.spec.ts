import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Throttle } from './throttle.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it('passes on the first value at once, then the latest of each interval', () => {
  const seen: number[] = [];
  const throttle = new Throttle<number>(100, (value) => seen.push(value));
  for (const value of [1, 2, 3]) throttle.push(value);
  expect(seen).toEqual([1]);
  jest.advanceTimersByTime(100);
  expect(seen).toEqual([1, 3]);
  jest.advanceTimersByTime(500);
  throttle.push(4);
  expect(seen).toEqual([1, 3, 4]);
});

it('passes on what waits when it is flushed, once', () => {
  const seen: number[] = [];
  const throttle = new Throttle<number>(100, (value) => seen.push(value));
  throttle.push(1);
  throttle.push(2);
  throttle.flush();
  throttle.flush();
  jest.advanceTimersByTime(500);
  expect(seen).toEqual([1, 2]);
});
