// `npm start`: brings a fresh clone to a running platform.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt, ensureInstalled, ensureNode, root } from './ensure.mjs';

ensureNode();
ensureInstalled();
ensureBuilt();
await import(pathToFileURL(path.join(root, 'dist/server/local.mjs')).href);
