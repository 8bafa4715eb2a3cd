import { describe, expect, it } from '@jest/globals';
import type { CommandBus } from '@nestjs/cqrs';
import {
  AggregateCommand,
  BadAppend,
  type Outcome,
  type Position,
  type ReadSide,
  StoreUnavailable,
} from '@openpro/eventstore';
import { refuse } from '@openpro/kernel';
import { Commands } from './commands.js';

class Rename extends AggregateCommand<object> {}
const rename = new Rename(
  '1',
  {},
  { commandId: '0198b9a2-0000-7000-8000-000000000000', actor: 'ada', roles: [] },
);
const done = { is: 'done', position: '5' as Position } as Outcome;

const given = (answers: (Outcome | Error)[], seen = true) => {
  const asked: unknown[] = [];
  const bus = {
    execute: (command: unknown) => {
      asked.push(command);
      const next = answers.shift();
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
  };
  const readSide = { waitFor: () => Promise.resolve(seen) };
  return { asked, commands: new Commands(bus as unknown as CommandBus, readSide as unknown as ReadSide) };
};

describe('a change', () => {
  it('answers with the row that the read model has then', async () => {
    const { commands } = given([done]);
    expect(await commands.change(rename, 'user_list', () => Promise.resolve({ name: 'Ada' }))).toEqual({
      name: 'Ada',
    });
  });

  it('is not executed when it was refused before, and answers with the refusal of its rules', async () => {
    const no = refuse('NameTaken', 'taken');
    const { commands, asked } = given([{ is: 'refused', refusal: no }]);
    expect(await commands.change(no, 'user_list', () => Promise.resolve({}))).toBe(no);
    expect(asked).toEqual([]);
    expect(await commands.change(rename, 'user_list', () => Promise.resolve({}))).toBe(no);
  });

  it.each([
    ['the read model is behind', false, { name: 'Ada' }],
    ['the caller may not see it', true, null],
  ])('says that it is recorded when %s', async (_when, seen, row) => {
    const { commands } = given([done], seen);
    expect(await commands.change(rename, 'user_list', () => Promise.resolve(row))).toMatchObject({
      refused: 'NotYetVisible',
    });
  });
});

describe('a report that a server insists on', () => {
  it('is repeated while the database is away, with the same id', async () => {
    const { commands, asked } = given([new StoreUnavailable('away'), new StoreUnavailable('away'), done]);
    expect(await commands.succeeds(rename)).toBe(true);
    expect(asked).toEqual([rename, rename, rename]);
  });

  it('ends with a refusal, and with a bug: nobody waits for it, so it must not reject', async () => {
    const { commands, asked } = given([{ is: 'refused', refusal: refuse('Stale', 'x') }, new BadAppend('x')]);
    expect([await commands.succeeds(rename), await commands.succeeds(rename)]).toEqual([false, false]);
    expect(asked).toHaveLength(2);
  });
});
