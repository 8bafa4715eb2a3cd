import { Inject } from '@nestjs/common';
import { CommandHandler as HandlesCommand, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateCommand, CommandHandler, type EventStore, fold, type Outcome } from '@openpro/eventstore';
import { user } from '@openpro/identity';
import { isRefusal } from '@openpro/kernel';
import { EVENT_STORE, fingerprintOf, groupsOf, maySubmit } from '@openpro/platform';
import { termsOf } from './policy-index.js';
import { QueuePolicies } from './queue-policy.queries.js';
import { Quotas } from './quotas.queries.js';
import { type Judged, schedule, type ScheduleCommand } from './schedule.js';

export class ForSchedule extends AggregateCommand<ScheduleCommand> {}

/** Before a run is decided, whether its owner may run it now: who he is from the log, because a list may be behind. */
@HandlesCommand(ForSchedule)
export class ScheduleHandler implements ICommandHandler<ForSchedule, Outcome> {
  constructor(
    private readonly handler: CommandHandler,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly policies: QueuePolicies,
    private readonly quotas: Quotas,
  ) {}

  async execute({ id, command, meta, fingerprint }: ForSchedule): Promise<Outcome> {
    // Told twice it is one command, also when the answer about the owner is another one.
    const same = fingerprint ?? fingerprintOf(meta.actor, command);
    return this.handler.execute(schedule, id, await this.judged(command), meta, same);
  }

  private async judged(command: ScheduleCommand): Promise<ScheduleCommand> {
    return command.type === 'FireSchedule' || command.type === 'EndRun'
      ? { ...command, ...(await this.judge(command.of)) }
      : command;
  }

  private async judge({
    owner,
    environment,
    app,
    version,
    profile,
  }: Judged['of']): Promise<Pick<Judged, 'refused' | 'right'>> {
    const no = (why: string, forGood: boolean) => ({ refused: { why, forGood } });
    const found = await fold(this.store, user, owner);
    if (found.is === 'new') return no('its owner is no user any more', true);
    const { person, groups } = found;
    if (!maySubmit(person, environment)) return no(`${person.name} may not run jobs any more`, true);
    const actor = { ...person, groups, id: owner, tokenHash: null, expiresAt: 0 };
    const subject = { ownerName: person.name, groups: groupsOf(actor), app, version };
    const terms = termsOf(await this.policies.policy(), subject, { profile });
    if (isRefusal(terms)) return no(terms.message, terms.refused === 'NotAllowed');
    const full = await this.quotas.refusal(actor);
    return full ? no(full.message, false) : { right: { groups: terms.groups, best: terms.best } };
  }
}
