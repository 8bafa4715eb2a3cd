/** The portal's addresses: stable, and all that a page shows is in them. Pure. */
const ROUTES = {
  apps: '/',
  signIn: '/sign-in',
  launch: '/launch/:app/:version',
  sessions: '/sessions',
  session: '/sessions/:id',
  jobs: '/jobs',
  job: '/jobs/:id',
  batches: '/batches',
  batch: '/batches/:id',
  schedules: '/schedules',
  schedule: '/schedules/:id',
  cases: '/cases',
  case: '/cases/:id',
  storage: '/storage',
  engines: '/engines',
  nodes: '/nodes',
  licences: '/licences',
  queue: '/queue',
  events: '/events',
  statistics: '/statistics',
  users: '/users',
} as const;

export type RouteName = keyof typeof ROUTES;

export interface Route {
  readonly name: RouteName;
  readonly params: Readonly<Record<string, string>>;
}

const decode = (part: string): string | null => {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
};

const match = (pattern: string, path: string): Record<string, string> | null => {
  const [wanted, given] = [pattern, path].map((text) => text.split('/').filter(Boolean)) as [
    string[],
    string[],
  ];
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = decode(given[index] ?? '');
    if (value === null) return null;
    if (part.startsWith(':')) params[part.slice(1)] = value;
    else if (part !== value) return null;
  }
  return params;
};

/** Which page an address names; null for none. */
export const routeOf = (path: string): Route | null => {
  for (const [name, pattern] of Object.entries(ROUTES) as [RouteName, string][]) {
    const params = match(pattern, path);
    if (params) return { name, params };
  }
  return null;
};

/** `path('launch', { app, version })` → `/launch/…/…` */
export const pathTo = (name: RouteName, params: Readonly<Record<string, string>> = {}): string =>
  ROUTES[name].replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));

/** Only an address of this portal may be returned to after sign-in. */
export const safeReturn = (address: string | null): string =>
  address !== null && /^\/(?![/\\])/.test(address) && !address.startsWith('/sign-in') ? address : '/';
