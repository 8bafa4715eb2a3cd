import { AggregateCommand, commandHandler } from '@openpro/eventstore';
import { app, type AppCommand } from './app.js';
import { engine, type EngineCommand } from './engine.js';
import { publisher, type PublisherCommand } from './publisher.js';

export class ForPublisher extends AggregateCommand<PublisherCommand> {}
export class ForEngine extends AggregateCommand<EngineCommand> {}
export class ForApp extends AggregateCommand<AppCommand> {}

export const catalogueHandlers = [
  commandHandler(ForPublisher, publisher),
  commandHandler(ForEngine, engine),
  commandHandler(ForApp, app),
];
