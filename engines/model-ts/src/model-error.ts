import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineError, type ModelProblem } from '@openpro/engine/sdk';

const ENGINE = path.dirname(fileURLToPath(import.meta.url));

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

/** The first place of a stack that is the app's own. */
const placeOf = (stack: string, folder: string): Place | undefined => {
  for (const [, file = '', line, column] of stack.matchAll(
    /(?:file:\/\/|[\s(]|^)(\/[^\n():]+):(\d+)(?::(\d+))?/g,
  )) {
    if (file.startsWith(ENGINE)) continue;
    const inApp = path.relative(folder, file);
    return { file: inApp, line: Number(line), ...(column ? { column: Number(column) } : {}) };
  }
  return undefined;
};

/** Node tells the place of a syntax error only when it checks a file by itself. */
const syntaxPlace = (file: string, folder: string): Place | undefined => {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', env: {} });
  const [, , pointer = ''] = stderr.split('\n');
  const place = placeOf(stderr.split('\n')[0] ?? '', folder);
  return place && { ...place, ...(pointer.includes('^') ? { column: pointer.indexOf('^') + 1 } : {}) };
};

/** What is wrong with a model, and where in it. */
export const modelProblem = (error: unknown, folder: string, file?: string): ModelProblem => {
  if (!(error instanceof Error)) return { message: `The model threw ${String(error).slice(0, 1000)}` };
  const message =
    error.name === 'Error' || error instanceof EngineError
      ? error.message
      : `${error.name}: ${error.message}`;
  const place =
    placeOf(error.stack ?? '', folder) ??
    (error instanceof SyntaxError && file !== undefined ? syntaxPlace(file, folder) : undefined);
  return { message, ...place };
};

/** An error of the app's own code as one that tells its place. */
export const asModelError = (error: unknown, folder: string, file?: string): EngineError => {
  if (error instanceof EngineError && error.where !== undefined) return error;
  const { message, file: at, line, column } = modelProblem(error, folder, file);
  const where =
    at === undefined ? undefined : [at, line, column].filter((part) => part !== undefined).join(':');
  return new EngineError(error instanceof EngineError ? error.code : 'ModelError', message, where);
};
