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

/** Depth with fragments followed, each of them once: fragments that name each other twice would double the work each time. */
const depth: ValidationRule = (context): ASTVisitor => {
  const fragments = new Map<string, number>();
  const depthOfFragment = (name: string): number => {
    const known = fragments.get(name);
    if (known !== undefined) return known;
    fragments.set(name, 0); // met again on its own path: left to graphql's own rule
    const deepest = depthOf(context.getFragment(name)?.selectionSet);
    fragments.set(name, deepest);
    return deepest;
  };
  const depthOf = (set: SelectionSetNode | undefined): number => {
    let deepest = 0;
    for (const selection of set?.selections ?? []) {
      switch (selection.kind) {
        case Kind.FIELD:
          // Introspection is deep by nature and bounded by the schema and the token limit.
          if (!selection.name.value.startsWith('__'))
            deepest = Math.max(deepest, 1 + depthOf(selection.selectionSet));
          break;
        case Kind.INLINE_FRAGMENT:
          deepest = Math.max(deepest, depthOf(selection.selectionSet));
          break;
        case Kind.FRAGMENT_SPREAD:
          deepest = Math.max(deepest, depthOfFragment(selection.name.value));
          break;
      }
    }
    return deepest;
  };
  return {
    OperationDefinition: ({ selectionSet }) => {
      if (depthOf(selectionSet) > MAX_DEPTH) refuse(context, 'levels', MAX_DEPTH);
    },
  };
};

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
