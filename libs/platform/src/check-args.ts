import type { GraphQLError } from 'graphql';
import { badInput } from './answers.js';

/** More than any input of ours has; deeper values end in a stack that overflows. */
const MAX_LEVELS = 32;

interface Wrong {
  readonly path: string;
  readonly problem: string;
  readonly limit: string;
}

const wrongIn = (value: unknown, levels: number): Wrong | undefined => {
  if (typeof value === 'string')
    return value.includes('\0')
      ? { path: '', problem: 'has the character U+0000', limit: 'text without U+0000' }
      : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  if (levels === 0) return { path: '', problem: 'is nested too deep', limit: `${MAX_LEVELS} levels` };
  for (const [key, inner] of Object.entries(value)) {
    const wrong = wrongIn(key, levels) ?? wrongIn(inner, levels - 1);
    if (wrong) return { ...wrong, path: wrong.path ? `${key}.${wrong.path}` : key };
  }
  return undefined;
};

/** What no part of the platform can store, in any argument: found here it has a name, found later it looks like our bug. */
export const wrongArgs = (args: object): GraphQLError | undefined => {
  const wrong = wrongIn(args, MAX_LEVELS);
  if (!wrong) return undefined;
  const field = wrong.path.slice(0, 100).replaceAll('\0', '\\0');
  return badInput(field, `${field} ${wrong.problem}`, wrong.limit);
};
