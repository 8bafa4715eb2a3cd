import { Inject } from '@nestjs/common';
import { CommandHandler as HandlesCommand, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateCommand, CommandHandler, type EventStore, fold, type Outcome } from '@openpro/eventstore';
import { user } from '@openpro/identity';
import { EVENT_STORE, fingerprintOf, maySubmit } from '@openpro/platform';
import { schedule, type ScheduleCommand } from './schedule.js';

export class ForSchedule extends AggregateCommand<ScheduleCommand> {}

/** Before a run is decided, whether its owner may still run it: from the log, because a list may be behind. */
@HandlesCommand(ForSchedule)
export class ScheduleHandler implements ICommandHandler<ForSchedule, Outcome> {
  constructor(
    private readonly handler: CommandHandler,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  async execute({ id, command, meta, fingerprint }: ForSchedule): Promise<Outcome> {
    // Told twice it is one command, also when the answer about the owner is another one.
    const same = fingerprint ?? fingerprintOf(meta.actor, command);
    return this.handler.execute(schedule, id, await this.judged(command), meta, same);
  }

  private async judged(command: ScheduleCommand): Promise<ScheduleCommand> {
    if (command.type !== 'FireSchedule' && command.type !== 'EndRun') return command;
    const owner = await fold(this.store, user, command.owner);
    if (owner.is === 'new') return { ...command, refused: 'its owner is no user any more' };
    return maySubmit(owner.person, command.environment)
      ? command
      : { ...command, refused: `${owner.person.name} may not run jobs any more` };
  }
}
