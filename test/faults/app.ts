import { randomUUID } from 'node:crypto';
import { packEngine } from '@openpro/engine';
import { isRefusal } from '@openpro/kernel';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Author } from '../e2e/apps.js';
import { Api } from '../e2e/platform.js';

/** The name of the app that all jobs and sessions of a run use. */
export const APP = 'faults';
/** The same app, whose sessions and attempts need a seat. */
export const LICENSED_APP = 'faults-licensed';
/** A worker profile that few jobs run under at once. */
export const PROFILE = 'narrow';
const LICENCE = 'solver';

/** What `solve` is told. */
export interface JobArgs {
  /** The job's own id. */
  readonly job: string;
  /** So long it works, besides what it does. */
  readonly ms: number;
  readonly does: 'nothing' | 'solve' | 'memory' | 'exhaust';
  /** Its result: so that no two jobs have the same. */
  readonly number: number;
}

/*
 * In its process's own folder it writes down what it works on: so the harness finds the processes of an attempt, whose
 * command lines tell nothing, because a process serves many.
 */
const MODEL = `import { spawn } from 'node:child_process';
import { openSync, rmSync, writeFileSync } from 'node:fs';

const SMALL = 'Max\\n 5 x + 4 y + 3 z\\nSt\\n 2 x + 3 y + z <= 5\\n 4 x + y + 2 z <= 11\\nGenerals\\n x y z\\nEnd';

const exhaust = () => {
  for (let n = 0; n < 10; n += 1) spawn('sleep', ['20'], { stdio: 'ignore' });
  for (let n = 0; n < 20_000; n += 1) openSync('/dev/null', 'r');
  throw new Error('There are descriptors without end');
};

export default {
  interface: {
    sets: { Items: {} },
    identifiers: { In: { kind: 'input', type: 'f64', default: 1 }, Out: { kind: 'output', type: 'f64' } },
    procedures: { solve: { where: 'optimization' }, sum: { where: 'data' } },
  },
  initial() {
    writeFileSync('opened', '');
  },
  async solve(data, ctx) {
    const { job, ms, does, number } = ctx.args;
    writeFileSync('working', JSON.stringify({ job, since: Date.now() }));
    try {
      if (does === 'solve') await ctx.solveFile(SMALL, 'lp');
      if (does === 'exhaust') exhaust();
      if (does === 'memory') for (const kept = []; ; ) {
        kept.push(Buffer.alloc(32 * 1024 * 1024, 1));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const until = performance.now() + ms;
      for (let left = ms; left > 0 && !ctx.signal.aborted; left = until - performance.now())
        await new Promise((resolve) => setTimeout(resolve, Math.min(left, 50)));
      data.Out.value = number;
    } finally {
      rmSync('working', { force: true });
    }
  },
  procedures: { sum: (data) => data.In.value },
};
`;

/** As an author would: a key, the engine, the app. */
export const publishApp = async (url: string, token: string): Promise<void> => {
  const author = await Author.of(new Api(url, token));
  const answers = [await author.trust()];
  const file = path.join(process.cwd(), 'dist/engines/model-ts');
  const engine = await packed(file, author);
  answers.push(await author.publish('ENGINE', engine));
  answers.push(await author.publish('APP', await author.packApp({ name: APP, model: MODEL })));
  for (const answer of answers) if ('message' in answer) throw new Error(JSON.stringify(answer));
};

/** A policy that is always at its limits, a licence with few seats, the app that needs it. */
export const setUpPolicies = async (url: string, token: string, slots: number): Promise<void> => {
  const api = new Api(url, token);
  const author = await Author.of(api);
  const policy = {
    rules: [{ app: LICENSED_APP, priority: 100 }],
    limits: [{ per: 'user', pattern: '*', running: Math.max(2, slots - 2) }],
    profiles: [{ name: PROFILE, capacity: 2 }],
    fair: true,
    quotas: [{ per: 'user', pattern: '*', jobs: 100_000 }],
  };
  const seats = { name: LICENCE, title: 'A solver', dataSeats: 2, optimizationSeats: 2, holdS: 600 };
  const answers = [
    await author.trust(),
    await api.change(
      'setQueuePolicy',
      '$policy: JSON!, $reason: String!, $basedOn: Int!',
      {
        ...{ policy, reason: 'a fault run', basedOn: 0 },
      },
      '',
    ),
    await api.change(
      'defineLicence',
      '$name: ID!, $title: String, $dataSeats: Int, $optimizationSeats: Int, $holdS: Int, $reason: String',
      { ...seats, reason: 'a fault run' },
      '',
    ),
    await author.publish('APP', await author.packApp({ name: LICENSED_APP, model: MODEL, licence: LICENCE })),
  ];
  for (const answer of answers) if ('message' in answer) throw new Error(JSON.stringify(answer));
};

const packed = async (folder: string, author: Author): Promise<Buffer> => {
  const file = path.join(folder, '..', `.packed-${randomUUID()}`);
  const outcome = await packEngine(folder, file, author.keys.privateKey);
  if (isRefusal(outcome)) throw new Error(outcome.message);
  return readFile(file);
};
