import { AggregateCommand, commandHandler } from '@openpro/eventstore';
import { environment, type EnvironmentCommand } from './environment.js';
import { user, type UserCommand } from './user.js';

export class ForUser extends AggregateCommand<UserCommand> {}
export class ForEnvironment extends AggregateCommand<EnvironmentCommand> {}

export const identityHandlers = [commandHandler(ForUser, user), commandHandler(ForEnvironment, environment)];
