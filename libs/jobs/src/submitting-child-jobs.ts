import { Injectable } from '@nestjs/common';
import { type ChildOrder, EngineError } from '@openpro/engine';
import { isRefusal, isRole } from '@openpro/kernel';
import { type Actor, Commands, patiently } from '@openpro/platform';
import { childIdOf, childOf } from './child-jobs.js';
import type { QueuedJob } from './job.js';
import { ForJob } from './jobs.commands.js';
import { Quotas, unlessBehind } from './quotas.queries.js';

/** Submits what a running job asks for, as its owner would. */
@Injectable()
export class SubmittingChildJobs {
  constructor(
    private readonly commands: Commands,
    private readonly quotas: Quotas,
  ) {}

  /** @throws EngineError with the refusal's code, for the model that asked */
  async submit(parent: string, request: QueuedJob, child: number, order: ChildOrder): Promise<string> {
    const job = childOf(parent, request, child, order);
    if (isRefusal(job)) throw new EngineError(job.refused, job.message);
    const id = childIdOf(parent, child);
    const { owner, ownerName = owner, environment, groups = [] } = request;
    const roles = groups.filter(isRole);
    const actor: Actor = {
      id: owner,
      name: ownerName,
      environment,
      roles,
      groups: groups.filter((group) => !isRole(group)),
      tokenHash: null,
      expiresAt: 0,
    };
    const meta = { commandId: id, actor: owner, roles, correlation: parent };
    const command = new ForJob(id, { ...job, type: 'SubmitJob' }, meta);
    const outcome = await patiently(async () => {
      const submitted = await this.quotas.within(actor, command, 1, async () => {
        const done = await this.commands.execute(command);
        return done.is === 'refused' ? done.refusal : { id };
      });
      if (isRefusal(submitted)) unlessBehind(`job-${parent}`, submitted);
      return submitted;
    });
    if (!isRefusal(outcome)) return id;
    throw outcome.refused === 'CommandIdReused'
      ? new EngineError(
          'OtherChild',
          `An earlier attempt has submitted another job as its ${child}. one: submit the same ones in the same order`,
        )
      : new EngineError(outcome.refused, outcome.message);
  }
}
