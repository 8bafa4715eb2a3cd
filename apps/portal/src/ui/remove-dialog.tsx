import { useLive } from '../api.js';
import { command } from '../commands.js';
import { count, formatBytes } from '../format.js';
import { RemoveStoredDocument, StorageRoomDocument } from '../generated/graphql.js';
import { say } from '../notices.js';
import { Confirm } from './bits.js';

/** Asks before cases and uploads are removed, with the room that it makes. */
export const RemoveDialog = ({
  cases,
  uploads,
  onGone,
  onClose,
}: {
  cases: readonly string[];
  uploads: readonly string[];
  onGone: () => void;
  onClose: () => void;
}) => {
  const these = { cases: [...cases], uploads: [...uploads] };
  const [{ data }] = useLive(StorageRoomDocument, these);
  const what = [
    ...(cases.length > 0 ? [count(cases.length, 'case')] : []),
    ...(uploads.length > 0 ? [count(uploads.length, 'upload')] : []),
  ].join(' and ');
  const room = data?.storage.room;
  return (
    <Confirm
      title={`Remove ${what}?`}
      consequence={
        <>
          {room === undefined
            ? 'Looking how much room it makes… '
            : room > 0
              ? `It makes ${formatBytes(room)} of room. `
              : 'It makes no room: the same is kept elsewhere, too. '}
          What is removed stands in no list any more and cannot be brought back. A job stays, with its figures
          and its log, and can be run again exactly, but its data cannot be looked at any more.
        </>
      }
      yes="Remove for ever"
      danger
      onClose={onClose}
      onYes={async () => {
        if (!(await command(RemoveStoredDocument, these))) return;
        say({ kind: 'done', title: `Removed ${what}` });
        onGone();
      }}
    />
  );
};
