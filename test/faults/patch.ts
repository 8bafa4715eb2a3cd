/**
 * A change of one source on its way into a bundle of the fault harness: the product itself stays as it is. `find`
 * occurs exactly once, so that a refactoring which moves it fails the build by the patch's name.
 */
export interface Patch {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface NamedPatch extends Patch {
  /** What it belongs to: a mutant or a failpoint. */
  readonly name: string;
}

/** What the bundler makes of a source; build.mjs does the same. */
export const applied = (source: string, { name, file, find, replace }: NamedPatch): string => {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`${name}: its text occurs ${parts.length - 1} times in ${file}, not once:\n${find}`);
  return parts.join(replace);
};
