import { defineApp } from '@openpro/engine/sdk';

/** An MPS file begins with a NAME or ROWS section after its comments; anything else is taken for an LP file. */
export const formatOf = (text: string): 'mps' | 'lp' =>
  /^(?:[*$][^\n]*\n|\s*\n)*(?:NAME|ROWS|OBJSENSE|OBJNAME)\b/.test(text) ? 'mps' : 'lp';

export default defineApp({
  interface: {
    sets: { Columns: { label: 'Columns' } },
    identifiers: {
      File: {
        kind: 'input',
        type: 'utf8',
        label: 'Model file',
        text: 'The text of an MPS or LP file.',
        group: 'Model',
        view: 'text',
      },
      Format: {
        kind: 'input',
        type: 'utf8',
        label: 'Format',
        text: 'mps or lp; found out from the file when empty.',
        group: 'Model',
        view: 'value',
      },
      Status: { kind: 'output', type: 'utf8', label: 'Status', group: 'Result', view: 'value' },
      Objective: { kind: 'output', type: 'f64', label: 'Objective', group: 'Result', view: 'value' },
      Bound: { kind: 'output', type: 'f64', label: 'Best bound', group: 'Result', view: 'value' },
      Gap: { kind: 'output', type: 'f64', unit: '%', label: 'Gap', group: 'Result', view: 'value' },
      Solution: {
        kind: 'output',
        type: 'f64',
        domain: ['Columns'],
        label: 'Values that are not zero',
        group: 'Result',
        view: 'table',
      },
    },
    procedures: {
      solve: {
        where: 'optimization',
        label: 'Solve',
        text: 'Solves the model in the file.',
        inputs: ['File', 'Format'],
        outputs: ['Status', 'Objective', 'Bound', 'Gap', 'Solution'],
      },
    },
  },

  async solve(data, ctx) {
    const text = data.File.value;
    const format = data.Format.value.trim().toLowerCase() || formatOf(text);
    if (!text.trim()) throw new Error('File: is empty; put the text of an MPS or LP file into it.');
    if (format !== 'mps' && format !== 'lp')
      throw new Error(`Format: is "${format.slice(0, 40)}"; it must be mps, lp or empty.`);
    const solution = await ctx.solveFile(text, format);
    data.Status.value = solution.status;
  },

  project({ columns, values, status, objective, bound, gap }, data) {
    data.Status.value = status;
    data.Objective.value = objective ?? 0;
    data.Bound.value = bound ?? 0;
    data.Gap.value = gap === null ? 0 : 100 * gap;
    data.sets.Columns.replace(columns);
    data.Solution.assign(values);
  },
});
