import {
  Button,
  Group,
  JsonInput,
  Modal,
  NumberInput,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';
import { reader } from '../api.js';
import { errorText } from '../answers.js';
import { parseVary, scenariosOf } from '../batch/vary.js';
import { command } from '../commands.js';
import { count } from '../format.js';
import {
  CloneJobDocument,
  JobGivenDocument,
  type JobGivenQuery,
  SubmitBatchDocument,
} from '../generated/graphql.js';
import { say } from '../notices.js';
import { navigate } from '../router.js';
import { pathTo } from '../routes.js';
import { Icon } from '../ui/icons.js';
import { NO_TERMS, type Terms, termsInput } from './terms.js';
import { AfterField, QueueFields } from './terms-fields.js';
import type { JobDetails } from './use-job.js';

type Given = NonNullable<JobGivenQuery['job']>;

const OWN = 100;
const MAX_SEED = 2 ** 31 - 1;

const orNull = (value: string | number): number | null => (typeof value === 'number' ? value : null);

const objectOf = (text: string): object | null => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
};

/** A new job as this one, with what the person changes. */
export const CloneButton = ({ job }: { job: JobDetails }) => {
  const [given, setGiven] = useState<Given | null>(null);
  const [busy, setBusy] = useState(false);
  const open = async () => {
    setBusy(true);
    const { data, error } = await reader.query(JobGivenDocument, { id: job.id }).toPromise();
    setBusy(false);
    if (error) say({ kind: 'problem', title: 'This could not be read', text: errorText(error) });
    setGiven(data?.job ?? null);
  };
  return (
    <>
      <Button
        variant="default"
        size="xs"
        loading={busy}
        leftSection={<Icon name="copy" size={15} />}
        onClick={() => void open()}
      >
        Clone…
      </Button>
      {given && <CloneDialog job={job} given={given} onClose={() => setGiven(null)} />}
    </>
  );
};

const CloneDialog = ({ job, given, onClose }: { job: JobDetails; given: Given; onClose: () => void }) => {
  const [args, setArgs] = useState(JSON.stringify(given.args, null, 2));
  const [description, setDescription] = useState(job.description);
  const [timeLimit, setTimeLimit] = useState<string | number>(job.timeLimit ?? '');
  const [gap, setGap] = useState<string | number>(given.gapLimit === null ? '' : given.gapLimit * 100);
  const [seed, setSeed] = useState<string | number>(given.seed ?? '');
  const former = Math.max(OWN, job.priority);
  const [terms, setTerms] = useState<Terms>({ ...NO_TERMS, priority: former, profile: job.profile });
  const setTerm = (changes: Partial<Terms>) => setTerms((now) => ({ ...now, ...changes }));
  const [busy, setBusy] = useState(false);
  const [varied, setVaried] = useState('');
  const changed = objectOf(args);
  const grid = parseVary(varied);
  const scenarios = typeof grid === 'string' ? 0 : scenariosOf(grid);
  const submitBatch = async (common: object) => {
    if (typeof grid === 'string') return;
    setBusy(true);
    const asked = {
      app: job.app.name,
      version: job.app.version,
      case: job.input?.id ?? null,
      procedure: job.procedure,
      args: common,
      description,
      timeLimit: orNull(timeLimit),
      gap: typeof gap === 'number' ? gap / 100 : null,
      seed: orNull(seed),
      // As a batch has it where nobody has chosen another one.
      ...termsInput({ ...terms, priority: terms.priority === former ? '' : terms.priority, after: [] }),
    };
    const made = await command(SubmitBatchDocument, {
      input: { job: asked, grid: grid.map(({ argument, values }) => ({ argument, values: [...values] })) },
    });
    setBusy(false);
    if (made) navigate(pathTo('batch', { id: made.id }));
  };
  const submit = async () => {
    if (!changed || typeof grid === 'string') return;
    if (scenarios > 0) return submitBatch(changed);
    setBusy(true);
    const made = await command(CloneJobDocument, {
      id: job.id,
      changes: {
        args: changed,
        description,
        timeLimit: orNull(timeLimit),
        gap: typeof gap === 'number' ? gap / 100 : null,
        seed: orNull(seed),
        ...termsInput(terms),
        profile: terms.profile,
      },
    });
    setBusy(false);
    if (made) navigate(pathTo('job', { id: made.id }));
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>Clone with changes</Text>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            The same app, engine, procedure and data. What you change is named on the new job, which is yours.
          </Text>
          <JsonInput
            label="Arguments"
            description="An object: names and values"
            value={args}
            onChange={setArgs}
            error={!changed && 'This is not a JSON object'}
            autosize
            minRows={2}
            maxRows={12}
            formatOnBlur
            data-autofocus
          />
          <Textarea
            label="Vary"
            description="For a batch, a job for every combination: one argument a line, price=1,2.5,4 or seed=1..20"
            placeholder="Nothing: one job"
            value={varied}
            onChange={({ currentTarget }) => setVaried(currentTarget.value)}
            error={typeof grid === 'string' && grid}
            autosize
            maxRows={5}
          />
          <TextInput
            label="Description"
            maxLength={500}
            value={description}
            onChange={({ currentTarget }) => setDescription(currentTarget.value)}
          />
          <SimpleGrid cols={2} spacing="sm">
            <NumberInput
              label="Time limit, seconds"
              placeholder="none"
              min={0}
              value={timeLimit}
              onChange={setTimeLimit}
            />
            <NumberInput
              label="Stop at a gap of, %"
              placeholder="the solver's own"
              min={0}
              max={100}
              value={gap}
              onChange={setGap}
            />
            <NumberInput
              label="Seed"
              placeholder="none"
              min={0}
              max={MAX_SEED}
              allowDecimal={false}
              value={seed}
              onChange={setSeed}
            />
          </SimpleGrid>
          <QueueFields app={job.app.name} version={job.app.version} terms={terms} set={setTerm} />
          {scenarios === 0 && <AfterField size="sm" terms={terms} set={setTerm} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={!changed || typeof grid === 'string'}>
              {scenarios > 0 ? `Submit ${count(scenarios, 'job')} as a batch` : 'Submit the job'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};
