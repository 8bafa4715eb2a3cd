/**
 * An expected "no" of the business rules: a value, never an exception.
 * `code` names a state (`NotQueued`, `NameTaken`), `message` tells a person what to do about it.
 */
export interface Refusal<Code extends string = string> {
  readonly refused: Code;
  readonly message: string;
  /** The input field that is wrong, when it is one; where a quota is passed, its field in the policy. */
  readonly field?: string;
  /** The limit that was passed, with its unit. */
  readonly limit?: string;
}

export const refuse = <Code extends string>(
  refused: Code,
  message: string,
  details: { field?: string; limit?: string } = {},
): Refusal<Code> => ({ refused, message, ...details });

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'refused' in value;
