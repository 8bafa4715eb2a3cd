import { isRefusal, type Refusal } from '@openpro/kernel';
import { GraphQLError } from 'graphql';

const KINDS = ['NotAllowed', 'NotFound', 'BadInput', 'Conflict'] as const;
type RefusalKind = (typeof KINDS)[number];

/** A refusal as the API shows it: one of four union members; the code stays exact. */
export interface RefusalAnswer {
  readonly __typename: RefusalKind;
  readonly code: string;
  readonly message: string;
  readonly field: string | null;
  readonly limit: string | null;
}

const OF_STATE: readonly string[] = ['QuotaExceeded', 'CountBehind', 'KeyDamaged'];

/** No input is wrong, though a field is named: somebody else has changed what was seen, or it may be done later. */
const isOfState = ({ refused }: Refusal): boolean =>
  refused.endsWith('Changed') || OF_STATE.includes(refused);

const kindOf = (refusal: Refusal): RefusalKind =>
  refusal.refused === 'NotAllowed'
    ? 'NotAllowed'
    : refusal.refused.startsWith('NoSuch')
      ? 'NotFound'
      : refusal.field !== undefined && !isOfState(refusal)
        ? 'BadInput'
        : 'Conflict';

export const answerRefusal = (refusal: Refusal): RefusalAnswer => ({
  __typename: kindOf(refusal),
  code: refusal.refused,
  message: refusal.message,
  field: refusal.field ?? null,
  limit: refusal.limit ?? null,
});

/** Is this what a resolver answers where it refuses? */
export const isRefusalAnswer = (value: unknown): value is RefusalAnswer =>
  KINDS.some((kind) => (value as Partial<RefusalAnswer> | null | undefined)?.__typename === kind);

/** Either the thing, marked with its union member's name, or the refusal as a union member. */
export const answer = <Name extends string, T extends object>(
  name: Name,
  value: T | Refusal,
): (T & { __typename: Name }) | RefusalAnswer =>
  isRefusal(value) ? answerRefusal(value) : { ...value, __typename: name };

/** A query's argument is wrong; queries have no refusal unions, so this is a GraphQL error with field and limit. */
export const badInput = (field: string, message: string, limit: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', field, limit } });

/** Lists are never longer than this. */
export const MAX_PAGE = 200;

export interface PageRequest {
  readonly first: number;
  /** The sort key of the last row seen; `null` = from the start. */
  readonly after: readonly (string | number)[] | null;
}

/** What stands in a cursor; anybody can make one up, and PostgreSQL must take its parts. */
const CURSOR_KEYS = {
  time: (part: unknown) => Number.isSafeInteger(part),
  number: (part: unknown) => Number.isInteger(part) && Math.abs(part as number) < 2 ** 31,
  text: (part: unknown) => typeof part === 'string' && part.length <= 1000 && !part.includes('\0'),
  position: (part: unknown) => typeof part === 'string' && /^\d{1,20}(\.\d{1,20})?$/.test(part),
} as const;
type CursorKey = keyof typeof CURSOR_KEYS;

/** Checks `first` (1 to 200) and opens the cursor, whose parts must be of these kinds. */
export const pageRequest = (
  first: number,
  after: string | null | undefined,
  ...keys: readonly CursorKey[]
): PageRequest => {
  if (!Number.isInteger(first) || first < 1 || first > MAX_PAGE)
    throw badInput(
      'first',
      `first is ${first}: it must be a whole number from 1 to ${MAX_PAGE}`,
      `1 to ${MAX_PAGE}`,
    );
  if (after === null || after === undefined) return { first, after: null };
  try {
    const parts: unknown = JSON.parse(Buffer.from(after, 'base64url').toString('utf8'));
    if (
      Array.isArray(parts) &&
      parts.length === keys.length &&
      keys.every((key, index) => CURSOR_KEYS[key](parts[index]))
    )
      return { first, after: parts as (string | number)[] };
  } catch {
    // Not a cursor of ours: answered below.
  }
  throw badInput('after', 'after is not a cursor that this list gave out', 'an endCursor');
};

/** A page from `first + 1` rows. */
export const connection = <Row, Node>(
  rows: readonly Row[],
  first: number,
  node: (row: Row) => Node,
  key: (row: Row) => readonly (string | number)[],
) => {
  const page = rows.slice(0, first);
  const last = page.at(-1);
  return {
    nodes: page.map(node),
    pageInfo: {
      hasNextPage: rows.length > first,
      endCursor: last ? Buffer.from(JSON.stringify(key(last))).toString('base64url') : null,
    },
  };
};

/** A GraphQL type whose fields may be computed when asked for. */
export type Lazy<T> = T extends readonly (infer Item)[]
  ? readonly Lazy<Item>[]
  : T extends object
    ? {
        readonly [Field in keyof T]:
          Lazy<T[Field]> | ((args: never, context: never) => Lazy<T[Field]> | Promise<Lazy<T[Field]>>);
      }
    : T;
