import { Alert, Anchor, Button, Skeleton, useComputedColorScheme } from '@mantine/core';
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { useSubscription } from 'urql';
import { reader, useLive } from '../api.js';
import { argumentsAt, endedIn, failedIn } from '../batch/cells.js';
import { Results } from '../batch/results.js';
import { StateGrid } from '../batch/state-grid.js';
import { StateBar } from '../batch/states.js';
import { command } from '../commands.js';
import { count, formatTime } from '../format.js';
import {
  BatchChangedDocument,
  BatchObjectivesDocument,
  BatchPageDocument,
  type BatchRowFragment,
  CancelBatchDocument,
  RetryBatchDocument,
} from '../generated/graphql.js';
import { Link } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Confirm, Loading, NotThere, Page, Problem, Section } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';

const ScenarioChart = lazy(() => import('../charts/scenario-chart.js'));

/** What is large is read again so often at most while jobs end one after the other. */
const READ_AGAIN_MS = 2500;

const Actions = ({ batch }: { batch: BatchRowFragment }) => {
  const [asking, setAsking] = useState<'cancel' | 'retry' | null>(null);
  const failed = failedIn(batch);
  const left = batch.scenarios - endedIn(batch);
  const close = () => setAsking(null);
  const canRetry = failed > 0 && batch.state !== 'CREATING' && batch.state !== 'CANCELLED';
  return (
    <>
      <Anchor component={Link} href={pathTo('batches')} size="sm">
        All batches
      </Anchor>
      <Button
        component="a"
        href={`/api/batches/${batch.id}/results.csv`}
        download={`batch-${batch.id}.csv`}
        size="xs"
        variant="default"
        leftSection={<Icon name="download" size={15} />}
      >
        Results as CSV
      </Button>
      {canRetry && (
        <Button
          size="xs"
          variant="default"
          leftSection={<Icon name="redo" size={15} />}
          onClick={() => setAsking('retry')}
        >
          Retry the failed ones
        </Button>
      )}
      {left > 0 && batch.state !== 'CANCELLED' && (
        <Button
          size="xs"
          variant="light"
          color="red"
          leftSection={<Icon name="close" size={14} />}
          onClick={() => setAsking('cancel')}
        >
          Cancel the batch
        </Button>
      )}
      {asking === 'retry' && (
        <Confirm
          title={`Retry ${count(failed, 'scenario')}?`}
          consequence="Each scenario that has failed gets a new job, with the same arguments and data. All others stay as they are, and the failed jobs stay in the list of jobs of this batch."
          yes="Run them again"
          onClose={close}
          onYes={() => command(RetryBatchDocument, { id: batch.id })}
        />
      )}
      {asking === 'cancel' && (
        <Confirm
          title="Cancel the batch?"
          consequence={`${count(left, 'scenario')} of ${batch.scenarios.toLocaleString('en')} have not ended: their jobs leave the queue or are stopped at once, nothing of them is kept, and no more are made. What has ended keeps its results. A cancelled batch cannot be retried.`}
          yes="Cancel the batch"
          danger
          onClose={close}
          onYes={() => command(CancelBatchDocument, { id: batch.id })}
        />
      )}
    </>
  );
};

/** The value, a new one at most every so often: the reason to read again what is large. */
const useThrottled = (value: string): string => {
  const [shown, setShown] = useState(value);
  const latest = useRef(value);
  const changed = value !== shown;
  useEffect(() => {
    latest.current = value;
  });
  useEffect(() => {
    if (!changed) return;
    const timer = setTimeout(() => setShown(latest.current), READ_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [changed, shown]);
  return shown;
};

export const BatchPage = ({ params: { id = '' } }: { params: Readonly<Record<string, string>> }) => {
  const [{ data, error }, again] = useLive(BatchPageDocument, { id });
  const [{ data: live }] = useSubscription({
    query: BatchChangedDocument,
    variables: { id },
    pause: !data?.batch,
  });
  const [objectives, setObjectives] = useState<readonly (number | null)[]>([]);
  const dark = useComputedColorScheme('light') === 'dark';
  const batch = live?.batchChanged ?? data?.batch;
  const axes = data?.batch?.axes ?? null;
  const poke = useThrottled(JSON.stringify([batch?.created, batch?.ended, batch?.retries]));
  useEffect(() => {
    void reader
      .query(BatchObjectivesDocument, { id })
      .toPromise()
      .then(({ data: read }) => read?.batch && setObjectives(read.batch.objectives));
  }, [id, poke]);
  const nameOf = useCallback(
    (index: number) =>
      [
        `Scenario ${index + 1}`,
        ...(axes ? argumentsAt(axes, index).map(([name, value]) => `${name} = ${value}`) : []),
      ].join(', '),
    [axes],
  );
  if (error && !data) return <Problem error={error} again={again} />;
  if (batch === undefined) return <Loading />;
  if (batch === null) return <NotThere what="batch" />;
  return (
    <Page
      title={batch.description || `${batch.app.title}: ${batch.procedure}`}
      help={
        <>
          {count(batch.scenarios, 'scenario')} of {batch.app.title} {batch.app.version} · {batch.procedure} ·{' '}
          {batch.owner.name} · submitted <Ago at={batch.submittedAt} /> · priority {batch.priority}
          {batch.retries > 0 && ` · retried ${count(batch.retries, 'time')}`} ·{' '}
          <Anchor component={Link} href={`${pathTo('jobs')}?batch=${batch.id}`} inherit>
            its jobs
          </Anchor>
        </>
      }
      actions={<Actions batch={batch} />}
    >
      {batch.cancelledAt !== null && (
        <Alert
          color="gray"
          icon={<Icon name="close" />}
          title={`Cancelled by ${batch.cancelledBy ?? 'nobody known'}`}
        >
          {formatTime(batch.cancelledAt, Date.now())}
          {batch.cancelReason && ` · ${batch.cancelReason}`}
        </Alert>
      )}
      <Section
        title={`${endedIn(batch).toLocaleString('en')} of ${batch.scenarios.toLocaleString('en')} ended`}
      >
        <StateBar cells={batch.cells} dark={dark} />
      </Section>
      <Section title="Scenarios">
        <StateGrid id={id} cells={batch.cells} axes={axes} objectives={objectives} />
      </Section>
      {objectives.some((each) => each !== null) && (
        <Section title="Objective">
          <Suspense fallback={<Skeleton height={240} />}>
            <ScenarioChart objectives={objectives} nameOf={nameOf} />
          </Suspense>
        </Section>
      )}
      <Section title="Results">
        <Results id={id} axes={axes} poke={poke} />
      </Section>
    </Page>
  );
};
