import { AggregateCommand, commandHandler } from '@openpro/eventstore';
import { session, type SessionCommand } from './session.js';

export class ForSession extends AggregateCommand<SessionCommand> {}

export const sessionHandlers = [commandHandler(ForSession, session)];
