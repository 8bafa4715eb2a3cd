import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Edit, emptyHistory, record, redo, undo } from './history.js';

const edit = (label: string): Edit => ({ label, identifier: 'Demand', before: [], after: [] });
const labels = (edits: readonly Edit[]) => edits.map(({ label }) => label);

it('undoes and redoes in order', () => {
  const two = record(record(emptyHistory, edit('a')), edit('b'));
  const back = undo(undo(undo(two)));
  expect([labels(back.done), labels(back.undone)]).toEqual([[], ['b', 'a']]);
  expect(redo(redo(redo(back)))).toEqual(two);
});

it('forgets what was undone once something new is done', () => {
  const branched = record(undo(record(emptyHistory, edit('a'))), edit('b'));
  expect([labels(branched.done), labels(branched.undone)]).toEqual([['b'], []]);
});

it('loses no edit by going back and forth', () =>
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (steps) => {
      const start = ['a', 'b', 'c'].reduce((history, label) => record(history, edit(label)), emptyHistory);
      const end = steps.reduce((history, back) => (back ? undo(history) : redo(history)), start);
      expect([...labels(end.done), ...labels(end.undone).reverse()]).toEqual(['a', 'b', 'c']);
    }),
  ));

it('keeps the newest hundred', () => {
  const many = Array.from({ length: 130 }, (_, index) => edit(String(index))).reduce(record, emptyHistory);
  expect([many.done.length, many.done[0]?.label]).toEqual([100, '30']);
});
