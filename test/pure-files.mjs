/** Deciders, by context: what eslint and dependency-cruiser keep pure besides `*.projection.ts` and `*.process.ts`. */
const DECIDERS = {
  catalogue: ['app', 'engine', 'names', 'publisher'],
  cluster: ['authority', 'leadership', 'node', 'refusals'],
  identity: ['user', 'environment'],
  jobs: [
    'batch',
    'child-jobs',
    'dependencies',
    'job',
    'queue-policy',
    'policy-index',
    'policy-use',
    'quotas',
    'queue',
    'lines',
    'placement',
    'free-slots',
    'waiting-reasons',
    'wait-clock',
    'recurrence',
    'schedule',
    'seats',
    'sorted-map',
    'tariff',
  ],
  licensing: ['licence'],
  sessions: ['session', 'session-wait'],
  storage: ['case', 'file', 'storage-quota'],
};

export const CONTEXTS = Object.keys(DECIDERS);

export const PURE_GLOBS = [
  'libs/kernel/src/{decider,refusal,checks,csv,pattern,waited}.ts',
  'libs/*/src/*.{projection,process}.ts',
  ...Object.entries(DECIDERS).flatMap(([context, names]) =>
    names.map((name) => `libs/${context}/src/${name}.ts`),
  ),
];

/** The same as one regular expression. */
export const PURE_PATH = `^libs/(${[
  '[^/]+/src/[^/]+\\.(projection|process)',
  ...Object.entries(DECIDERS).map(([context, names]) => `${context}/src/(${names.join('|')})`),
].join('|')})\\.ts$`;
