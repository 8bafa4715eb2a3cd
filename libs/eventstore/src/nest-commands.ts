import type { Type } from '@nestjs/common';
import { CommandHandler as HandlesCommand, type ICommandHandler } from '@nestjs/cqrs';
import type { DomainEvent } from '@openpro/kernel';
import type { Aggregate, AggregateCommand } from './aggregate.js';
import { CommandHandler, type Outcome } from './handler.js';

/** What the command bus calls for one aggregate: a provider for the context's module. */
export const commandHandler = <State, Command, Event extends DomainEvent>(
  command: Type<AggregateCommand<Command>>,
  aggregate: Aggregate<State, Command, Event>,
): Type<ICommandHandler<AggregateCommand<Command>, Outcome<State, Event>>> => {
  @HandlesCommand(command)
  class ForAggregate implements ICommandHandler<AggregateCommand<Command>, Outcome<State, Event>> {
    constructor(private readonly handler: CommandHandler) {}

    execute(sent: AggregateCommand<Command>): Promise<Outcome<State, Event>> {
      return this.handler.execute(aggregate, sent.id, sent.command, sent.meta, sent.fingerprint);
    }
  }
  return ForAggregate;
};
