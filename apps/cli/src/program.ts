import { Command } from 'commander';
import { addAuth } from './commands/auth.js';
import { addBatch } from './commands/batch.js';
import { addCatalogue } from './commands/catalogue.js';
import { addCase, addEvents } from './commands/data.js';
import { addJob } from './commands/job.js';
import { addPolicy } from './commands/policy.js';
import { addSchedule } from './commands/schedule.js';
import { addLicence } from './commands/licence.js';
import { addAttempts, addClone } from './commands/job-again.js';
import { addChoices, addShow } from './commands/job-show.js';
import { addServer } from './commands/server.js';
import { addSession } from './commands/session.js';
import { addSolve } from './commands/solve.js';
import { addStorage } from './commands/storage.js';
import { addStatistics } from './commands/statistics.js';
import { addUser } from './commands/user.js';
import { EXIT_CODES_HELP } from './failure.js';

/** All commands. */
export const openpro = (): Command => {
  const program = new Command('openpro')
    .description(
      'OpenPRO on the command line: publish engines and apps, submit and watch jobs, read results.',
    )
    .addHelpText('after', EXIT_CODES_HELP)
    .showHelpAfterError('(--help shows how)')
    .exitOverride();
  addAuth(program);
  addSolve(program);
  const job = addJob(program);
  addChoices(job);
  addShow(job);
  addClone(job);
  addAttempts(job);
  addBatch(program);
  addSchedule(program);
  addStatistics(program);
  addStorage(program, addCase(program));
  addCatalogue(program);
  addEvents(program);
  addLicence(program);
  addPolicy(program);
  addSession(program);
  addServer(program);
  addUser(program);
  return program;
};
