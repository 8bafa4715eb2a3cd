import { AggregateCommand, commandHandler } from '@openpro/eventstore';
import { licence, type LicenceCommand } from './licence.js';

export class ForLicence extends AggregateCommand<LicenceCommand> {}

export const licensingHandlers = [commandHandler(ForLicence, licence)];
