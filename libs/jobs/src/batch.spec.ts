import { describe, expect, it } from '@jest/globals';
import { project, recorder, specFor } from '@openpro/kernel/testing';
import fc from 'fast-check';
import {
  type Axis,
  batch,
  type BatchCommand,
  type BatchEvent,
  countOf,
  jobIdOf,
  jobOf,
  MAX_SCENARIOS,
  MAX_SCENARIOS_BYTES,
  type Recipe,
  recipeOf,
  scenarioAt,
  STEP,
} from './batch.js';
import { batchList, type BatchRow } from './batch-list.projection.js';
import type { JobEvent } from './job.js';
import { aRequest } from './request.fixture.js';

const given = specFor(batch.decider);
const NAME = 'b0b0b0b0-0000-4000-8000-000000000001';

const grid: readonly Axis[] = [
  { argument: 'x', values: [1, 2, 3] },
  { argument: 'y', values: ['a', 'b'] },
];
const recipe: Recipe = { job: { ...aRequest, args: { x: 0, z: true } }, scenarios: { grid } };
const listOf = (count: number): Recipe => ({
  job: aRequest,
  scenarios: { list: Array.from({ length: count }, (_, n) => ({ args: { n } })) },
});
const submit = (of: Recipe): BatchCommand => ({ type: 'SubmitBatch', ...of });
const submitted = (of: Recipe = recipe): BatchEvent => ({ type: 'BatchSubmitted', ...of });
const advanced = (step: number, work = 0): BatchEvent => ({ type: 'BatchAdvanced', work, step });
const retried = (only: readonly number[], work = 1): BatchEvent => ({
  type: 'BatchRetried',
  work,
  only,
  replaced: { failed: only.length },
  ...recipe,
});
const cancelled: BatchEvent = {
  type: 'BatchCancelled',
  work: 1,
  reason: 'wrong',
  count: 6,
  reached: 0,
  rounds: [],
};
const retry = (...failed: readonly (readonly [scenario: number, round: number])[]): BatchCommand => ({
  type: 'RetryBatch',
  failed: failed.map(([scenario, round]) => ({ scenario, round, state: 'failed' })),
  ...recipe,
});

describe('the scenarios of a grid', () => {
  it('are all combinations, the last argument changing fastest', () => {
    expect(Array.from({ length: countOf({ grid }) }, (_, n) => scenarioAt({ grid }, n).args)).toEqual(
      [1, 2, 3].flatMap((x) => ['a', 'b'].map((y) => ({ x, y }))),
    );
  });

  it('are each combination exactly once, whatever the grid', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }), (sizes) => {
        const scenarios = {
          grid: sizes.map((size, axis) => ({
            argument: `a${axis}`,
            values: Array.from({ length: size }, (_, n) => n),
          })),
        };
        const count = countOf(scenarios);
        const all = Array.from({ length: count }, (_, n) => JSON.stringify(scenarioAt(scenarios, n)));
        expect(count).toBe(sizes.reduce((product, size) => product * size, 1));
        expect(new Set(all).size).toBe(count);
      }),
    ));

  it('have jobs that take all else from what they have in common', () => {
    const job = jobOf(NAME, recipe, 3, 2);
    expect(job).toEqual({ ...aRequest, args: { x: 2, y: 'b', z: true }, batch: NAME, scenario: 3, round: 2 });
    expect(jobIdOf(NAME, 3, 2)).not.toBe(jobIdOf(NAME, 3, 1));
    expect(jobOf(NAME, { job: aRequest, scenarios: { list: [{ input: 'd' }] } }, 0, 0).input).toBe('d');
  });
});

