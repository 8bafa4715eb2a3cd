import { AggregateCommand, commandHandler } from '@openpro/eventstore';
import { batch, type BatchCommand } from './batch.js';
import { job, type JobCommand } from './job.js';
import { queuePolicy, type QueuePolicyCommand } from './queue-policy.js';
import { tariff, type TariffCommand } from './tariff.js';

export class ForJob extends AggregateCommand<JobCommand> {}

export class ForBatch extends AggregateCommand<BatchCommand> {}

export class ForQueuePolicy extends AggregateCommand<QueuePolicyCommand> {}

export class ForTariff extends AggregateCommand<TariffCommand> {}

export const jobHandlers = [
  commandHandler(ForJob, job),
  commandHandler(ForBatch, batch),
  commandHandler(ForQueuePolicy, queuePolicy),
  commandHandler(ForTariff, tariff),
];
