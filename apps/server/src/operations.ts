import { isUuid } from '@openpro/kernel';
import { type Metrics, tracedOperation } from '@openpro/platform';
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLFormattedError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];

/** The fields at the root of a valid operation, also those in fragments. */
export const rootFields = (
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
): readonly FieldNode[] => {
  const met = new Set<string>();
  const fieldsOf = ({ selections }: SelectionSetNode): FieldNode[] =>
    selections.flatMap((selection): FieldNode[] => {
      switch (selection.kind) {
        case Kind.FIELD:
          return [selection];
        case Kind.INLINE_FRAGMENT:
          return fieldsOf(selection.selectionSet);
        case Kind.FRAGMENT_SPREAD: {
          const name = selection.name.value;
          if (met.has(name)) return [];
          met.add(name);
          const fragment = document.definitions.find(
            (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
          );
          return fragment?.kind === Kind.FRAGMENT_DEFINITION ? fieldsOf(fragment.selectionSet) : [];
        }
      }
    });
  return fieldsOf(selectionSet);
};

/** The id of the command that a mutation will give: what comes of it belongs to one trace with the click. */
export const commandIdOf = (
  fields: readonly FieldNode[],
  variables: Readonly<Record<string, unknown>>,
): string | null => {
  for (const field of fields)
    for (const { name, value } of field.arguments ?? []) {
      if (name.value !== 'commandId') continue;
      const id =
        value.kind === Kind.VARIABLE
          ? variables[value.name.value]
          : value.kind === Kind.STRING
            ? value.value
            : null;
      if (isUuid(id)) return id;
    }
  return null;
};

interface Answer {
  readonly errors?: readonly GraphQLFormattedError[];
}

/** Times, counts and traces the operations of the API, by their root fields. */
export class Operations {
  private readonly durations;
  private readonly errors;

  constructor(metrics: Metrics) {
    this.durations = metrics.histogram(
      'openpro_graphql_operation_duration_seconds',
      'Operations of the API, once for each of their root fields',
      ['operation', 'field'],
      SECONDS,
    );
    this.errors = metrics.counter(
      'openpro_graphql_errors_total',
      'Errors in answers of the API by code; refusals are answers, not errors',
      ['code'],
    );
  }

  observe<A extends Answer>(
    operation: OperationDefinitionNode['operation'],
    fields: readonly FieldNode[],
    {
      variables,
      traceparent,
    }: { readonly variables: Readonly<Record<string, unknown>>; readonly traceparent: string | null },
    answer: () => Promise<A>,
  ): Promise<A> {
    const names = [...new Set(fields.map(({ name }) => name.value))];
    const commandId = commandIdOf(fields, variables);
    const shown = names.slice(0, 5).join(', ');
    return tracedOperation(`${operation} ${shown}`, {}, { commandId, traceparent }, async (note) => {
      const began = performance.now();
      const given = await answer();
      const seconds = (performance.now() - began) / 1000;
      for (const field of names) this.durations.observe({ operation, field }, seconds);
      const codes = (given.errors ?? []).map(({ extensions }) => String(extensions?.['code'] ?? 'UNKNOWN'));
      for (const code of codes) this.errors.inc({ code });
      if (codes.length > 0) note({ 'openpro.errors': codes });
      return given;
    });
  }
}
