import { createInterface } from 'node:readline/promises';
import { badInput, EXIT, Failure } from './failure.js';

/** Is there somebody to ask? */
export const atTerminal = (): boolean => Boolean(process.stdin.isTTY && process.stderr.isTTY);

/** Goes on only when a person says yes. */
export const confirm = async (question: string): Promise<void> => {
  if (!atTerminal()) throw badInput('yes', `${question} There is nobody to ask: say --yes.`, '--yes');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} Type yes to go on: `);
  terminal.close();
  if (answer.trim().toLowerCase() !== 'yes')
    throw new Failure(EXIT.refused, 'Nothing was done', { code: 'NotConfirmed' });
};
