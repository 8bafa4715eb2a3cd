import { expect, it } from '@jest/globals';
import { CommandBus, CqrsModule } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { type Decider, uuidv7 } from '@openpro/kernel';
import { type Aggregate, AggregateCommand } from './aggregate.js';
import { START } from './event-store.js';
import { CommandHandler, type Outcome } from './handler.js';
import { MemoryEventStore } from './memory-event-store.js';
import { commandHandler } from './nest-commands.js';

interface Said {
  readonly type: 'Said';
  readonly word: string;
}
interface Say {
  readonly type: 'Say';
  readonly word: string;
}
const decider: Decider<string, Say, Said> = {
  initial: '',
  decide: ({ word }) => [{ type: 'Said', word }],
  evolve: (text, { word }) => text + word,
};
const parrot: Aggregate<string, Say, Said> = { name: 'parrot', context: 'test', decider };
const echo: Aggregate<string, Say, Said> = { name: 'echo', context: 'test', decider };

class ForParrot extends AggregateCommand<Say> {}
class ForEcho extends AggregateCommand<Say> {}

it('takes each command from the bus to its own aggregate', async () => {
  const store = new MemoryEventStore();
  const module = await Test.createTestingModule({
    imports: [CqrsModule],
    providers: [
      { provide: CommandHandler, useValue: new CommandHandler(store) },
      commandHandler(ForParrot, parrot),
      commandHandler(ForEcho, echo),
    ],
  }).compile();
  await module.init();
  const meta = () => ({ commandId: uuidv7(), actor: 'ada', roles: [] });
  const bus = module.get(CommandBus);
  await bus.execute(new ForParrot('1', { type: 'Say', word: 'a' }, meta()));
  const outcome: Outcome = await bus.execute(new ForParrot('1', { type: 'Say', word: 'b' }, meta()));
  await bus.execute(new ForEcho('1', { type: 'Say', word: 'c' }, meta()));
  expect(outcome).toMatchObject({ is: 'done', state: 'ab', version: 2 });
  expect((await store.readAll(START, 10)).map(({ stream }) => stream)).toEqual([
    'parrot-1',
    'parrot-1',
    'echo-1',
  ]);
  await module.close();
});