describe('a batch', () => {
  it('is submitted once', () => {
    given().when(submit(recipe)).then(submitted());
    given(submitted()).when(submit(recipe)).thenRefused('BatchExists');
  });

  const inputs: readonly (readonly [string, Recipe, string])[] = [
    ['no argument', { ...recipe, scenarios: { grid: [] } }, 'grid'],
    [
      'an argument without values',
      { ...recipe, scenarios: { grid: [{ argument: 'x', values: [] }] } },
      'grid',
    ],
    ['an argument twice', { ...recipe, scenarios: { grid: [grid[0]!, grid[0]!] } }, 'grid'],
    [
      'a nameless argument',
      { ...recipe, scenarios: { grid: [{ argument: '', values: [1] }] } },
      'grid.argument',
    ],
    [
      'an argument that is none',
      { ...recipe, scenarios: { grid: [{ argument: '__proto__', values: [1] }] } },
      'grid.argument',
    ],
    ['no scenario', listOf(0), 'scenarios'],
    ['too many', listOf(MAX_SCENARIOS + 1), 'scenarios'],
    [
      'too many combinations',
      {
        ...recipe,
        scenarios: {
          grid: 'abcde'.split('').map((argument) => ({ argument, values: [1, 2, 3, 4, 5, 6, 7] })),
        },
      },
      'scenarios',
    ],
    [
      'too many bytes',
      { ...recipe, scenarios: { list: [{ args: { text: 'x'.repeat(MAX_SCENARIOS_BYTES) } }] } },
      'scenarios',
    ],
    [
      'a job with too large arguments',
      {
        ...recipe,
        scenarios: { grid: ['a', 'b'].map((argument) => ({ argument, values: ['x'.repeat(40_000)] })) },
      },
      'scenarios',
    ],
    [
      'jobs that have too large arguments together',
      { ...listOf(MAX_SCENARIOS), job: { ...aRequest, args: { text: 'x'.repeat(10_000) } } },
      'scenarios',
    ],
    [
      'a number that is none',
      { ...recipe, scenarios: { grid: [{ argument: 'x', values: [Number.NaN] }] } },
      'scenarios',
    ],
    ['a case that is none', { ...recipe, scenarios: { list: [{ input: 'x' }] } }, 'cases'],
    ['a priority that passes others', { ...recipe, job: { ...aRequest, priority: 1 } }, 'priority'],
  ];
  it.each(inputs)('is refused with %s', (_what, wrong, field) =>
    given().when(submit(wrong)).thenRefused('BadInput', { field }),
  );

  it('of one that is not there is none', () =>
    given().when({ type: 'CancelBatch', reason: '' }).thenRefused('NoSuchBatch'));

  it('advances by the steps of the work that is done', () => {
    const advance = (work: number): BatchCommand => ({ type: 'AdvanceBatch', work, step: 0 });
    given(submitted()).when(advance(0)).then(advanced(0));
    given(submitted()).when(advance(1)).then();
    given(submitted(), advanced(0)).when(advance(0)).then();
    given(submitted(), cancelled).when(advance(0)).then();
    given(submitted(), cancelled).when(advance(1)).then(advanced(0, 1));
  });

  it('is retried when all its jobs are made, and only what has failed', () => {
    given(submitted())
      .when(retry([1, 0]))
      .thenRefused('StillCreating');
    given(submitted(), advanced(0))
      .when(retry([4, 0], [1, 0], [4, 0]))
      .then(retried([1, 4]));
    given(submitted(), advanced(0)).when(retry()).thenRefused('NothingFailed');
  });

  it('is not retried again for what has been retried meanwhile', () => {
    const before = [submitted(), advanced(0), retried([1, 4]), advanced(0, 1)] as const;
    given(...before)
      .when(retry([1, 0]))
      .thenRefused('NothingFailed');
    given(...before)
      .when(retry([1, 1], [4, 0], [2, 0]))
      .then(retried([1, 2], 2));
  });

  it('is cancelled once, with the jobs that stand for its scenarios by then', () => {
    const cancel: BatchCommand = { type: 'CancelBatch', reason: 'wrong' };
    given(submitted()).when(cancel).then(cancelled);
    given(submitted(), advanced(0), retried([4]))
      .when(cancel)
      .then({ ...cancelled, work: 2, reached: 1, rounds: [[4, 1]] });
    given(submitted(), cancelled).when(cancel).thenRefused('BatchIsCancelled');
    given(submitted(), cancelled)
      .when(retry([1, 0]))
      .thenRefused('BatchIsCancelled');
    given(submitted())
      .when({ ...cancel, reason: 'x'.repeat(501) })
      .thenRefused('BadInput', { field: 'reason' });
  });

  it('is created when every step is', () => {
    const steps = Math.ceil(120 / STEP);
    const states = Array.from({ length: steps }, (_, step) => advanced(step)).map(
      (_event, n, all) =>
        [submitted(listOf(120)), ...all.slice(0, n + 1)].reduce(batch.decider.evolve, { is: 'new' }).is,
    );
    expect(states).toEqual(['creating', 'creating', 'created']);
  });
});

