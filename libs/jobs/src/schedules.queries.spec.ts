import { expect, it } from '@jest/globals';
import { project, recorder } from '@openpro/kernel/testing';
import type { Actor } from '@openpro/platform';
import { aRequest } from './request.fixture.js';
import type { ScheduleEvent } from './schedule.js';
import { scheduleList } from './schedule-list.projection.js';
import { ScheduleQueries } from './schedules.queries.js';

const made: ScheduleEvent = {
  ...{ type: 'ScheduleMade', name: 'x', when: { cron: '* * * * *', zone: 'UTC' }, overlap: 'skip' },
  ...{ missed: 'skip', atMost: 1, job: aRequest, made: 0, next: 60_000 },
};

it('what comes next of all schedules of a page holds up nobody else meanwhile', async () => {
  const record = recorder();
  const log = ['a', 'b', 'c'].map((id) => record(`schedule-${id}`, made));
  const rows = [...project(scheduleList, log).values()];
  const none = {} as never;
  const db = { query: () => Promise.resolve(rows) } as never;
  const schedules = new ScheduleQueries(db, none, none, none, none);
  const ada = { id: 'ada', environment: 'ROOT', roles: ['user'] } as unknown as Actor;
  const { nodes } = await schedules.page(ada, { first: 50, after: null });
  let others = 0;
  let over = false;
  const other = (): void => {
    others++;
    if (!over) setImmediate(other);
  };
  setImmediate(other);
  const next = nodes.map((node) => (node.next as (args: object) => Promise<readonly object[]>)({ count: 2 }));
  const found = await Promise.all(next.map((times) => times.then(({ length }) => [length, others])));
  over = true;
  expect(found.map(([length]) => length)).toEqual([2, 2, 2]);
  expect(new Set(found.map(([, at]) => at)).size).toBe(3);
});
