import type { Command } from 'commander';
import { confirm } from '../confirm.js';
import { action } from '../context.js';
import { bytes, table, time } from '../format.js';
import {
  RemoveStoredDocument,
  StorageDocument,
  StorageRoomDocument,
  type StorageUseFragment as Use,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';
import { parseId } from '../values.js';

const useText = ({ used, quotas }: Use): string => {
  const of = quotas.map(
    ({ per, name, used: all, limit }) => `${per} ${name}: ${bytes(all)} of ${bytes(limit)}`,
  );
  return `You keep ${bytes(used)}${of.length > 0 ? ` (${of.join(', ')})` : '; no quota limits it'}.`;
};

const COUNTED = { case: 'cases', upload: 'uploads' } as const;

/** One way for both: what it would make room for is asked before the person is. */
const addRemove = (command: Command, what: 'case' | 'upload', description: string): void => {
  action(
    command.command('remove').description(description).argument(`<${what}...>`).option('--yes', 'do not ask'),
    async (context, texts: readonly string[], { yes }: { yes?: boolean }) => {
      const ids = texts.map((text) => parseId(text, what));
      const these = { cases: what === 'case' ? ids : [], uploads: what === 'upload' ? ids : [] };
      const api = await context.api();
      const { room } = (await api.query(StorageRoomDocument, these)).storage;
      const many = ids.length === 1 ? `this ${what}` : `these ${ids.length} ${COUNTED[what]}`;
      const makes = room > 0 ? `${bytes(room)} of room` : 'no room: the same is kept elsewhere, too';
      if (!yes)
        await confirm(`To remove ${many} is for ever, and makes ${makes}. Jobs stay, without their data.`);
      const now = await api.mutate(RemoveStoredDocument, these);
      context.screen.result(now, () => `Removed ${many}: ${makes}. ${useText(now)}`);
    },
  );
};

export const addStorage = (program: Command, cases: Command): void => {
  addRemove(
    cases,
    'case',
    'remove cases, or the input and result of jobs that have ended (JOB:result), to make room',
  );

  const storage = program.command('storage').description('what you keep, and how much you may');
  action(
    addLimit(
      storage.command('list').description('list what you keep, largest first, and what your quotas leave'),
    ),
    async (context, options: PageOptions) => {
      const api = await context.api();
      let use: Use | undefined;
      const kept = await allPages(options.limit, async (page) => {
        const { storage: found } = await api.query(StorageDocument, page);
        use ??= found;
        return found.kept;
      });
      context.screen.result({ used: use?.used, quotas: use?.quotas, kept }, () =>
        [
          use ? useText(use) : '',
          table(
            ['size', 'kind', 'name', 'app', 'created', 'id'],
            kept.map((one) => [bytes(one.bytes), one.kind, one.name, one.app, time(one.createdAt), one.id]),
          ),
        ].join('\n\n'),
      );
    },
  );

  const uploads = program.command('upload').description('files and packages that you have uploaded');
  addRemove(uploads, 'upload', 'remove uploads that were not published, to make room');
};
