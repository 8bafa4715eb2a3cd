import { Button, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import { formatGap, formatKpi } from '../format.js';
import {
  InterruptJobDocument,
  type JobRowFragment,
  type PointFieldsFragment,
  TerminateJobDocument,
} from '../generated/graphql.js';
import { Confirm } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { isOver } from './use-job.js';

/** Interrupt keeps the best solution, terminate keeps nothing: each says so before it acts. */
export const StopButtons = ({
  job,
  best,
}: {
  job: JobRowFragment;
  best: PointFieldsFragment | undefined;
}) => {
  const [asking, setAsking] = useState<'interrupt' | 'terminate' | null>(null);
  const [reason, setReason] = useState('');
  if (isOver(job.state)) return null;
  const found = best !== undefined && best.incumbents > 0 && best.objective !== null;
  const solution = found ? `objective ${formatKpi(best.objective)}, gap ${formatGap(best.gap)}` : '';
  const name = job.description || `${job.app.title}: ${job.procedure}`;
  const queued = job.state === 'QUEUED';
  const close = () => setAsking(null);
  const consequence = (text: string) => (
    <Stack gap="sm">
      {text}
      <TextInput
        label="Reason, for the record"
        placeholder="Optional"
        maxLength={500}
        value={reason}
        onChange={({ currentTarget }) => setReason(currentTarget.value)}
      />
    </Stack>
  );
  return (
    <>
      {!queued && (
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="pause" size={14} />}
          onClick={() => setAsking('interrupt')}
        >
          Interrupt
        </Button>
      )}
      <Button
        size="xs"
        variant="light"
        color="red"
        leftSection={<Icon name={queued ? 'close' : 'stop'} size={14} />}
        onClick={() => setAsking('terminate')}
      >
        {queued ? 'Cancel' : 'Terminate'}
      </Button>
      {asking === 'interrupt' && (
        <Confirm
          title={`Interrupt ${name}?`}
          consequence={consequence(
            found
              ? `The solver stops as soon as it can, and the best solution so far is kept as the result: ${solution}.`
              : 'The solver stops as soon as it can. No solution has been found yet, so the job will end without a result.',
          )}
          yes="Interrupt, keep the best"
          onClose={close}
          onYes={() => command(InterruptJobDocument, { id: job.id, reason: reason || null })}
        />
      )}
      {asking === 'terminate' && (
        <Confirm
          title={`${queued ? 'Cancel' : 'Terminate'} ${name}?`}
          consequence={consequence(
            queued
              ? 'The job leaves the queue and will not run. Its input stays as a case.'
              : found
                ? `The solver is stopped at once and nothing is kept: the solution so far (${solution}) is lost. Interrupt keeps it.`
                : 'The solver is stopped at once and nothing is kept. Its input stays as a case.',
          )}
          yes={queued ? 'Cancel the job' : 'Terminate, keep nothing'}
          danger
          onClose={close}
          onYes={() => command(TerminateJobDocument, { id: job.id, reason: reason || null })}
        />
      )}
    </>
  );
};
