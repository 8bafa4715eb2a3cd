import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { action } from '../context.js';
import { badInput } from '../failure.js';
import { table, time } from '../format.js';
import {
  QueuePolicyDocument,
  QueuePolicyHistoryDocument,
  SetQueuePolicyDocument,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';
import { parseJson } from '../values.js';

/** A file has the version that it is based on beside the parts of the policy, as `show` prints them. */
const readPolicy = async (file: string): Promise<{ version: number; policy: object }> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw badInput(
      'file',
      `${file} cannot be read (${error.code})`,
      'a JSON file, as openpro policy show prints it',
    );
  });
  const content = parseJson(text, 'file', '{"version": 0, "rules": []}');
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw badInput('file', `${file} has no policy in it`, 'an object, as openpro policy show prints it');
  const { version, ...policy } = content as { version?: unknown };
  if (typeof version !== 'number')
    throw badInput(
      'version',
      `${file} does not say on which version it is based`,
      'the version that openpro policy show prints',
    );
  return { version, policy };
};

export const addPolicy = (program: Command): void => {
  const policy = program
    .command('policy')
    .description('by what the queue decides: rules, limits, worker profiles, fairness, quotas');

  action(
    policy.command('show').description('print the policy as JSON, ready to be changed and set'),
    async (context) => {
      const { version, document, warnings } = (await (await context.api()).query(QueuePolicyDocument, {}))
        .queuePolicy;
      const shown = { version, ...(document as object) };
      context.screen.result(shown, () => JSON.stringify(shown, null, 2));
      for (const warning of warnings) context.screen.note(warning);
    },
  );

  action(
    policy
      .command('set')
      .description('set the policy of a file; it holds at once, and nothing that runs is ended')
      .argument('<file>')
      .requiredOption('--reason <text>', 'for the record'),
    async (context, file: string, { reason }: { reason: string }) => {
      const { version: basedOn, policy } = await readPolicy(file);
      const api = await context.api();
      const set = await api.mutate(SetQueuePolicyDocument, { policy, reason, basedOn });
      context.screen.result(set, () => {
        const waiting = set.use.rules.map((count, index) => `rule ${index + 1} fits ${count} waiting`);
        const under = (uses: typeof set.use.quotas, text: (name: string, count: number) => string) =>
          uses.flatMap((some, index) =>
            some.map(({ name, count }) => `quota ${index + 1}: ${text(name, count)}`),
          );
        return [
          `Version ${set.version} of the policy holds now.`,
          ...waiting,
          ...under(set.use.quotas, (name, count) => `${name} ${count} jobs`),
          ...under(set.use.storage, (name, count) => `${name} keeps ${count} MiB`),
        ].join('\n');
      });
      for (const warning of set.warnings) context.screen.note(warning);
    },
  );

  action(
    addLimit(policy.command('history').description('every version of the policy, newest first, and why')),
    async (context, { limit }: PageOptions) => {
      const api = await context.api();
      const versions = await allPages(
        limit,
        async (page) => (await api.query(QueuePolicyHistoryDocument, page)).queuePolicyHistory,
      );
      context.screen.result(versions, () =>
        table(
          ['version', 'set', 'by', 'reason'],
          versions.map(({ version, setAt, setBy, reason }) => [
            version,
            setAt === null ? '' : time(setAt),
            setBy?.name ?? '',
            reason,
          ]),
        ),
      );
    },
  );
};
