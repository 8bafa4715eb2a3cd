import { visible } from './check.js';

export const NAME_LIMITS = { bytes: 255, depth: 32 } as const;

/** What is wrong, and what would be right. */
export type Problem = readonly [problem: string, limit: string];

/** Names that Windows opens as devices, whatever their extension. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:\.|$)/i;
/** Folders that other tools obey, and keys that reach a prototype. */
const RESERVED = new Set(['.git', 'git~1', '__proto__', 'constructor', 'prototype']);

const partProblem = (part: string): Problem | undefined => {
  if (part === '' || part === '.' || part === '..')
    return ['has an empty, "." or ".." part', 'a path inside the package'];
  if (/[. ]$/.test(part)) return ['has a part that ends with a dot or a space', 'no such ending'];
  if (DEVICE.test(part)) return ['is a device name on Windows', 'no device name'];
  if (RESERVED.has(part.toLowerCase())) return [`uses the reserved name ${part}`, 'no reserved name'];
  return undefined;
};

/**
 * What is wrong with the name of a file in a package, if anything. A name that any system, tool or eye
 * would read in another way than ours is refused, on every system, so that a package means one thing.
 * @param name without the slash at the end that marks a folder
 */
export const nameProblem = (name: string): Problem | undefined => {
  if (Buffer.byteLength(name) > NAME_LIMITS.bytes)
    return [`has a name of ${Buffer.byteLength(name)} bytes`, `at most ${NAME_LIMITS.bytes} bytes`];
  if (visible(name) !== name)
    return ['has control, line-break or direction characters', 'no such characters'];
  if (name.startsWith('/')) return ['is an absolute path', 'a path inside the package'];
  if (name.includes('\\')) return ['contains a backslash', 'forward slashes only'];
  if (/[<>:"|?*]/.test(name)) return ['contains one of < > : " | ? *', 'none of these characters'];
  if (/%[0-9a-f]{2}/i.test(name)) return ['contains a percent-encoded character', 'plain characters'];
  const parts = name.split('/');
  if (parts.length > NAME_LIMITS.depth)
    return [`lies ${parts.length} folders deep`, `at most ${NAME_LIMITS.depth} levels`];
  return parts.map(partProblem).find((problem) => problem !== undefined);
};

/** Equal for names that some file system takes for the same: letter case, composed and decomposed accents. */
const foldedName = (name: string): string =>
  name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFC');

/** Names of a package by their folded form, folders that are only implied by a file among them. */
export type TakenNames = Map<string, { readonly spelled: string; readonly isFolder: boolean }>;

/** False when the name is taken by another spelling, by a file, or by a folder where it wants to be a file. */
export const claimName = (taken: TakenNames, name: string, isFolder: boolean): boolean => {
  const parts = name.split('/');
  return parts.every((_, i) => {
    const spelled = parts.slice(0, i + 1).join('/');
    const folder = isFolder || i + 1 < parts.length;
    const before = taken.get(foldedName(spelled));
    if (before) return folder && before.isFolder && before.spelled === spelled;
    taken.set(foldedName(spelled), { spelled, isFolder: folder });
    return true;
  });
};
