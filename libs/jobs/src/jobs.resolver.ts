import { Args, Context, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { ReadSide } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
  has,
  Last,
  LiveQueue,
  mayChange,
  maySee,
  metaOf,
  type MutationCloneJobArgs,
  type MutationInterruptJobArgs,
  type MutationPrioritizeJobArgs,
  type MutationRepeatJobArgs,
  type MutationSubmitJobArgs,
  type MutationTerminateJobArgs,
  Needs,
  pageRequest,
  type QueryJobsArgs,
} from '@openpro/platform';
import type { ProgressPoint } from './attempt-store.js';
import type { JobCommand } from './job.js';
import { jobList } from './job-list.projection.js';
import { ForJob } from './jobs.commands.js';
import { JobQueries, type ListedJob } from './jobs.queries.js';
import { Quotas } from './quotas.queries.js';
import { LiveJobs } from './live-jobs.js';
import { Submitting } from './submitting.js';

const NEWS_INTERVAL_MS = 250;
const MAX_LOG_AT_ONCE = 65_536;

@Resolver()
export class JobsResolver {
  constructor(
    private readonly queries: JobQueries,
    private readonly submitting: Submitting,
    private readonly commands: Commands,
    private readonly readSide: ReadSide,
    private readonly live: LiveJobs,
    private readonly quotas: Quotas,
  ) {}

  @Query()
  @Needs('user', 'auditor')
  jobs(@Context('actor') actor: Actor, @Args() { filter, order, first, after }: QueryJobsArgs) {
    const by = order ?? 'NEWEST';
    const keys = by === 'PRIORITY' ? (['number', 'time', 'text'] as const) : (['time', 'text'] as const);
    return this.queries.page(actor, pageRequest(first ?? 50, after, ...keys), filter ?? {}, by);
  }

  @Query()
  @Needs('user', 'auditor')
  job(@Context('actor') actor: Actor, @Args('id') id: string) {
    return this.queries.one(actor, id);
  }

  @Mutation()
  @Needs('user')
  async submitJob(@Context('actor') actor: Actor, @Args() { input, commandId }: MutationSubmitJobArgs) {
    return this.submit(actor, await this.submitting.command(actor, input, commandId));
  }

  @Mutation()
  @Needs('user')
  async repeatJob(@Context('actor') actor: Actor, @Args() { id, commandId }: MutationRepeatJobArgs) {
    const wrong = await this.mayNotChange(actor, id);
    if (wrong) return answer('Job', wrong);
    return this.submit(actor, await this.submitting.repeat(actor, id, commandId));
  }

  /** Of any job that he may see: what is in it he knows. */
  @Mutation()
  @Needs('user')
  async cloneJob(@Context('actor') actor: Actor, @Args() { id, changes, commandId }: MutationCloneJobArgs) {
    if (!(await this.queries.row(actor, id))) return answer('Job', noSuchJob(id));
    return this.submit(actor, await this.submitting.clone(actor, id, changes, commandId));
  }

  @Mutation()
  @Needs('user')
  prioritizeJob(
    @Context('actor') actor: Actor,
    @Args() { id, priority, commandId }: MutationPrioritizeJobArgs,
  ) {
    const best = has(actor, 'administrator') ? 1 : null;
    return this.change(actor, id, { type: 'PrioritizeJob', priority, best }, commandId);
  }

  @Mutation()
  @Needs('user')
  interruptJob(@Context('actor') actor: Actor, @Args() { id, reason, commandId }: MutationInterruptJobArgs) {
    return this.change(actor, id, { type: 'InterruptJob', ...(reason ? { reason } : {}) }, commandId);
  }

  @Mutation()
  @Needs('user')
  terminateJob(@Context('actor') actor: Actor, @Args() { id, reason, commandId }: MutationTerminateJobArgs) {
    return this.change(
      actor,
      id,
      { type: 'TerminateJob', reason: reason ?? `terminated by ${actor.name}` },
      commandId,
    );
  }

