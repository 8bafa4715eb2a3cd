import tseslint from 'typescript-eslint';
import { CONTEXTS, PURE_GLOBS } from './test/pure-files.mjs';

const noEnum = {
  selector: 'TSEnumDeclaration',
  message: 'Use a union of string literals: it needs no run-time object and reads the same on the wire.',
};

const impure = (name, reason) => ({ name, message: `A pure file must not use ${name}: ${reason}` });

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/generated/**', '.openpro/**', 'coverage/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        project: ['tsconfig.json', 'apps/portal/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
        // What `emitDecoratorMetadata` says for NestJS: then the rule below leaves constructor parameters alone.
        emitDecoratorMetadata: true,
        experimentalDecorators: true,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@nestjs/common',
              importNames: ['forwardRef'],
              message: 'Two modules that need each other are one module, or need a third.',
            },
            {
              name: '@nestjs/cqrs',
              importNames: ['EventBus', 'Saga', 'AggregateRoot', 'EventPublisher', 'EventsHandler'],
              message: 'Events go through the log: a saga in memory never fires again after one exception.',
            },
          ],
        },
      ],
      'no-restricted-syntax': ['error', noEnum],
      'no-console': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: CONTEXTS.map((context) => `libs/${context}/src/*.ts`),
    ignores: [...PURE_GLOBS, '**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        noEnum,
        {
          selector: "ImportSpecifier[imported.name='Decider']",
          message: 'A decider is pure: list this file in test/pure-files.mjs, so that the tools keep it so.',
        },
      ],
    },
  },
  {
    files: PURE_GLOBS,
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        noEnum,
        {
          selector: "SwitchStatement:not([discriminant.operator='typeof']) > SwitchCase[test=null]",
          message: 'Without a default, a new member breaks the build here.',
        },
        { selector: ':function[async=true]', message: 'A pure file has no async function.' },
        { selector: 'AwaitExpression', message: 'A pure file awaits nothing.' },
        { selector: 'ImportExpression', message: 'A pure file loads nothing at run time.' },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Time comes in with the command.',
        },
      ],
      'no-restricted-globals': [
        'error',
        impure('process', 'what it depends on comes in as a value.'),
        impure('fetch', 'a shell file talks to others.'),
        ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance', 'crypto'].map(
          (name) => impure(name, 'the same input must give the same answer.'),
        ),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time comes in with the command.' },
        { object: 'Math', property: 'random', message: 'Ids and chance come in with the command.' },
      ],
    },
  },
);
