import { CONTEXTS, PURE_PATH } from './test/pure-files.mjs';

const context = `^libs/(${CONTEXTS.join('|')})/src/`;
const tests = '\\.(spec|testing|fixture)\\.ts$|/testing\\.ts$';
const drivers = '^(pg|typeorm|@nestjs/typeorm)$|(^|/)node_modules/(pg|typeorm|@nestjs/typeorm)/';

/** Arithmetic of dates: given a time, it asks no clock. */
const calendar = '(^|/)node_modules/croner/';

/** What a reader may rely on when a file says `import`. `npx depcruise libs apps` or `npm run check`. */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or need a third. Types may point back.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'kernel-stands-alone',
      comment: 'Everything rests on the kernel; it rests on Node alone.',
      severity: 'error',
      from: { path: '^libs/kernel/', pathNot: tests },
      to: { pathNot: ['^libs/kernel/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'pure-files-stay-pure',
      comment: 'Deciders, projections and processes import the kernel, pure neighbours and types.',
      severity: 'error',
      from: { path: PURE_PATH },
      to: {
        pathNot: ['^libs/kernel/src/', PURE_PATH, calendar],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'pure-files-name-no-shell',
      comment: 'Not even its types: Nest, TypeORM, Node and PostgreSQL have no place in a rule.',
      severity: 'error',
      from: { path: PURE_PATH },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer'], pathNot: calendar },
    },
    {
      name: 'front-door-only',
      comment: 'Another context is entered by its index.ts; what is behind it may change without notice.',
      severity: 'error',
      from: { path: `${context}` },
      to: { path: context, pathNot: ['^libs/$1/', '/src/index\\.ts$'] },
    },
    {
      name: 'libs-know-no-apps',
      comment: 'Programs are made of libraries, not the other way round.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|engines|examples|bench)/' },
    },
    {
      name: 'foundations-know-no-context',
      comment: 'Kernel, event store, platform and engine serve every context and know none.',
      severity: 'error',
      from: { path: '^libs/(kernel|eventstore|link|platform|engine)/' },
      to: { path: context },
    },
    {
      name: 'database-drivers-in-few-hands',
      comment: 'SQL lives in the event store, the platform, storage, migrations, and in queries and modules.',
      severity: 'error',
      from: {
        path: '^libs/',
        pathNot: ['^libs/(eventstore|platform|storage)/', '\\.(queries|module)\\.ts$', tests],
      },
      to: { path: drivers, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'engines-use-the-sdk',
      comment: 'An engine or app of anybody else has only the SDK; ours prove that it is enough.',
      severity: 'error',
      from: { path: '^(engines|examples)/[^/]+/', pathNot: '\\.spec\\.ts$|build\\.mjs$' },
      to: { path: '^(libs|apps)/', pathNot: '^libs/engine/src/sdk/' },
    },
    {
      name: 'command-line-stays-light',
      comment: '`openpro --help` answers in a fifth of a second because none of this is loaded.',
      severity: 'error',
      from: { path: '^apps/cli/src/', pathNot: tests },
      to: { path: '(^|/)(@nestjs/|typeorm|pg/|@apollo/|reflect-metadata|graphql/)', reachable: true },
    },
    {
      name: 'declared-packages-only',
      comment: 'A package that only another package brings along may go with its next version.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      // A package of types only and code in a URL: there is no file.
      to: { couldNotResolve: true, pathNot: '^(@graphql-typed-document-node/core$|data:)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['/dist/', '^dist/', '^bench/node_modules/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json', '.css'],
    },
    cache: false,
  },
};
