import { AggregateCommand, commandHandler } from '@openpro/eventstore';
import { caseAggregate, type CaseCommand } from './case.js';
import { file, type FileCommand } from './file.js';

export class ForFile extends AggregateCommand<FileCommand> {}
export class ForCase extends AggregateCommand<CaseCommand> {}

export const storageHandlers = [commandHandler(ForFile, file), commandHandler(ForCase, caseAggregate)];
