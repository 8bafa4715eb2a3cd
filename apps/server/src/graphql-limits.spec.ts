import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, validate } from 'graphql';
import { limitRules } from './graphql-limits.js';

const schema = buildSchema('type Query { me: Node } type Node { me: Node name(a: Int): String }');
const errors = (query: string) => validate(schema, parse(query), limitRules).map(({ message }) => message);
const nested = (levels: number) => `{ ${'me { '.repeat(levels - 1)} name ${'} '.repeat(levels - 1)} }`;

describe('limits of an operation', () => {
  it('are eight levels', () => {
    expect(errors(nested(8))).toEqual([]);
    expect(errors(nested(9))).toEqual(['The operation has more than 8 levels']);
    expect(errors(nested(300))).toEqual(['The operation has more than 8 levels']);
  });

  it('look at each fragment once, however often it is named', () => {
    const doubling = Array.from(
      { length: 60 },
      (_, n) => `fragment F${n} on Node { ...F${n + 1} ...F${n + 1} ...F${n + 1} }`,
    );
    const query = `{ me { ...F0 } } ${doubling.join(' ')} fragment F60 on Node { name }`;
    expect(errors(query)).toEqual([]); // 3^60 looks would not end
  });

  it('count levels through fragments, also through circles of them', () => {
    const deep = 'fragment F on Node { me { me { me { me { me { name } } } } } }';
    expect(errors(`{ me { me { me { ...F } } } } ${deep}`)).toEqual(['The operation has more than 8 levels']);
    expect(
      errors('{ me { ...A } } fragment A on Node { me { ...B } } fragment B on Node { me { ...A } }'),
    ).toEqual([]);
  });

  it('are fifteen aliases', () => {
    const aliases = (count: number) =>
      `{ me { ${Array.from({ length: count }, (_, i) => `n${i}: name`).join(' ')} } }`;
    expect(errors(aliases(15))).toEqual([]);
    expect(errors(aliases(16))).toEqual(['The operation has more than 15 aliases']);
  });

  it('are fifty directives', () => {
    const directives = (count: number) => `{ me { name ${'@include(if: true) '.repeat(count)} } }`;
    expect(errors(directives(50)).filter((message) => message.startsWith('The operation'))).toEqual([]);
    expect(errors(directives(51))).toContain('The operation has more than 50 directives');
  });

  it('leave introspection alone', () => {
    expect(
      errors(
        '{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } }',
      ),
    ).toEqual([]);
  });
});
