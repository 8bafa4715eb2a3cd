import { CommanderError } from 'commander';
import { EXIT, Failure } from './failure.js';
import { clean } from './format.js';
import { openpro } from './program.js';

/** One line of JSON for scripts, a sentence with what to do for people. */
const report = (failure: Failure, json: boolean): void => {
  const { code, field, limit, hint } = failure.details;
  if (json) {
    const error = {
      code: code ?? 'Failed',
      message: failure.message,
      field: field ?? null,
      limit: limit ?? null,
    };
    process.stderr.write(`${JSON.stringify({ error: { ...error, exit: failure.exit } })}\n`);
    return;
  }
  const expected = limit && !failure.message.includes(limit) ? ` (expected: ${limit})` : '';
  process.stderr.write(clean(`${failure.message}${expected}\n${hint ? `${hint}\n` : ''}`));
};

const asFailure = (error: unknown): Failure => {
  if (error instanceof Failure) return error;
  const { message, stack, code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EACCES' || code === 'EROFS' || code === 'EISDIR' || code === 'ENOTDIR')
    return new Failure(EXIT.usage, message, { code });
  return new Failure(
    EXIT.bug,
    `Something unexpected happened: ${process.env['OPENPRO_DEBUG'] ? stack : message}`,
    {
      code: 'Unexpected',
      hint: 'OPENPRO_DEBUG=1 shows where.',
    },
  );
};

// A reader that has seen enough, as in `openpro job list | head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  await openpro().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its message or the help that was asked for.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    const failure = asFailure(error);
    report(failure, process.argv.includes('--json'));
    process.exitCode = failure.exit;
  }
}
