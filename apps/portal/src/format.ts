/** How the portal writes numbers, times and sizes. Pure: the clock comes in. */
export const NONE = '–';

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 6 });
const tiny = new Intl.NumberFormat('en', { notation: 'scientific', maximumSignificantDigits: 5 });

/** Solvers say "none yet" with an infinity or a huge number. */
const isNone = (value: number | null | undefined): value is null | undefined =>
  value === null || value === undefined || !Number.isFinite(value) || Math.abs(value) >= 1e20;

export const formatNumber = (value: number | null | undefined): string => {
  if (isNone(value)) return NONE;
  const size = Math.abs(value);
  return size > 0 && (size < 1e-4 || size >= 1e15) ? tiny.format(value) : plain.format(value);
};

/** A figure to glance at: cents of what is large, four decimals of what is small. */
export const formatKpi = (value: number | null | undefined): string => {
  if (isNone(value)) return NONE;
  const size = Math.abs(value);
  const digits = size >= 1e9 ? 0 : size >= 10 ? 2 : 4;
  return size >= 1e15 ? tiny.format(value) : value.toLocaleString('en', { maximumFractionDigits: digits });
};

/** A relative gap as per cent: 0.0123 is "1.23 %". */
export const formatGap = (gap: number | null | undefined): string => {
  if (isNone(gap)) return NONE;
  const percent = Math.abs(gap) * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.01) return '< 0.01 %';
  if (percent >= 1000) return '> 1000 %';
  return `${percent.toFixed(percent < 10 ? 2 : 1)} %`;
};

export const formatDuration = (seconds: number | null | undefined): string => {
  if (isNone(seconds)) return NONE;
  if (seconds < 0) return '0 s';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
};

export const formatTime = (at: number | null | undefined, now: number): string => {
  if (isNone(at)) return NONE;
  const time = new Date(at);
  const clock = time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  if (time.toDateString() === new Date(now).toDateString()) return clock;
  return `${time.toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' })}, ${clock}`;
};

const STEPS = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [86_400, 3600, 'hour'],
  [2_592_000, 86_400, 'day'],
  [31_536_000, 2_592_000, 'month'],
  [Infinity, 31_536_000, 'year'],
] as const;

export const formatAgo = (at: number, now: number): string => {
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 5) return 'just now';
  const [, size, unit] = STEPS.find(([below]) => seconds < below) ?? STEPS[5];
  return count(Math.floor(seconds / size), unit) + ' ago';
};

export const MIB = 1024 ** 2;

export const formatBytes = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
};

export const count = (n: number, noun: string): string =>
  `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
