const lengthOf = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  const [h, min, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h} h ${min} min`;
  return min > 0 ? `${min} min ${s} s` : `${s} s`;
};

/**
 * How a wait was made up, in words: the whole and its parts, the longest first; null where nobody has noticed one.
 * @param waited milliseconds by what was waited for
 */
export const waitedWords = (waited: { readonly [what: string]: number }): string | null => {
  const parts = Object.entries(waited)
    .filter(([, ms]) => ms >= 500)
    .sort(([, a], [, b]) => b - a);
  if (parts.length === 0) return null;
  const all = parts.reduce((sum, [, ms]) => sum + ms, 0);
  return `${lengthOf(all)}: ${parts.map(([what, ms]) => `${lengthOf(ms)} ${what}`).join(', ')}`;
};
