import {
  encodeElements,
  encodeWindow,
  EngineError,
  packCase,
  unpackCase,
  type CaseData,
  type CaseHeader,
  type EngineLink,
  type EngineMethods,
  type Handlers,
  type Reply,
} from '@openpro/engine/sdk';
import type { Dataset } from '@openpro/engine/sdk';
import { inModel, loadModel, type Model } from './app.js';

const packed = (data: CaseData): Reply<CaseHeader> => {
  const { header, parts } = packCase(data);
  return { result: header, binary: parts };
};

/** One app with its data: what a data session answers. Requests are served one after the other. */
export const dataHandlers = (link: EngineLink): Handlers<EngineMethods> => {
  let open: { readonly model: Model; readonly dataset: Dataset } | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(act: () => T | Promise<T>): Promise<T> => {
    const result = last.then(act);
    last = result.catch(() => undefined);
    return result;
  };
  const current = (): { readonly model: Model; readonly dataset: Dataset } => {
    if (!open) throw new EngineError('NoApp', 'app.load comes first');
    return open;
  };
  const read = <T>(act: (dataset: Dataset) => T): Promise<T> =>
    inTurn(() => inModel(current().model, () => act(current().dataset)));
  /** Tells the platform what an act has changed, also when it failed halfway. */
  const change = <T>(act: (dataset: Dataset, model: Model) => T | Promise<T>): Promise<[T, string[]]> =>
    inTurn(async () => {
      const { dataset, model } = current();
      let changed: readonly { readonly identifier: string; readonly version: number }[] = [];
      try {
        const result = await inModel(model, () => act(dataset, model));
        changed = dataset.changes();
        return [result, changed.map(({ identifier }) => identifier)] as [T, string[]];
      } finally {
        link.changed(changed.length ? changed : dataset.changes());
      }
    });

  return {
    'app.load': ({ folder }) =>
      inTurn(async () => {
        const model = await loadModel(folder);
        const dataset = model.dataset();
        await inModel(model, () => model.app.initial?.(dataset.data));
        dataset.changes();
        open = { model, dataset };
        return { result: null };
      }),
    'interface.describe': () => read((dataset) => ({ result: dataset.describe() })),
    'data.window': ({ identifier, offset, limit }) =>
      read((dataset) => {
        const window = dataset.window(identifier, { offset, limit });
        const { type } = dataset.table(identifier).description;
        const { total, version } = window;
        return { result: { total, version }, binary: [encodeWindow(window, type)] };
      }),
    'data.get': ({ identifiers }) => read((dataset) => packed(dataset.save(identifiers))),
    'sets.get': ({ set }) =>
      read((dataset) => ({
        result: { version: dataset.setVersion(set) },
        binary: [encodeElements(dataset.elements(set).elements)],
      })),
    'case.save': ({ identifiers }) => read((dataset) => packed(dataset.save(identifiers ?? undefined))),
    'case.load': async (header, { binary }) => {
      await change((dataset) => dataset.load(unpackCase(header, binary)));
      return { result: null };
    },
    'data.set': async ({ identifier, cells, ifVersion }) => {
      if (!Array.isArray(cells)) throw new EngineError('BadInput', 'cells must be a list');
      const [rejected] = await change((dataset) => dataset.edit(identifier, cells, ifVersion));
      return { result: { version: current().dataset.version(identifier), rejected } };
    },
    'procedure.run': async ({ procedure, args }) => {
      const [value, changed] = await change(({ data, description }, { procedures }) => {
        const known = description.procedures.find(({ name }) => name === procedure);
        if (!known) throw new EngineError('UnknownProcedure', `The app has no procedure ${procedure}`);
        if (known.where !== 'data')
          throw new EngineError(
            'UnknownProcedure',
            `${procedure} runs in an optimization session: submit it as a job`,
          );
        return procedures[procedure]!(data, args);
      });
      return { result: { value: value ?? null, changed } };
    },
  };
};
