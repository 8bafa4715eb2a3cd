/** Strokes on a 24-unit grid, drawn for this portal; decoration only, so hidden from screen readers. */
const PATHS = {
  apps: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z',
  sessions: 'M3 5h18v12H3zM8 21h8M10.5 8.5v5l4-2.5z',
  jobs: 'M4 6h10M4 12h16M4 18h7M18 4v4M15 16v4',
  batches:
    'M4 4h4v4H4zM10 4h4v4h-4zM16 4h4v4h-4zM4 10h4v4H4zM10 10h4v4h-4zM16 10h4v4h-4zM4 16h4v4H4zM10 16h4v4h-4zM16 16h4v4h-4z',
  clock: 'M12 4a8.5 8.5 0 100 17 8.5 8.5 0 000-17zM12 8v4.5l3 2.5',
  cases: 'M12 3l9 5-9 5-9-5zM3 12.5l9 5 9-5M3 16.5l9 5 9-5',
  engines: 'M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  nodes: 'M4 4h16v6H4zM4 14h16v6H4zM8 7h.01M8 17h.01',
  licences: 'M8 11a4 4 0 100 8 4 4 0 000-8zM11 12l9-9M16 7l3 3M13.5 9.5l2 2',
  queue: 'M4 5h16M4 5v6h11M15 8l3 3-3 3M4 17h6M14 17h6',
  events: 'M3 12h4l3-8 4 16 3-8h4',
  statistics: 'M5 20v-6M10 20V9M15 20v-9M20 20V5M3 20h18',
  sun: 'M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5',
  moon: 'M20 14.5A8.5 8.5 0 119.5 4a7 7 0 0010.5 10.5z',
  user: 'M12 4a4 4 0 100 8 4 4 0 000-8zM4 21c0-4 3.5-6 8-6s8 2 8 6',
  users:
    'M9 5a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM2.5 20c0-3.5 3-5 6.5-5s6.5 1.5 6.5 5M16 5.5a3.2 3.2 0 010 6M18 15.5c2.2.6 3.5 2 3.5 4.5',
  play: 'M7 4.5v15l12-7.5z',
  stop: 'M6 6h12v12H6z',
  pause: 'M8 5v14M16 5v14',
  undo: 'M9 14L4 9l5-5M4 9h10a6 6 0 010 12h-3',
  redo: 'M15 14l5-5-5-5M20 9H10a6 6 0 000 12h3',
  download: 'M12 4v11M7 10.5l5 5 5-5M4 20h16',
  upload: 'M12 16V5M7 9.5l5-5 5 5M4 20h16',
  search: 'M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  check: 'M5 12.5l4.5 4.5L19 7',
  warning: 'M12 3.5L22 20.5H2zM12 10v4.5M12 17.5h.01',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M6 9l6 6 6-6',
  left: 'M15 5l-7 7 7 7',
  link: 'M10 14a4 4 0 006 0l3-3a4 4 0 00-6-6l-1 1M14 10a4 4 0 00-6 0l-3 3a4 4 0 006 6l1-1',
  exit: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  save: 'M5 4h11l3 3v13H5zM8 4v5h7V4M8 20v-6h8v6',
  open: 'M3 7V5h6l2 2h10v12H3z',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  dots: 'M5 12h.01M12 12h.01M19 12h.01',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name, size = 18 }: { name: IconName; size?: number }) => (
  <svg
    width={size}
    height={size}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    strokeWidth={name === 'dots' ? 3 : 1.8}
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    <path d={PATHS[name]} />
  </svg>
);

/** Objective and bound closing in on each other. */
export const Logo = ({ size = 28 }: { size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" fill="#0c7680" />
    <path d="M6 9c8 0 9 6.2 20 6.2" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
    <path d="M6 24c7 0 9-5.6 20-5.6" fill="none" stroke="#a5e4ea" strokeWidth="2.6" strokeLinecap="round" />
    <circle cx="26" cy="16.8" r="2.8" fill="#ffd43b" />
  </svg>
);
