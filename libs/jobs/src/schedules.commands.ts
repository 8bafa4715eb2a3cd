import { Inject } from '@nestjs/common';
import { CommandHandler as HandlesCommand, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateCommand, CommandHandler, type EventStore, fold, type Outcome } from '@openpro/eventstore';
import { user } from '@openpro/identity';
import { isRefusal } from '@openpro/kernel';
import { LicenceQueries } from '@openpro/licensing';
import { EVENT_STORE, fingerprintOf, groupsOf, maySubmit } from '@openpro/platform';
import { termsOf } from './policy-index.js';
import { QueuePolicies } from './queue-policy.queries.js';
import { type Holder, Quotas, unlessBehind } from './quotas.queries.js';
import { type Judged, MAX_MISSED_RUNS, schedule, type ScheduleCommand } from './schedule.js';

export class ForSchedule extends AggregateCommand<ScheduleCommand> {}

/** How many runs it is, only the schedule knows: it is told for how many there is room. */
const MAX_AT_ONCE = 2 * MAX_MISSED_RUNS;

/** Before a run is decided, whether its owner may run it now: who he is from the log, because a list may be behind. */
@HandlesCommand(ForSchedule)
export class ScheduleHandler implements ICommandHandler<ForSchedule, Outcome> {
  constructor(
    private readonly handler: CommandHandler,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly policies: QueuePolicies,
    private readonly quotas: Quotas,
    private readonly licences: LicenceQueries,
  ) {}

  async execute({ id, command, meta, fingerprint }: ForSchedule): Promise<Outcome> {
    // Told twice it is one command, also when the answer about the owner is another one.
    const same = fingerprint ?? fingerprintOf(meta.actor, command);
    const decide = (judged: ScheduleCommand) => this.handler.execute(schedule, id, judged, meta, same);
    if (command.type !== 'FireSchedule' && command.type !== 'EndRun') return decide(command);
    const judged = await this.judge(command.of);
    if ('refused' in judged) return decide({ ...command, ...judged });
    const { owner, right } = judged;
    const asked = command.type === 'EndRun' ? 1 : MAX_AT_ONCE; // the end of one makes room for the next one only
    return this.quotas.admitted(owner, asked, async ({ jobs: runs, why, spent }) => {
      unlessBehind(`schedule-${id}`, why);
      if (why && spent) return decide({ ...command, refused: { why: why.message, forGood: false } });
      const most = `${MAX_AT_ONCE} runs are the most at once`;
      return decide({ ...command, right, room: { runs, why: why?.message ?? most } });
    });
  }

  /** The owner with his right, or why he may not run it. */
  private async judge({
    owner,
    environment,
    app,
    version,
    profile,
    licence,
  }: Judged['of']): Promise<
    | { readonly refused: NonNullable<Judged['refused']> }
    | { readonly owner: Holder; readonly right: NonNullable<Judged['right']> }
  > {
    const no = (why: string, forGood: boolean) => ({ refused: { why, forGood } });
    const found = await fold(this.store, user, owner);
    if (found.is === 'new') return no('its owner is no user any more', true);
    const { person, groups } = found;
    if (!maySubmit(person, environment)) return no(`${person.name} may not run jobs any more`, true);
    const actor = { ...person, groups, id: owner, tokenHash: null, expiresAt: 0 };
    const subject = { ownerName: person.name, groups: groupsOf(actor), app, version };
    const unlicensed = licence == null ? undefined : await this.licences.refusalFor(actor, licence);
    const terms = unlicensed ?? termsOf(await this.policies.policy(), subject, { profile });
    if (isRefusal(terms)) return no(terms.message, terms.refused === 'NotAllowed');
    return { owner: actor, right: { groups: terms.groups, best: terms.best } };
  }
}
