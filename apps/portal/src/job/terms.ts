import type { DependencyEnd, JobChoicesQuery } from '../generated/graphql.js';

/** What one may say of how a job waits and runs, beside what it computes. Pure. */
export interface Terms {
  readonly priority: number | '';
  readonly profile: string | null;
  /** Ids of the jobs that it waits for. */
  readonly after: readonly string[];
  readonly on: DependencyEnd;
}

export const NO_TERMS: Terms = { priority: '', profile: null, after: [], on: 'SUCCESS' };

/** As the API calls them; what nobody chose is not sent. */
export const termsInput = ({ priority, profile, after, on }: Terms) => ({
  ...(priority === '' ? {} : { priority }),
  ...(profile === null ? {} : { profile }),
  ...(after.length === 0 ? {} : { after: after.map((job) => ({ job, on })) }),
});

type Profile = NonNullable<JobChoicesQuery['jobChoices']>['profiles'][number];

/** `Gurobi: 16 GiB, 4 cores, on servers with gurobi, 4 at once`. */
export const profileText = ({ name, capacity, memoryMiB, cores, labels }: Profile): string => {
  const what = [
    ...(memoryMiB === null
      ? []
      : [memoryMiB % 1024 === 0 ? `${memoryMiB / 1024} GiB` : `${memoryMiB.toLocaleString('en')} MiB`]),
    ...(cores === null ? [] : [cores === 1 ? '1 core' : `${cores} cores`]),
    ...(labels.length === 0 ? [] : [`on servers with ${labels.join(', ')}`]),
    `${capacity.toLocaleString('en')} at once`,
  ];
  return `${name}: ${what.join(', ')}`;
};
