import { AggregateCommand, commandHandler } from '@openpro/eventstore';
import { job, type JobCommand } from './job.js';

export class ForJob extends AggregateCommand<JobCommand> {}

export const jobHandlers = [commandHandler(ForJob, job)];
