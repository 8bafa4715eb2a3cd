import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  Dataset,
  describeInterface,
  EngineError,
  type App,
  type Data,
  type Derive,
  type InterfaceDescription,
  type InterfaceSpec,
} from '@openpro/engine/sdk';
import { asModelError } from './model-error.js';

type DataProcedure = (data: Data<InterfaceSpec>, args: Readonly<Record<string, unknown>>) => unknown;

/** An app's model as it was loaded and checked. */
export interface Model {
  readonly folder: string;
  readonly app: App;
  readonly description: InterfaceDescription;
  readonly procedures: Readonly<Record<string, DataProcedure>>;
  /** No data yet. */
  dataset(): Dataset;
}

const modelFile = async (folder: string): Promise<string> => {
  let entry: unknown;
  try {
    const manifest = JSON.parse(await readFile(path.join(folder, 'app.json'), 'utf8')) as {
      entry?: { model?: unknown };
    };
    entry = manifest.entry?.model;
  } catch (error) {
    throw new EngineError('BadApp', `app.json cannot be read: ${(error as Error).message}`);
  }
  if (typeof entry !== 'string')
    throw new EngineError('BadApp', 'app.json does not name a model in entry.model');
  return path.join(folder, entry);
};

/** What a model lacks, or has too much. */
const missing = (app: App, { identifiers, procedures }: InterfaceDescription): string | undefined => {
  const computed: Readonly<Record<string, unknown>> = app.derived ?? {};
  const runnable: Readonly<Record<string, unknown>> = app.procedures ?? {};
  const derived = identifiers.filter(({ kind }) => kind === 'derived').map(({ name }) => name);
  const inData = procedures.filter(({ where }) => where === 'data').map(({ name }) => name);
  const inSolver = procedures.find(({ where }) => where === 'optimization');
  const uncomputed = derived.find((name) => typeof computed[name] !== 'function');
  if (uncomputed !== undefined) return `derived.${uncomputed} must be a function that computes ${uncomputed}`;
  const unrunnable = inData.find((name) => typeof runnable[name] !== 'function');
  if (unrunnable !== undefined) return `procedures.${unrunnable} must be a function`;
  if (inSolver && typeof app.solve !== 'function')
    return `solve must be a function: the procedure ${inSolver.name} runs it`;
  const extra =
    Object.keys(computed).find((name) => !derived.includes(name)) ??
    Object.keys(runnable).find((name) => !inData.includes(name));
  return extra && `function ${extra} is for nothing that the interface has`;
};

const loaded = new Map<string, Promise<Model>>();

const load = async (folder: string): Promise<Model> => {
  const file = await modelFile(folder);
  process.setSourceMapsEnabled(true); // from here on: the engine's own files have none to read
  try {
    const { default: app } = (await import(pathToFileURL(file).href)) as { default?: App };
    if (typeof app?.interface !== 'object')
      throw new EngineError(
        'BadModel',
        'The default export of the model must be made by defineApp({ interface, … })',
      );
    const description = describeInterface(app.interface as InterfaceSpec);
    const problem = missing(app, description);
    if (problem !== undefined) throw new EngineError('BadModel', `The model's ${problem}`);
    return {
      folder,
      app,
      description,
      procedures: (app.procedures ?? {}) as Model['procedures'],
      dataset: () => new Dataset(description, (app.derived ?? {}) as Record<string, Derive>),
    };
  } catch (error) {
    throw asModelError(error, folder, file);
  }
};

/** Node loads a part of itself with the first module that is imported at run time. */
export const warmUpModules = (module = 'data:text/javascript,'): Promise<unknown> => import(module);

/**
 * Loads the model of an app once per process.
 * @throws EngineError with the place in the model
 */
export const loadModel = (folder: string): Promise<Model> => {
  const known = loaded.get(folder) ?? load(folder);
  loaded.set(folder, known);
  return known;
};

/** Runs a function of the app; an error tells its place. */
export const inModel = async <T>({ folder }: Model, run: () => T | Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw asModelError(error, folder);
  }
};
