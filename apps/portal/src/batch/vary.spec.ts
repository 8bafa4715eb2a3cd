import { expect, it } from '@jest/globals';
import { parseVary, scenariosOf } from './vary.js';

it('reads an argument a line, with values or a range of whole numbers', () => {
  expect(parseVary('')).toEqual([]);
  expect(parseVary(' price = 1, 2.5,true,fast,"7"\n\nseed=-1..2')).toEqual([
    { argument: 'price', values: [1, 2.5, true, 'fast', '7'] },
    { argument: 'seed', values: [-1, 0, 1, 2] },
  ]);
});

it.each([
  ['price', 'is not like'],
  ['price=', 'is not like'],
  ['a=1\na=2', 'a is there twice'],
  ['a=5..1', 'are -3 values'],
  ['a=1..101\nb=1..100', '10,100 scenarios'],
])('says what is wrong with %j', (text, problem) => expect(parseVary(text)).toContain(problem));

it('counts the combinations', () => {
  expect(scenariosOf([])).toBe(0);
  expect(scenariosOf(parseVary('a=1..3\nb=x,y') as never)).toBe(6);
});
