import {
  Alert,
  Anchor,
  Button,
  Card,
  Collapse,
  Group,
  SegmentedControl,
  Skeleton,
  Stack,
  Text,
  Title,
  VisuallyHidden,
} from '@mantine/core';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { formatBytes, formatDuration, formatGap, formatKpi, MIB } from '../format.js';
import { Link } from '../router.js';
import { pathTo } from '../routes.js';
import { StatePill, useNow } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { Log } from './log.js';
import { PriorityButton } from './priority-button.js';
import { StopButtons } from './stop-buttons.js';
import { isOver, type JobDetails, useProgress } from './use-job.js';

const ProgressChart = lazy(() => import('../charts/progress-chart.js'));

const Figure = ({ label, children }: { label: string; children: ReactNode }) => (
  <div className="kpi">
    <dt>{label}</dt>
    <dd>{children}</dd>
  </div>
);

/** A job at a glance: where it stands, its figures, its chart and its log. */
export const ProgressCard = ({ job, onJobPage = false }: { job: JobDetails; onJobPage?: boolean }) => {
  const [chosen, setChosen] = useState<number | null>(null);
  const attempt = chosen ?? job.attempts.length;
  const { points, pokes, running } = useProgress(job, attempt);
  const [logShown, setLogShown] = useState(onJobPage);
  const now = useNow(500, !isOver(job.state));
  const last = points.at(-1);
  const best = points.findLast(({ objective }) => objective !== null);
  const over = isOver(job.state) && attempt === job.attempts.length;
  const [objective, bound, gap] = over
    ? [job.objective, job.bound, job.gap]
    : [
        best?.objective,
        points.findLast((point) => point.bound !== null)?.bound,
        points.findLast((point) => point.gap !== null)?.gap,
      ];
  const at = job.attempts.find(({ number }) => number === attempt);
  const elapsed = at ? ((at.endedAt ?? job.endedAt ?? now) - at.startedAt) / 1000 : null;
  const name = job.description || `${job.app.title}: ${job.procedure}`;
  return (
    <Card component="section" aria-label={`Job ${name}`}>
      <Group justify="space-between" gap="xs" mb="sm">
        <Group gap="xs">
          <StatePill state={job.state} />
          {!onJobPage && <Title order={2}>{name}</Title>}
          {running && last && (
            <Text size="sm" c="dimmed">
              {last.phase}
              {last.text ? `: ${last.text}` : ''}
            </Text>
          )}
          {over && job.solverStatus && (
            <Text size="sm" c="dimmed">
              {job.solverStatus}
            </Text>
          )}
        </Group>
        <Group gap="xs">
          <PriorityButton job={job} />
          <StopButtons job={job} best={best} />
          {!onJobPage && (
            <Anchor component={Link} size="sm" href={pathTo('job', { id: job.id })}>
              Job page
            </Anchor>
          )}
        </Group>
      </Group>
      <VisuallyHidden aria-live="polite">
        {`Job ${job.state.toLowerCase()}${running && last ? `, phase ${last.phase}, ${last.incumbents} solutions, gap ${formatGap(gap === null || gap === undefined ? null : Math.round(gap * 100) / 100)}` : ''}`}
      </VisuallyHidden>
      {job.waitingFor && (
        <Alert
          color="blue"
          mb="sm"
          icon={<Icon name="jobs" />}
          title={
            job.place === null ? 'Waiting' : `Waiting, at place ${job.place.toLocaleString()} of the line`
          }
        >
          {job.waitingFor}
        </Alert>
      )}
      {job.error && (
        <Alert color="red" mb="sm" icon={<Icon name="warning" />} title={job.error.code}>
          {job.error.message}
          {job.error.where && <Text className="mono">{job.error.where}</Text>}
        </Alert>
      )}
      {job.attempts.length > 1 && (
        <SegmentedControl
          size="xs"
          mb="sm"
          aria-label="Attempt"
          value={String(attempt)}
          onChange={(value) => setChosen(Number(value))}
          data={job.attempts.map(({ number, outcome }) => ({
            value: String(number),
            label: `Attempt ${number}${outcome ? `: ${outcome}` : ''}`,
          }))}
        />
      )}
      {attempt > 0 && (
        <Stack gap="sm">
          <dl className="kpis" style={{ margin: 0 }}>
            <Figure label="Objective">{formatKpi(objective)}</Figure>
            <Figure label="Bound">{formatKpi(bound)}</Figure>
            <Figure label="Gap">{formatGap(gap)}</Figure>
            <Figure label="Solutions found">{last ? last.incumbents : '–'}</Figure>
            <Figure label="Elapsed">{formatDuration(elapsed)}</Figure>
            {at?.use && <Figure label="CPU time">{formatDuration(at.use.cpuMs / 1000)}</Figure>}
            {at?.use && <Figure label="Peak memory">{formatBytes(at.use.peakMiB * MIB)}</Figure>}
          </dl>
          {points.some((point) => point.objective !== null || point.bound !== null) && (
            <Suspense fallback={<Skeleton height={240} />}>
              <ProgressChart points={points} />
            </Suspense>
          )}
          <div>
            <Button
              size="compact-xs"
              variant="subtle"
              aria-expanded={logShown}
              onClick={() => setLogShown(!logShown)}
              leftSection={<Icon name="down" size={14} />}
            >
              {logShown ? 'Hide the log' : 'Show the log'}
            </Button>
            <Collapse expanded={logShown}>
              {logShown && (
                <Log key={attempt} job={job.id} attempt={attempt} poke={`${pokes} ${job.state}`} />
              )}
            </Collapse>
          </div>
        </Stack>
      )}
    </Card>
  );
};