  @Subscription()
  @Needs('user', 'auditor')
  jobChanged(@Context('actor') actor: Actor, @Args('id') id: string) {
    const { news, reason, watched } = this.newsOf(id);
    return news.map(async () => {
      const row = await this.queries.row(actor, id);
      if (!row) return new Last<{ jobChanged: object }>();
      if (!news.isOver) reason.follow(row);
      for (const { job } of row.waits_for) watched.add(job);
      const seen = { jobChanged: this.queries.view(row) };
      return row.ended_at === null ? seen : new Last(seen);
    }, true);
  }

  @Subscription()
  @Needs('user', 'auditor')
  jobsChanged(@Context('actor') actor: Actor, @Args('session') session: string | null) {
    const wanted = (row: ListedJob): boolean =>
      maySee(actor, row) && row.owner === actor.id && (!session || row.session === session);
    return new LiveQueue<ListedJob | Error>((push) =>
      this.queries.changed.follow((row) => {
        if (row instanceof Error || wanted(row)) push(row);
      }),
    ).map((row) =>
      row instanceof Error ? Promise.reject(row) : Promise.resolve({ jobsChanged: this.queries.view(row) }),
    );
  }

  /** Points and log lines as they come, at most four messages a second; the last one shows the job's end. */
  @Subscription()
  @Needs('user', 'auditor')
  async jobProgress(@Context('actor') actor: Actor, @Args('id') id: string) {
    const first = await this.queries.row(actor, id);
    const points: ProgressPoint[] = [];
    let log = '';
    let lastAt = 0;
    const line = this.live.line((heard) => {
      points.push(...heard.points);
      log = (log + heard.log).slice(-MAX_LOG_AT_ONCE);
      news.push(null);
    });
    const { news, reason } = this.newsOf(id, () => line.close());
    if (first) line.follow(first, first.attempt);
    return news.map(async () => {
      await pause(lastAt + NEWS_INTERVAL_MS - Date.now());
      lastAt = Date.now();
      const row = first && (await this.queries.row(actor, id));
      if (!row) return new Last<{ jobProgress: object }>();
      if (!news.isOver) {
        line.follow(row, first.attempt); // another server may have it now
        reason.follow(row);
      }
      const seen = { jobProgress: { job: this.queries.view(row), points: points.splice(0), log } };
      log = '';
      return row.ended_at === null ? seen : new Last(seen);
    }, true);
  }

  /** Within every quota of his, and where each job that it waits for has room for one more. */
  private async submit(actor: Actor, command: ForJob | Refusal) {
    if (isRefusal(command)) return answer('Job', command);
    const submitted = async () =>
      (await this.submitting.admitted(command)) ??
      this.commands.change(command, jobList.name, () => this.queries.one(actor, command.id));
    return answer('Job', await this.quotas.within(actor, command, 1, submitted));
  }

  private async change(actor: Actor, id: string, command: JobCommand, commandId: string) {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return answer('Job', meta);
    const wrong = await this.mayNotChange(actor, id);
    if (wrong) return answer('Job', wrong);
    return answer(
      'Job',
      await this.commands.change(new ForJob(id, command, meta), jobList.name, () =>
        this.queries.one(actor, id),
      ),
    );
  }

  /** Why not, if so. Whoever may not see a job does not learn that there is one. */
  private async mayNotChange(actor: Actor, id: string): Promise<Refusal | null> {
    const row = await this.queries.row(actor, id);
    if (!row) return noSuchJob(id);
    return mayChange(actor, row)
      ? null
      : refuse('NotAllowed', 'Only its owner or an administrator may do this with the job');
  }

  /** Says at once, and when the job has changed, or the reason for which it waits: look again. */
  private newsOf(id: string, close = (): void => undefined) {
    const reason = this.live.reason(id, () => news.push(null));
    /** And the jobs that it waits for, whose state is its reason. */
    const watched = new Set([id]);
    const news: LiveQueue<null> = new LiveQueue<null>((push) => {
      const stop = this.readSide.onCommitted(({ projection, keys }) => {
        if (projection === jobList.name && keys.some((key) => watched.has(key))) push(null);
      });
      return () => {
        stop();
        reason.close();
        close();
      };
    });
    news.push(null);
    return { news, reason, watched };
  }
}

const noSuchJob = (id: string): Refusal =>
  refuse('NoSuchJob', `There is no job ${id.slice(0, 60)}`, { field: 'id' });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
