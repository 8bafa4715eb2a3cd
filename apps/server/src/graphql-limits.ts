import {
  type ASTVisitor,
  GraphQLError,
  type ValidationContext,
  type ValidationRule,
  type SelectionSetNode,
  Kind,
} from 'graphql';

export const MAX_TOKENS = 1000;
const MAX_DEPTH = 8;
const MAX_ALIASES = 15;
const MAX_DIRECTIVES = 50;

const refuse = (context: ValidationContext, what: string, limit: number): void =>
  context.reportError(
    new GraphQLError(`The operation has more than ${limit} ${what}`, {
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED', limit: `${limit} ${what}` },
    }),
  );

/** Depth with fragments followed; a fragment that is met again on its own path is left to graphql's own rule. */
const depthOf = (
  context: ValidationContext,
  set: SelectionSetNode | undefined,
  seen: ReadonlySet<string>,
): number => {
  if (!set) return 0;
  let deepest = 0;
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      // Introspection is deep by nature and bounded by the schema and the token limit.
      if (selection.name.value.startsWith('__')) continue;
      deepest = Math.max(deepest, 1 + depthOf(context, selection.selectionSet, seen));
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      deepest = Math.max(deepest, depthOf(context, selection.selectionSet, seen));
    } else if (!seen.has(selection.name.value)) {
      const fragment = context.getFragment(selection.name.value);
      deepest = Math.max(
        deepest,
        depthOf(context, fragment?.selectionSet, new Set([...seen, selection.name.value])),
      );
    }
    if (deepest > MAX_DEPTH) break;
  }
  return deepest;
};

const depth: ValidationRule = (context): ASTVisitor => ({
  OperationDefinition: ({ selectionSet }) => {
    if (depthOf(context, selectionSet, new Set()) > MAX_DEPTH) refuse(context, 'levels', MAX_DEPTH);
  },
});

const counts: ValidationRule = (context): ASTVisitor => {
  let aliases = 0;
  let directives = 0;
  return {
    Field: ({ alias }) => {
      if (alias && ++aliases === MAX_ALIASES + 1) refuse(context, 'aliases', MAX_ALIASES);
    },
    Directive: () => {
      if (++directives === MAX_DIRECTIVES + 1) refuse(context, 'directives', MAX_DIRECTIVES);
    },
  };
};

/** Refused before anything runs; the token limit is the parser's. */
export const limitRules: ValidationRule[] = [depth, counts];
