import {
  EngineError,
  packCase,
  type EngineLink,
  type EngineMethods,
  type Handlers,
  type ModelProblem,
} from '@openpro/engine/sdk';
import { inModel, loadModel } from './app.js';

const problemOf = (error: unknown): ModelProblem => {
  if (!(error instanceof EngineError)) throw error;
  const [file, line, column] = error.where?.split(':') ?? [];
  return {
    message: error.message,
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line: Number(line) }),
    ...(column === undefined ? {} : { column: Number(column) }),
  };
};

/** Loads an app as a data session would, fills it, and computes everything once. */
export const checkHandlers = (_link: EngineLink): Handlers<EngineMethods> => ({
  'app.check': async ({ folder }) => {
    try {
      const model = await loadModel(folder);
      const dataset = model.dataset();
      await inModel(model, () => model.app.initial?.(dataset.data));
      const derived = model.description.identifiers.filter(({ kind }) => kind === 'derived');
      await inModel(model, () => derived.forEach(({ name }) => dataset.table(name)));
      const { header, parts } = packCase(dataset.save());
      const defaultCase = model.app.initial ? header : null;
      return { result: { interface: dataset.describe(), defaultCase }, binary: defaultCase ? parts : [] };
    } catch (error) {
      return { result: { errors: [problemOf(error)] } };
    }
  },
});
