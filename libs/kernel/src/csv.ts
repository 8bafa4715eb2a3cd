const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const FORMULA = /^\s*[=+\-@]|^[\t\r\n]/;

/** After RFC 4180. A text that a spreadsheet would run as a formula is marked as text by an apostrophe; no number is. */
const csvCell = (cell: unknown): string => {
  if (cell === null || cell === undefined) return '';
  const text = String(cell);
  const runs = typeof cell === 'string' && FORMULA.test(text) && !NUMBER.test(text);
  const harmless = runs ? `'${text}` : text;
  return /[",\r\n']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

/** Of values: numbers, texts, yes and no, and nothing. The portal takes it from this file: it must stand alone. */
export const csvLine = (cells: readonly unknown[]): string => `${cells.map(csvCell).join(',')}\r\n`;