describe('batch_list', () => {
  const of = { environment: 'ROOT', owner: 'ada', app: 'supply-network', version: '1.0.0', title: 'solve' };
  const at = { attempt: 1, node: 'n', nodeEpoch: 1 };
  const queued = (scenario: number, round = 0): JobEvent => ({
    type: 'JobQueued',
    ...jobOf(NAME, recipe, scenario, round),
  });
  const failed: JobEvent = {
    type: 'JobFailed',
    ...at,
    of: { ...of, batch: NAME },
    error: { code: 'x', message: 'x' },
  };
  const rowAfter = (...log: readonly (readonly [string, BatchEvent | JobEvent])[]): BatchRow | undefined => {
    const record = recorder();
    return project<BatchRow>(
      batchList,
      log.map(([stream, event]) => record(stream, event)),
    ).get(NAME);
  };
  const before = [
    [`batch-${NAME}`, submitted()],
    ['job-1', queued(0)],
    ['job-2', queued(1)],
    ['job-9', { type: 'JobQueued', ...aRequest }],
    ['job-1', failed],
    ['job-9', { ...failed, of }],
  ] as const;

  it('counts the jobs of a batch, and those that have ended', () =>
    expect(rowAfter(...before)).toMatchObject({
      count: 6,
      created: 2,
      ended: { failed: 1 },
      axes: [
        { argument: 'x', size: 3 },
        { argument: 'y', size: 2 },
      ],
    }));

  it('counts a job no more that another one has replaced', () =>
    expect(rowAfter(...before, [`batch-${NAME}`, retried([0])], ['job-3', queued(0, 1)])).toMatchObject({
      created: 2,
      ended: { failed: 0 },
      retries: 1,
    }));

  it('counts under the name, the groups and the priority that its owner had when some were tried again', () => {
    const now = { ownerName: 'Ada', groups: ['user', 'night'], priority: 30 };
    const again = { ...retried([0]), job: { ...recipe.job, ...now } } as BatchEvent;
    expect(rowAfter(...before, [`batch-${NAME}`, again])).toMatchObject({
      owner_name: 'Ada',
      groups: ['user', 'night'],
      priority: 30,
      submitted_at: rowAfter(...before)?.submitted_at,
    });
  });

  it('counts for the groups of its former jobs, too, until they have ended', () => {
    const inGroups = (...groups: string[]) => ({ ...recipe, job: { ...recipe.job, groups } });
    const again = [`batch-${NAME}`, { ...retried([0]), ...inGroups('night') } as BatchEvent] as const;
    const first = [
      [`batch-${NAME}`, { ...submitted(), ...inGroups('day') }],
      ['job-1', failed],
    ] as const;
    expect(rowAfter(...first, again)?.groups).toEqual(['day', 'night']);
    const others = Array.from({ length: 5 }, () => ['job-2', failed] as const);
    expect(rowAfter(...first, ...others, again)?.groups).toEqual(['night']);
  });

  it('knows whose jobs they are, and is over when all have ended, until some are tried again', () => {
    expect(rowAfter(...before)).toMatchObject({ owner_name: 'ada', groups: [], over: false });
    const all = [...before, ...Array.from({ length: 5 }, () => ['job-2', failed] as const)];
    expect(rowAfter(...all)).toMatchObject({ ended: { failed: 6 }, over: true });
    expect(rowAfter(...all, [`batch-${NAME}`, retried([0])])).toMatchObject({ over: false });
  });

  it('says who has cancelled it, and why', () =>
    expect(rowAfter(...before, [`batch-${NAME}`, cancelled])).toMatchObject({
      over: true,
      cancelled_by: 'ada',
      cancel_reason: 'wrong',
    }));
});

it('knows what was asked for from its stream', () => {
  expect(recipeOf([{ event: submitted() }])).toStrictEqual(recipe);
  expect(() => recipeOf([])).toThrow('not the stream of a batch');
});
