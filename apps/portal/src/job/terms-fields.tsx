import { MultiSelect, NumberInput, SegmentedControl, Select } from '@mantine/core';
import { useLive } from '../api.js';
import { type DependencyEnd, JobChoicesDocument, OpenJobsDocument } from '../generated/graphql.js';
import { useMe } from '../me.js';
import { STATES } from '../ui/bits.js';
import { profileText, type Terms } from './terms.js';

const WORST = 10_000;
/** A list inside a popover must not close it. */
const HERE = { withinPortal: false };

/** Priority and worker profile, as far as the policy of the queue leaves them to who asks. */
export const QueueFields = ({
  app,
  version,
  terms: { priority, profile },
  set,
  size = 'sm',
}: {
  app: string;
  version: string | null;
  terms: Pick<Terms, 'priority' | 'profile'>;
  set: (changes: Partial<Pick<Terms, 'priority' | 'profile'>>) => void;
  size?: 'xs' | 'sm';
}) => {
  const [{ data }] = useLive(JobChoicesDocument, { app, version });
  const choices = data?.jobChoices;
  return (
    <>
      <NumberInput
        size={size}
        label="Priority"
        description="Lower runs first; yours may only be worse than usual"
        min={choices?.priority ?? 1}
        max={WORST}
        allowDecimal={false}
        placeholder={choices ? String(choices.priority) : ''}
        value={priority}
        onChange={(value) => set({ priority: typeof value === 'number' ? value : '' })}
      />
      {choices && choices.profiles.length > 0 && (
        <Select
          size={size}
          label="Worker profile"
          description="How much memory and how many cores it gets, and where it runs"
          placeholder={choices.profile ?? 'None: as any job'}
          clearable
          comboboxProps={HERE}
          data={choices.profiles.map((each) => ({ value: each.name, label: profileText(each) }))}
          value={profile}
          onChange={(chosen) => set({ profile: chosen })}
        />
      )}
    </>
  );
};

const ENDS: { value: DependencyEnd; label: string }[] = [
  { value: 'SUCCESS', label: 'have succeeded' },
  { value: 'ANY', label: 'have ended' },
];

/** Which of one's own jobs must have ended first. */
export const AfterField = ({
  terms: { after, on },
  set,
  size = 'xs',
}: {
  terms: Pick<Terms, 'after' | 'on'>;
  set: (changes: Partial<Pick<Terms, 'after' | 'on'>>) => void;
  size?: 'xs' | 'sm';
}) => {
  const [{ data }] = useLive(OpenJobsDocument, { owner: useMe().id });
  const jobs = data?.jobs.nodes ?? [];
  // What has been chosen may have ended meanwhile: it can still be waited for.
  const gone = after.filter((id) => !jobs.some((job) => job.id === id));
  return (
    <>
      <MultiSelect
        size={size}
        label="After"
        description="It waits for these of your jobs that wait or run"
        placeholder={after.length > 0 ? '' : jobs.length > 0 ? 'None: as soon as it can' : 'You have none'}
        searchable
        clearable
        maxValues={50}
        comboboxProps={HERE}
        data={[
          ...jobs.map(({ id, description, procedure, app, state }) => ({
            value: id,
            label: `${description || `${app.title}: ${procedure}`} (${STATES[state].label.toLowerCase()})`,
          })),
          ...gone.map((id) => ({ value: id, label: 'One that has ended' })),
        ]}
        value={[...after]}
        onChange={(chosen) => set({ after: chosen })}
      />
      {after.length > 0 && (
        <SegmentedControl
          size={size}
          fullWidth
          aria-label="It starts when they"
          data={ENDS}
          value={on}
          onChange={(value) => set({ on: value as DependencyEnd })}
        />
      )}
    </>
  );
};
