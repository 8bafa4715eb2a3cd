import { Args, Context, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { ReadSide } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import {
  type Actor,
  answer,
  Commands,
  fingerprintOf,
  Last,
  LiveQueue,
  mayChange,
  metaOf,
  type MutationCancelBatchArgs,
  type MutationRetryBatchArgs,
  type MutationSubmitBatchArgs,
  Needs,
  pageRequest,
  type QueryBatchesArgs,
} from '@openpro/platform';
import { setTimeout as pause } from 'node:timers/promises';
import { type BatchCommand, countOf } from './batch.js';
import { batchList } from './batch-list.projection.js';
import { BatchQueries, overIn } from './batches.queries.js';
import { jobList } from './job-list.projection.js';
import { ForBatch } from './jobs.commands.js';
import { Quotas } from './quotas.queries.js';
import { SubmittingBatches } from './submitting-batches.js';

/** A batch changes with every job of it: nobody can read faster than this. */
const INTERVAL_MS = 500;

@Resolver()
export class BatchesResolver {
  constructor(
    private readonly queries: BatchQueries,
    private readonly submitting: SubmittingBatches,
    private readonly commands: Commands,
    private readonly readSide: ReadSide,
    private readonly quotas: Quotas,
  ) {}

  @Query()
  @Needs('user', 'auditor')
  batches(@Context('actor') actor: Actor, @Args() { first, after }: QueryBatchesArgs) {
    return this.queries.page(actor, pageRequest(first ?? 50, after, 'time', 'text'));
  }

  @Query()
  @Needs('user', 'auditor')
  batch(@Context('actor') actor: Actor, @Args('id') id: string) {
    return this.queries.one(actor, id);
  }

  @Mutation()
  @Needs('user')
  async submitBatch(@Context('actor') actor: Actor, @Args() { input, commandId }: MutationSubmitBatchArgs) {
    const command = await this.submitting.command(actor, input, commandId);
    const batch = isRefusal(command) ? null : command.command;
    const jobs = batch?.type === 'SubmitBatch' ? countOf(batch.scenarios) : 0;
    const read = () => this.queries.one(actor, commandId);
    return answer(
      'Batch',
      await this.quotas.within(actor, command, jobs, () =>
        this.commands.change(command, batchList.name, read),
      ),
    );
  }

  @Mutation()
  @Needs('user')
  retryBatch(@Context('actor') actor: Actor, @Args() { id, commandId }: MutationRetryBatchArgs) {
    return this.change(actor, id, commandId, async () => {
      const [failed, { job: first, scenarios }] = await Promise.all([
        this.queries.failed(id),
        this.queries.recipe(id),
      ]);
      const job = await this.submitting.again(actor, first);
      return isRefusal(job) ? job : { type: 'RetryBatch', failed, job, scenarios };
    });
  }

  @Mutation()
  @Needs('user')
  cancelBatch(@Context('actor') actor: Actor, @Args() { id, reason, commandId }: MutationCancelBatchArgs) {
    return this.change(actor, id, commandId, () => ({
      type: 'CancelBatch',
      reason: reason ?? `its batch was cancelled by ${actor.name}`,
    }));
  }

  /** While jobs of it may run it is looked at whenever jobs have changed, twice a second, and told only what has. */
  @Subscription()
  @Needs('user', 'auditor')
  batchChanged(@Context('actor') actor: Actor, @Args('id') id: string) {
    let open = true;
    const news = new LiveQueue<null>((push) =>
      this.readSide.onCommitted(({ projection, keys }) => {
        if (projection === batchList.name ? keys.includes(id) : open && projection === jobList.name)
          push(null);
      }),
    );
    news.push(null);
    let told = '';
    let lookAgainAt = 0;
    return news.map(async () => {
      await pause(Math.max(0, lookAgainAt - Date.now()));
      lookAgainAt = Date.now() + INTERVAL_MS;
      const row = await this.queries.row(actor, id);
      if (!row) return new Last<{ batchChanged: object }>();
      const cells = (await this.queries.cells.load(id)) ?? '';
      // The two lists are not equally fast: what one of them does not show yet is still to come.
      const behind = /[qr]/.test(cells) || cells.replaceAll('.', '').length < row.created;
      open = behind || (row.cancelled_at === null && overIn(row) < row.count);
      const seen = JSON.stringify([row, cells]);
      if (seen === told) return undefined;
      told = seen;
      return { batchChanged: { ...this.queries.view(row), cells } };
    }, true);
  }

  private async change(
    actor: Actor,
    id: string,
    commandId: string,
    command: () => BatchCommand | Promise<BatchCommand | Refusal>,
  ) {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return answer('Batch', meta);
    const wrong = await this.mayNotChange(actor, id);
    if (wrong) return answer('Batch', wrong);
    // What has failed by now may differ when the request is sent again: it is the same request nevertheless.
    const asked = await command();
    if (isRefusal(asked)) return answer('Batch', asked);
    const told = new ForBatch(id, asked, meta, fingerprintOf(actor.id, asked.type));
    const change = () => this.commands.change(told, batchList.name, () => this.queries.one(actor, id));
    if (asked.type !== 'RetryBatch') return answer('Batch', await change());
    const { owner, ownerName: name = owner, environment, groups = [] } = asked.job;
    const holder = { id: owner, name, environment, roles: [], groups }; // whose jobs they are, whoever retries them
    return answer('Batch', await this.quotas.within(holder, told, asked.failed.length, change));
  }

  /** Why not, if so. Whoever may not see a batch does not learn that there is one. */
  private async mayNotChange(actor: Actor, id: string): Promise<Refusal | null> {
    const row = await this.queries.row(actor, id);
    if (!row) return refuse('NoSuchBatch', `There is no batch ${id.slice(0, 60)}`, { field: 'id' });
    return mayChange(actor, row)
      ? null
      : refuse('NotAllowed', 'Only its owner or an administrator may do this with the batch');
  }
}
