export { app, type AppCommand, type AppEvent, type EngineRef } from './app.js';
export { appList, type AppRow } from './app-list.projection.js';
export { appVersion, type AppVersionRow } from './app-version.projection.js';
export { engine, type EngineCommand, type EngineEvent } from './engine.js';
export { engineList, type EngineRow } from './engine-list.projection.js';
export { publisher, type PublisherCommand, type PublisherEvent } from './publisher.js';
export { publisherList, type PublisherRow } from './publisher-list.projection.js';
