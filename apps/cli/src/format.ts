import { stripVTControlCharacters } from 'node:util';

/** Control characters of a log or a name must not reach the terminal: they move its cursor and set its title. */
export const clean = (text: string): string =>
  stripVTControlCharacters(text).replaceAll(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    '\ufffd',
  );

/** Ten significant digits, without trailing zeros: an objective is not exact beyond. */
export const number = (value: number): string => String(Number(value.toPrecision(10)));

export const percent = (share: number): string =>
  `${Number((share * 100).toPrecision(share < 0.001 ? 2 : 3))} %`;

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export const bytes = (count: number): string => {
  const power = Math.min(UNITS.length - 1, count < 1 ? 0 : Math.floor(Math.log2(count) / 10));
  const scaled = count / 1024 ** power;
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[power] ?? 'B'}`;
};

export const duration = (seconds: number): string => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h ? `${h} h ${m} min` : `${m} min ${s} s`;
};

/** Local time, to the second. */
export const time = (at: number): string => {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

export const words = (state: string): string => state.toLowerCase().replaceAll('_', ' ');

export const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return number(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
};

const isNumeric = (text: string): boolean => /^(-?\d+(\.\d+)?(e[-+]\d+)?( %)?)?$/.test(text);

/** Columns as wide as their widest cell; columns of numbers to the right. */
export const table = (headers: readonly string[], rows: readonly (readonly unknown[])[]): string => {
  const texts = rows.map((row) => headers.map((_, i) => clean(cell(row[i])).replaceAll(/\s+/g, ' ')));
  const widths = headers.map((header, i) =>
    texts.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), header.length),
  );
  const right = headers.map((_, i) => texts.length > 0 && texts.every((row) => isNumeric(row[i] ?? '')));
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, i) => (right[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(headers), ...texts.map(line)].join('\n');
};

/** `name  value` lines; what is null is left out. */
export const fields = (pairs: readonly (readonly [name: string, value: unknown])[]): string => {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${clean(cell(value))}`).join('\n');
};

/** A bar of `width` characters; `share` from 0 to 1. */
export const bar = (share: number, width = 24): string => {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `▕${'█'.repeat(full)}${'░'.repeat(width - full)}▏`;
};
