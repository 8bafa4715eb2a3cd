import { expect, it } from '@jest/globals';
import { Screen } from './screen.js';

const terminal = (isTTY: boolean, columns = 80) => {
  const written: string[] = [];
  return {
    isTTY,
    columns,
    written,
    write: (text: string) => (written.push(text), true),
  } as unknown as NodeJS.WriteStream & {
    written: string[];
  };
};

it('overwrites the live line, makes room for what is printed and draws it again', () => {
  const [out, err] = [terminal(true), terminal(true)];
  const screen = new Screen(false, out, err);
  screen.progress('10 %', 'plain');
  screen.progress('20 %');
  screen.note('news');
  screen.result({}, () => 'done');
  screen.endProgress();
  screen.note('end');
  const clear = '\r\u001b[2K';
  expect(err.written).toEqual([
    '10 %',
    clear,
    '20 %',
    clear,
    'news\n',
    '20 %',
    clear,
    '20 %',
    clear,
    'end\n',
  ]);
  expect(out.written).toEqual(['done\n']);
});

it('never lets the live line wrap: a wrapped line could not be overwritten', () => {
  const err = terminal(true, 10);
  new Screen(false, terminal(true), err).progress('0123456789abc');
  expect(err.written).toEqual(['012345678']);
});

it('writes plain lines where there is no terminal, and none where there is nothing new', () => {
  const err = terminal(false);
  const screen = new Screen(false, terminal(false), err);
  screen.progress('10 %', 'started');
  screen.progress('20 %');
  screen.endProgress();
  expect(err.written).toEqual(['started\n']);
});

it('prints nothing but JSON when that was asked for', () => {
  const [out, err] = [terminal(true), terminal(true)];
  const screen = new Screen(true, out, err);
  screen.progress('10 %', 'plain');
  screen.note('news');
  screen.item({ a: 1 }, () => 'one');
  screen.result({ b: 2 }, () => 'two');
  expect(out.written).toEqual(['{"a":1}\n', '{\n  "b": 2\n}\n']);
  expect(err.written).toEqual([]);
});

it('cleans what it prints on a terminal and hands on the rest as it is', () => {
  const [shown, piped] = [terminal(true), terminal(false)];
  for (const stream of [shown, piped]) new Screen(false, stream, terminal(false)).raw('\u001b[2Jred');
  expect([shown.written, piped.written]).toEqual([['red'], ['\u001b[2Jred']]);
});
