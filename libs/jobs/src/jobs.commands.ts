import { AggregateCommand, commandHandler } from '@openpro/eventstore';
import { batch, type BatchCommand } from './batch.js';
import { job, type JobCommand } from './job.js';

export class ForJob extends AggregateCommand<JobCommand> {}

export class ForBatch extends AggregateCommand<BatchCommand> {}

export const jobHandlers = [commandHandler(ForJob, job), commandHandler(ForBatch, batch)];
