import { describe, expect, it } from '@jest/globals';
import { Metrics } from '@openpro/platform';
import { Kind, type OperationDefinitionNode, OperationTypeNode, parse } from 'graphql';
import { commandIdOf, Operations, rootFields } from './operations.js';

const ID = '0198c1f0-0000-7000-8000-000000000001';
const fieldsOf = (query: string) => {
  const document = parse(query);
  const operation = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return rootFields(document, operation as OperationDefinitionNode);
};

describe('an operation', () => {
  it('has the fields at its root, wherever they are written', () => {
    const fields = fieldsOf(
      '{ jobs { id } ...F ... on Query { me { id } } } fragment F on Query { apps { id } ...F }',
    );
    expect(fields.map(({ name }) => name.value)).toEqual(['jobs', 'apps', 'me']);
  });

  it.each([
    ['mutation($id: ID!) { do(commandId: $id) }', { id: ID }, ID],
    [`mutation { a(x: 1) do(commandId: "${ID}") }`, {}, ID],
    ['mutation($id: ID!) { do(commandId: $id) }', { id: 'no uuid' }, null],
    ['mutation($id: ID!) { do(commandId: $id) }', {}, null],
    ['mutation { do(commandId: 7) }', {}, null],
    ['{ jobs { commandId } }', {}, null],
  ])('%s gives the command %j → %j', (query, variables, id) => {
    expect(commandIdOf(fieldsOf(query), variables)).toBe(id);
  });

  it('is counted once for each of its fields, and its errors by code', async () => {
    const metrics = new Metrics();
    const operations = new Operations(metrics);
    const request = { variables: {}, traceparent: null };
    const answer = { errors: [{ message: 'secret', extensions: { code: 'FORBIDDEN' } }] };
    const given = operations.observe(
      OperationTypeNode.QUERY,
      fieldsOf('{ a: jobs b: jobs me }'),
      request,
      () => Promise.resolve(answer),
    );
    expect(await given).toBe(answer);
    const text = await metrics.text();
    for (const line of [
      'openpro_graphql_operation_duration_seconds_count{operation="query",field="jobs"} 1',
      'openpro_graphql_operation_duration_seconds_count{operation="query",field="me"} 1',
      'openpro_graphql_errors_total{code="FORBIDDEN"} 1',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).not.toContain('secret');
  });
});
