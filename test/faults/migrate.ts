import { migrate } from '../../libs/platform/src/database.js';

/* Brings a database up to date with the migrations of the build that this was bundled into. */
await migrate(process.argv[2] ?? '');
