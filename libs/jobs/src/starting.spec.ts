import { expect, it } from '@jest/globals';
import type { AggregateCommand } from '@openpro/eventstore';
import { startWith } from './starting.js';

const placement = { job: 'j', node: 'n', nodeEpoch: 1, attempt: 2 };
const seat = { environment: 'ROOT', licence: 'gurobi', user: 'ada' };

const given = (free = true) => {
  const sent: AggregateCommand<unknown>[] = [];
  const start = startWith({
    insist: (command) => Promise.resolve(void sent.push(command)),
    succeeds: (command) => Promise.resolve(sent.push(command) > 0 && free),
  });
  return { sent, start };
};

it('starts an attempt that needs no seat at once', async () => {
  const { sent, start } = given();
  expect(await start(placement, 7)).toBe(true);
  expect(sent.map(({ id, command }) => ({ id, command }))).toEqual([
    { id: 'j', command: { type: 'StartJob', node: 'n', nodeEpoch: 1, attempt: 2 } },
  ]);
  expect(sent[0]?.meta).toMatchObject({ correlation: 'j', epoch: 7 });
});

it('takes the seat first, and says in the start that it has it', async () => {
  const { sent, start } = given();
  expect(await start({ ...placement, seat }, 7)).toBe(true);
  expect(sent).toMatchObject([
    {
      id: 'ROOT:gurobi',
      command: { type: 'RequestSeat', kind: 'optimization', holder: 'j:2', user: 'ada', device: null },
      meta: { epoch: 7 },
    },
    { id: 'j', command: { type: 'StartJob', licence: 'gurobi' } },
  ]);
});

it('does not start what has no seat', async () => {
  const { sent, start } = given(false);
  expect(await start({ ...placement, seat }, 7)).toBe(false);
  expect(sent).toHaveLength(1);
});
