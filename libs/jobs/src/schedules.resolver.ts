import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { EventStore } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import {
  type Actor,
  answer,
  badInput,
  Commands,
  EVENT_STORE,
  fingerprintOf,
  mayChange,
  maySee,
  metaOf,
  type MutationChangeScheduleArgs,
  type MutationDeleteScheduleArgs,
  type MutationMakeScheduleArgs,
  type MutationPauseScheduleArgs,
  type MutationResumeScheduleArgs,
  Needs,
  pageRequest,
  type QueryDueTimesArgs,
  type QuerySchedulesArgs,
  type ScheduleTerms,
} from '@openpro/platform';
import type { QueuedJob } from './job.js';
import { Quotas } from './quotas.queries.js';
import { preview, whenOf } from './recurrence.js';
import type { ScheduleCommand, ScheduleEvent, Terms } from './schedule.js';
import { scheduleList } from './schedule-list.projection.js';
import { ForSchedule } from './schedules.commands.js';
import { ScheduleQueries, timesAsked } from './schedules.queries.js';
import { Submitting } from './submitting.js';

/** So many schedules one person may have. */
const MAX_SCHEDULES = 200;

const termsOf = ({ name, when, overlap, missed, atMost }: ScheduleTerms): Terms | Refusal => {
  const runs = whenOf(when);
  if (isRefusal(runs)) return runs;
  return {
    name,
    when: runs,
    overlap: (overlap ?? 'SKIP').toLowerCase() as Terms['overlap'],
    missed: (missed ?? 'ONCE').toLowerCase() as Terms['missed'],
    atMost: atMost ?? 10,
  };
};

@Resolver()
export class SchedulesResolver {
  constructor(
    private readonly queries: ScheduleQueries,
    private readonly submitting: Submitting,
    private readonly commands: Commands,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly quotas: Quotas,
  ) {}

  @Query()
  @Needs('user', 'auditor')
  schedules(@Context('actor') actor: Actor, @Args() { first, after }: QuerySchedulesArgs) {
    return this.queries.page(actor, pageRequest(first ?? 50, after, 'time', 'text'));
  }

  @Query()
  @Needs('user', 'auditor')
  schedule(@Context('actor') actor: Actor, @Args('id') id: string) {
    return this.queries.one(actor, id);
  }

  @Query()
  @Needs('user', 'auditor')
  dueTimes(@Args() { when, count }: QueryDueTimesArgs) {
    const times = preview(when, Date.now(), timesAsked(count ?? 5));
    if (isRefusal(times)) throw badInput(times.field ?? 'when', times.message, times.limit ?? '');
    return times;
  }

  @Mutation()
  @Needs('user')
  async makeSchedule(
    @Context('actor') actor: Actor,
    @Args() { job, terms, commandId }: MutationMakeScheduleArgs,
  ) {
    const command = await this.make(actor, job, terms, commandId);
    const change = () =>
      this.commands.change(command, scheduleList.name, () => this.queries.one(actor, commandId));
    if (isRefusal(command)) return answer('Schedule', command);
    // Counted again, while nobody else makes one for him: many may have been asked for at once.
    const made = await this.quotas.alone(actor, async ({ why }) => {
      const no = (await this.made(commandId)) ? undefined : (why ?? (await this.tooMany(actor)));
      return no ?? change();
    });
    return answer('Schedule', made);
  }

  @Mutation()
  @Needs('user')
  changeSchedule(
    @Context('actor') actor: Actor,
    @Args() { id, terms: asked, commandId }: MutationChangeScheduleArgs,
  ) {
    const terms = termsOf(asked);
    if (isRefusal(terms)) return answer('Schedule', terms);
    const command = { type: 'ChangeSchedule', ...terms, now: Date.now() } as const;
    return this.change(actor, id, command, commandId, fingerprintOf(actor.id, id, asked));
  }

