import { Select, SimpleGrid, Skeleton, Stack } from '@mantine/core';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { formatBytes, formatDuration, formatGap, formatKpi, formatTime, MIB } from '../format.js';
import { Section, useNow } from '../ui/bits.js';
import { Log } from './log.js';
import { outcomeText } from './progress.js';
import { type JobDetails, useProgress } from './use-job.js';

const ProgressChart = lazy(() => import('../charts/progress-chart.js'));

const Fact = ({ label, children }: { label: string; children: ReactNode }) => (
  <div className="kpi">
    <dt>{label}</dt>
    <dd>{children}</dd>
  </div>
);

const OneAttempt = ({
  job,
  attempt,
  label,
  onChange,
}: {
  job: JobDetails;
  attempt: number;
  label: string;
  onChange: (attempt: number) => void;
}) => {
  const { points, pokes, running } = useProgress(job, attempt);
  const now = useNow(1000, running);
  const at = job.attempts.find(({ number }) => number === attempt);
  const last = points.at(-1);
  return (
    <Stack gap="sm" component="section" aria-label={`${label}: ${attempt}`}>
      <Select
        size="xs"
        aria-label={label}
        allowDeselect={false}
        value={String(attempt)}
        onChange={(value) => onChange(Number(value))}
        data={job.attempts.map(({ number, nodeName, startedAt }) => ({
          value: String(number),
          label: `Attempt ${number} on ${nodeName}, ${formatTime(startedAt, now)}`,
        }))}
      />
      <dl className="kpis" style={{ margin: 0 }}>
        <Fact label="Outcome">{outcomeText(at?.outcome ?? null)}</Fact>
        <Fact label="Ran for">{at && formatDuration(((at.endedAt ?? now) - at.startedAt) / 1000)}</Fact>
        <Fact label="Objective">
          {formatKpi(points.findLast(({ objective }) => objective !== null)?.objective)}
        </Fact>
        <Fact label="Gap">{formatGap(points.findLast(({ gap }) => gap !== null)?.gap)}</Fact>
        <Fact label="Solutions found">{last?.incumbents ?? '–'}</Fact>
        <Fact label="CPU time">{at?.use ? formatDuration(at.use.cpuMs / 1000) : '–'}</Fact>
        <Fact label="Peak memory">{at?.use ? formatBytes(at.use.peakMiB * MIB) : '–'}</Fact>
      </dl>
      {points.some(({ objective, bound }) => objective !== null || bound !== null) && (
        <Suspense fallback={<Skeleton height={200} />}>
          <ProgressChart points={points} height={200} />
        </Suspense>
      )}
      <Log key={attempt} job={job.id} attempt={attempt} poke={`${pokes} ${job.state}`} />
    </Stack>
  );
};

/** Two attempts of a job next to each other: what each one found, and what it wrote. */
export const CompareAttempts = ({ job }: { job: JobDetails }) => {
  const newest = job.attempts.length;
  const [left, setLeft] = useState<number | null>(null);
  const [right, setRight] = useState<number | null>(null);
  if (newest < 2) return null;
  return (
    <Section title="Attempts side by side">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <OneAttempt job={job} attempt={left ?? newest - 1} label="Left attempt" onChange={setLeft} />
        <OneAttempt job={job} attempt={right ?? newest} label="Right attempt" onChange={setRight} />
      </SimpleGrid>
    </Section>
  );
};
