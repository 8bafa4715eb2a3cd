import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import { type Actor, EVENT_STORE, fingerprintOf, metaOf, type SubmitBatch } from '@openpro/platform';
import { CaseQueries } from '@openpro/storage';
import { BATCH_PRIORITY, countOf, MAX_SCENARIOS, recipeOf, type Scenarios } from './batch.js';
import type { QueuedJob } from './job.js';
import { ForBatch } from './jobs.commands.js';
import { Quotas } from './quotas.queries.js';
import { Submitting } from './submitting.js';

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** From a request to a SubmitBatch command: what all its jobs have in common is asked for as a single job is. */
@Injectable()
export class SubmittingBatches {
  constructor(
    private readonly submitting: Submitting,
    private readonly cases: CaseQueries,
    private readonly quotas: Quotas,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** A request that was submitted before under this id gives the same command without new work. */
  async command(actor: Actor, input: SubmitBatch, commandId: string): Promise<ForBatch | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const fingerprint = fingerprintOf(actor.id, input);
    const before = await this.store.readStream(`batch-${commandId}`);
    if (before.length > 0)
      return new ForBatch(commandId, { type: 'SubmitBatch', ...recipeOf(before) }, meta, fingerprint);
    const wrong = wrongIn(input);
    if (wrong) return wrong;
    const full = await this.quotas.refusal(actor, countIn(input));
    if (full) return full;
    const job = await this.submitting.request(actor, input.job, BATCH_PRIORITY, variedIn(input));
    if (isRefusal(job)) return job;
    const scenarios = await this.scenarios(actor, input, job.app.name);
    if (isRefusal(scenarios)) return scenarios;
    return new ForBatch(commandId, { type: 'SubmitBatch', job, scenarios }, meta, fingerprint);
  }

  /** The job of a batch once more, by the right that its owner has now; an administrator decides for others. */
  async again(actor: Actor, job: QueuedJob): Promise<QueuedJob | Refusal> {
    if (job.owner !== actor.id) return job;
    const terms = await this.submitting.ownTerms(actor, job);
    return isRefusal(terms) ? terms : { ...job, ...terms };
  }

  private async scenarios(actor: Actor, input: SubmitBatch, app: string): Promise<Scenarios | Refusal> {
    if (input.grid) return { grid: input.grid.map(({ argument, values }) => ({ argument, values })) };
    if (input.list) return { list: (input.list as object[]).map((args) => ({ args })) };
    const ids = input.cases ?? [];
    const known = await this.cases.byId(actor, ids);
    const list: { input: string }[] = [];
    for (const id of ids) {
      const row = known.get(id);
      if (!row) return refuse('NoSuchCase', `There is no case ${id.slice(0, 100)}`, { field: 'cases' });
      if (row.app !== app)
        return refuse('OtherApp', `Case ${id} belongs to ${row.app}, the jobs to ${app}`, { field: 'cases' });
      list.push({ input: row.digest });
    }
    return { list };
  }
}

/** How many scenarios are asked for, as far as that can be told before they are looked at. */
const countIn = ({ grid, list, cases }: SubmitBatch): number =>
  Math.min(grid ? countOf({ grid }) : (list?.length ?? cases?.length ?? 0), MAX_SCENARIOS);

/** The arguments that are different in each scenario. */
const variedIn = ({ grid, list }: SubmitBatch): readonly string[] =>
  grid?.map(({ argument }) => argument) ?? [...new Set(list?.flatMap((args) => Object.keys(args as object)))];

/** What would cost work, or fit no list of scenarios; the rest is the decider's. */
const wrongIn = ({ job, grid, list, cases }: SubmitBatch): Refusal | undefined => {
  const given = [grid, list, cases].filter((each) => each !== null && each !== undefined);
  if (given.length !== 1)
    return refuse('BadInput', 'Name a grid, a list of arguments or a list of cases', {
      field: 'grid',
      limit: 'exactly one of grid, list and cases',
    });
  const count = list?.length ?? cases?.length ?? 0;
  if (count > MAX_SCENARIOS)
    return refuse('BadInput', `These are ${count} scenarios`, {
      field: list ? 'list' : 'cases',
      limit: `1 to ${MAX_SCENARIOS} scenarios`,
    });
  if (cases && job.case)
    return refuse('BadInput', 'The cases are the data of the scenarios: name no case for all of them', {
      field: 'job.case',
      limit: 'cases or job.case',
    });
  if (job.after?.length)
    return refuse('BadInput', 'The jobs of a batch wait for no others', {
      field: 'job.after',
      limit: 'no dependencies',
    });
  return list?.every(isObject) === false
    ? refuse('BadInput', 'Each entry of the list must be an object: argument names and their values', {
        field: 'list',
        limit: 'a list of objects',
      })
    : undefined;
};
