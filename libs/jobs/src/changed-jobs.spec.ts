import { expect, it } from '@jest/globals';
import { ChangedJobs } from './changed-jobs.js';

/** A database whose answers come when the test says so. */
const given = () => {
  const asked: (readonly string[])[] = [];
  const answers: { resolve(): void; reject(error: Error): void }[] = [];
  const jobs = new ChangedJobs<string>((ids) => {
    asked.push(ids);
    return new Promise((resolve, reject) =>
      answers.push({ resolve: () => resolve(ids.map((id) => (id === 'gone' ? null : id))), reject }),
    );
  });
  const told: unknown[][] = [[], [], []];
  const stops = told.map((all) => jobs.follow((row) => all.push(row)));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { jobs, asked, answers, told, stops, settled };
};

it('reads what has changed once, however many follow, and what changes meanwhile together', async () => {
  const { jobs, asked, answers, told, settled } = given();
  jobs.changes(['a']);
  jobs.changes(['b', 'a', 'gone']);
  jobs.changes(['b']);
  expect(asked).toEqual([['a']]);
  answers[0]?.resolve();
  await settled();
  expect(asked).toEqual([['a'], ['b', 'a', 'gone']]);
  answers[1]?.resolve();
  await settled();
  expect(asked).toHaveLength(2);
  for (const rows of told) expect(rows).toEqual(['a', 'b', 'a']);
});

it('reads no more at once than a page', async () => {
  const { jobs, asked, answers, settled } = given();
  jobs.changes(Array.from({ length: 1200 }, (_, n) => `${n}`));
  for (let n = 0; n < 3; n++) {
    answers[n]?.resolve();
    await settled();
  }
  expect(asked.map(({ length }) => length)).toEqual([500, 500, 200]);
});

it('tells everybody that it cannot read, and goes on with the next change', async () => {
  const { jobs, answers, told, settled } = given();
  jobs.changes(['a']);
  const away = new Error('away');
  answers[0]?.reject(away);
  await settled();
  jobs.changes(['b']);
  answers[1]?.resolve();
  await settled();
  for (const rows of told) expect(rows).toEqual([away, 'b']);
});

it('goes on for the others where one cannot take a row, who is told why and nothing more', async () => {
  const { jobs, answers, told, settled } = given();
  const heard: unknown[] = [];
  const odd = new Error('odd');
  jobs.follow((row) => {
    heard.push(row);
    throw odd;
  });
  const late: unknown[] = [];
  jobs.follow((row) => late.push(row));
  jobs.changes(['a']);
  answers[0]?.resolve();
  await settled();
  jobs.changes(['b']);
  answers[1]?.resolve();
  await settled();
  expect(heard).toEqual(['a', odd]);
  for (const rows of [...told, late]) expect(rows).toEqual(['a', 'b']);
});

it('goes on after a read that could not even be asked for', async () => {
  const away = new Error('away');
  const rows = [away, 'b'];
  const jobs = new ChangedJobs<string>(() => {
    const row = rows.shift();
    if (row instanceof Error) throw row;
    return Promise.resolve([row ?? null]);
  });
  const told: unknown[] = [];
  jobs.follow((row) => told.push(row));
  for (const id of ['a', 'b']) {
    jobs.changes([id]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(told).toEqual([away, 'b']);
});

it('asks for nothing for nobody, and tells nobody who has left', async () => {
  const { jobs, asked, answers, told, stops, settled } = given();
  jobs.changes(['a']);
  stops[0]?.();
  answers[0]?.resolve();
  await settled();
  expect(told).toEqual([[], ['a'], ['a']]);
  for (const stop of stops) stop();
  jobs.changes(['b']);
  expect(asked).toHaveLength(1);
});