  @Mutation()
  @Needs('user')
  pauseSchedule(
    @Context('actor') actor: Actor,
    @Args() { id, reason, commandId }: MutationPauseScheduleArgs,
  ) {
    return this.change(actor, id, { type: 'PauseSchedule', reason }, commandId);
  }

  @Mutation()
  @Needs('user')
  resumeSchedule(@Context('actor') actor: Actor, @Args() { id, commandId }: MutationResumeScheduleArgs) {
    const command = { type: 'ResumeSchedule', now: Date.now() } as const;
    return this.change(actor, id, command, commandId, fingerprintOf(actor.id, id, 'resume'));
  }

  @Mutation()
  @Needs('user')
  async deleteSchedule(
    @Context('actor') actor: Actor,
    @Args() { id, commandId }: MutationDeleteScheduleArgs,
  ) {
    const command = await this.command(actor, id, { type: 'DeleteSchedule' }, commandId);
    const deleted = () => Promise.resolve({ ok: true });
    return answer('Ok', await this.commands.change(command, scheduleList.name, deleted));
  }

  /** What was made before under this id is made again without new work. */
  private async make(
    actor: Actor,
    input: MutationMakeScheduleArgs['job'],
    asked: ScheduleTerms,
    commandId: string,
  ): Promise<ForSchedule | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const fingerprint = fingerprintOf(actor.id, input, asked);
    const before = await this.made(commandId);
    if (before) {
      const { made: now, next, ...made } = before;
      return new ForSchedule(commandId, { ...made, type: 'MakeSchedule', now }, meta, fingerprint);
    }
    const terms = termsOf(asked);
    if (isRefusal(terms)) return terms;
    const many = await this.tooMany(actor);
    if (many) return many;
    const job = await this.submitting.request(actor, input);
    if (isRefusal(job)) return job;
    // The session may be closed by then: what it held is the input now.
    const command = {
      type: 'MakeSchedule',
      ...terms,
      job: { ...job, session: null },
      now: Date.now(),
    } as const;
    return new ForSchedule(commandId, command, meta, fingerprint);
  }

  private async made(id: string): Promise<(ScheduleEvent & { type: 'ScheduleMade' }) | undefined> {
    const [first] = await this.store.readStream(`schedule-${id}`, 0, 1);
    return first?.event as (ScheduleEvent & { type: 'ScheduleMade' }) | undefined;
  }

  private async tooMany(actor: Actor): Promise<Refusal | undefined> {
    if ((await this.queries.countOf(actor)) < MAX_SCHEDULES) return undefined;
    const message = `You have ${MAX_SCHEDULES} schedules: remove one that you do not need`;
    return refuse('TooManySchedules', message, { limit: `${MAX_SCHEDULES} schedules` });
  }

  /** @param fingerprint where the command has the time in it, which is another one when it is sent again */
  private async change(
    actor: Actor,
    id: string,
    command: ScheduleCommand,
    commandId: string,
    fingerprint?: string,
  ) {
    return answer(
      'Schedule',
      await this.commands.change(
        await this.command(actor, id, command, commandId, fingerprint),
        scheduleList.name,
        () => this.queries.one(actor, id),
      ),
    );
  }

  /** One that is deleted: the same request may come again, because its answer was lost. */
  private async deleted(actor: Actor, id: string): Promise<QueuedJob | null> {
    const job = (await this.made(id))?.job;
    return job && maySee(actor, job) ? job : null;
  }

  /** Whoever may not see a schedule does not learn that there is one. */
  private async command(
    actor: Actor,
    id: string,
    command: ScheduleCommand,
    commandId: string,
    fingerprint?: string,
  ): Promise<ForSchedule | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const row = (await this.queries.row(actor, id)) ?? (await this.deleted(actor, id));
    if (!row) return refuse('NoSuchSchedule', `There is no schedule ${id.slice(0, 60)}`, { field: 'id' });
    return mayChange(actor, row)
      ? new ForSchedule(id, command, meta, fingerprint)
      : refuse('NotAllowed', 'Only its owner or an administrator may do this with the schedule');
  }
}
