import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  checkApp,
  EnginePool,
  openDataSession,
  runAttempt,
  textCase,
  type Attempt,
  type AttemptOptions,
  type CaseData,
  type DataSession,
  type ExitReason,
  type Incumbent,
  type InstalledApp,
  type InstalledEngine,
  type Progress,
} from '@openpro/engine';
import { Dataset, describeInterface } from '@openpro/engine/sdk';

const root = path.resolve(import.meta.dirname, '../../..');
const instances = path.resolve(root, '../shared/data/lp');
const user = { id: 'u', name: 'U', roles: [], language: 'en', timeZone: 'UTC' };
let folder: string;
let engine: InstalledEngine;
let pool: EnginePool;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'openpro-model-ts-'));
  const out = path.join(folder, 'engine');
  execFileSync(process.execPath, ['engines/model-ts/build.mjs', out], { cwd: root, env: {} });
  const manifest = JSON.parse(
    readFileSync(path.join(out, 'engine.json'), 'utf8'),
  ) as InstalledEngine['manifest'];
  engine = { name: manifest.name, version: manifest.version, digest: 'd', folder: out, manifest };
  pool = new EnginePool({ folder: path.join(folder, 'run'), warm: 0, memoryMiB: 512 });
});
afterAll(async () => {
  await pool.close();
  rmSync(folder, { recursive: true, force: true });
});

let apps = 0;
/** An app whose model is this source; `defineApp` only gives types. */
const newApp = (model: string): InstalledApp => {
  const at = path.join(folder, `app-${++apps}`);
  mkdirSync(at);
  writeFileSync(path.join(at, 'app.json'), JSON.stringify({ entry: { model: 'main.mjs' } }));
  writeFileSync(path.join(at, 'main.mjs'), model);
  return { name: 'app', version: '1.0.0', digest: `app-${apps}`, folder: at };
};

const knapsack = `export default {
  interface: {
    sets: { Items: {} },
    identifiers: {
      Profit: { kind: 'input', type: 'f64', domain: ['Items'], min: 0 },
      Weight: { kind: 'input', type: 'f64', domain: ['Items'] },
      Capacity: { kind: 'input', type: 'f64', default: 10 },
      Take: { kind: 'output', type: 'bool', domain: ['Items'] },
      Total: { kind: 'derived', type: 'f64' },
    },
    procedures: { pack: { where: 'optimization' }, double: { where: 'data' }, broken: { where: 'data' }, loop: { where: 'data' } },
  },
  initial(data) {
    data.sets.Items.replace(['map', 'stove', 'tent', 'wine']);
    data.Profit.from({ map: 3, stove: 6, tent: 9, wine: 4 });
    data.Weight.from({ map: 1, stove: 4, tent: 7, wine: 3 });
  },
  derived: {
    Total(data) {
      let total = 0;
      data.Take.each((take, item) => (total += data.Profit.get(item)));
      return total;
    },
  },
  procedures: {
    double(data, { times }) {
      data.Capacity.value *= times;
      return { capacity: data.Capacity.value };
    },
    broken(data) {
      data.Capacity.value = 1;
      data.Profit.set([99], 1);
    },
    loop() {
      for (;;);
    },
  },
  async solve(data, ctx) {
    const mip = ctx.mip({ sense: 'maximize' });
    const take = mip.variables('take', data.sets.Items.size, { domain: 'binary', cost: data.Profit.dense() });
    const row = mip.row(-Infinity, data.Capacity.value);
    data.Weight.each((weight, item) => row.add(take.at(item), weight));
    await mip.solve();
  },
  project: (solution, data) => data.Take.assign(solution.of('take')),
};`;

/** An app without data whose \`solve\` has this body. */
const solving = (body: string, rest = ''): InstalledApp =>
  newApp(`export default {
  interface: {
    sets: { Names: {} },
    identifiers: {
      File: { kind: 'input', type: 'utf8' },
      Value: { kind: 'output', type: 'f64' },
      Values: { kind: 'output', type: 'f64', domain: ['Names'] },
    },
    procedures: { go: { where: 'optimization' } },
  },
  async solve(data, ctx) {
    ${body}
  },
  ${rest}
};`);

interface Watched extends Attempt {
  readonly log: () => string;
  readonly points: readonly Progress[];
  readonly incumbents: readonly Incumbent[];
  readonly improved: Promise<void>;
  readonly solving: Promise<void>;
}

const start = (app: InstalledApp, options: Partial<AttemptOptions> = {}): Watched => {
  let log = '';
  const points: Progress[] = [];
  const incumbents: Incumbent[] = [];
  let improved: () => void = () => undefined;
  let isSolving: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (improved = resolve));
  const begun = new Promise<void>((resolve) => (isSolving = resolve));
  const attempt = runAttempt(pool, {
    engine,
    app,
    job: 'job',
    attempt: 1,
    user,
    procedure: 'go',
    args: {},
    input: null,
    timeLimit: null,
    gap: null,
    seed: 1,
    limits: { memoryMiB: 1024, interruptGraceS: 20, logBytes: 1_000_000 },
    onStarted: () => undefined,
    onProgress: (point) => {
      points.push(point);
      if (point.phase === 'solve') isSolving();
    },
    onIncumbent: (info) => {
      incumbents.push(info);
      improved();
    },
    onLog: (text) => (log += text),
    ...options,
  });
  return { ...attempt, log: () => log, points, incumbents, improved: first, solving: begun };
};

const spec = describeInterface({
  sets: { Names: {} },
  identifiers: {
    File: { kind: 'input', type: 'utf8' },
    Value: { kind: 'output', type: 'f64' },
    Values: { kind: 'output', type: 'f64', domain: ['Names'] },
  },
});
const read = (output: CaseData | null): Dataset => {
  const dataset = new Dataset(spec);
  dataset.load(output!);
  return dataset;
};

describe('a data session', () => {
  const open = async (
    app: InstalledApp,
    limits: { procedureS?: number } = {},
  ): Promise<{
    session: DataSession;
    changed: string[][];
    ended: Promise<ExitReason>;
    log: () => string;
  }> => {
    const changed: string[][] = [];
    let log = '';
    let exit: (reason: ExitReason) => void = () => undefined;
    const ended = new Promise<ExitReason>((resolve) => (exit = resolve));
    const session = await openDataSession(pool, {
      engine,
      app,
      sessionId: 's',
      user,
      limits: { memoryMiB: 1024, ...limits },
      onChanged: (all) => changed.push(all.map(({ identifier }) => identifier)),
      onLog: (text) => (log += text),
      onExit: exit,
    });
    return { session, changed, ended, log: () => log };
  };

  it('shows an app, takes changes, computes what follows, and keeps cases', async () => {
    const { session, changed, ended } = await open(newApp(knapsack));
    const { sets, procedures } = await session.describe();
    expect(sets).toEqual([{ name: 'Items', label: 'Items', count: 4 }]);
    expect(procedures[0]).toMatchObject({
      name: 'pack',
      inputs: ['Profit', 'Weight', 'Capacity'],
      outputs: ['Take'],
    });
    expect(await session.elements('Items')).toEqual(['map', 'stove', 'tent', 'wine']);
    const before = await session.save();

    const { version } = await session.window('Profit', { offset: 0, limit: 10 });
    const edited = await session.set(
      'Profit',
      [
        { tuple: ['tent'], value: 11 },
        { tuple: ['boat'], value: 1 },
        { tuple: ['map'], value: 'much' },
      ],
      version,
    );
    expect(edited).toEqual({
      version: version + 1,
      rejected: [
        { tuple: ['boat'], reason: 'Profit: the set Items has no element "boat"' },
        { tuple: ['map'], reason: 'Profit must be a number from 0; it is "much"' },
      ],
    });
    await expect(session.set('Profit', [], version)).rejects.toMatchObject({ code: 'VersionConflict' });
    expect(await session.window('Profit', { offset: 2, limit: 1 })).toMatchObject({
      columns: ['Items', 'Profit'],
      rows: [['tent', 11]],
      total: 4,
      version: version + 1,
    });
    expect((await session.window('Total', { offset: 0, limit: 1 })).rows).toEqual([[0]]);
    await session.load((await packed()).output!);
    expect((await session.window('Total', { offset: 0, limit: 1 })).rows).toEqual([[15]]);
    expect(changed).toEqual([['Profit'], ['Take', 'Total']]);

    await session.load(before);
    expect(await session.save()).toEqual(before);
    expect(await session.run('double', { times: 3 })).toEqual({
      value: { capacity: 30 },
      changed: ['Capacity'],
    });
    await session.close();
    expect(await ended).toMatchObject({ code: 'Closed' });
  });

  const packed = async () =>
    (await start(newApp(knapsack), { procedure: 'pack' }).result) as { output: CaseData | null };

  it('refuses what is wrong, names it, and goes on', async () => {
    const { session, log } = await open(
      newApp(knapsack.replace('initial(data) {', 'initial(data) { console.log("hello");')),
    );
    await expect(session.window('Nope', { offset: 0, limit: 1 })).rejects.toThrow(
      'The app has no identifier Nope',
    );
    await expect(session.window('Profit', { offset: 0, limit: 1e6 })).rejects.toThrow('at most 10000 rows');
    await expect(session.set('Total', [])).rejects.toMatchObject({ code: 'ReadOnly' });
    await expect(session.run('nope', {})).rejects.toThrow('The app has no procedure nope');
    await expect(session.run('pack', {})).rejects.toThrow('pack runs in an optimization session');
    await expect(session.run('broken', {})).rejects.toMatchObject({
      code: 'ModelError',
      message: 'Profit: 99 is no position in Items, which has 4 elements',
      where: 'main.mjs:32:19',
    });
    await expect(session.load(textCase('Capacity', 'ten'))).rejects.toThrow(
      'Capacity holds values of the type f64; the data has utf8',
    );
    expect((await session.describe()).identifiers).toHaveLength(5);
    expect(log()).toContain('hello');
    await session.close();
  });

  it('ends when the app loops, with the reason', async () => {
    const { session, ended } = await open(newApp(knapsack), { procedureS: 0.2 });
    await expect(session.run('loop', {})).rejects.toMatchObject({ code: 'TimeOut' });
    expect(await ended).toEqual({
      code: 'TimeOut',
      message: 'The app was ended: procedure.run had no answer within 0.2 s',
    });
  });

  it('tells when its process is killed', async () => {
    const { session, ended } = await open(newApp(knapsack));
    process.kill(session.pid, 'SIGKILL');
    expect(await ended).toMatchObject({ code: 'Crashed' });
    await expect(session.describe()).rejects.toMatchObject({ code: 'Crashed' });
  });

  it('does not open an app that does not load', async () => {
    await expect(open(newApp('export default 1;'))).rejects.toThrow(/defineApp/);
  });
});

describe('checking an app', () => {
  it('gives its interface and default case', async () => {
    const checked = await checkApp(pool, engine, newApp(knapsack).folder);
    expect(checked).toMatchObject({ interface: { sets: [{ name: 'Items', count: 4 }] } });
    const { defaultCase } = checked as { defaultCase: CaseData };
    expect([...defaultCase.identifiers.keys()]).toEqual(['Profit', 'Weight', 'Capacity', 'Take']);
  });

  const at = (from: string, to: string): string => knapsack.replace(from, to);
  it.each([
    [
      'a syntax error',
      at('derived: {', 'derived: {{'),
      { message: /SyntaxError/, file: 'main.mjs', line: 18 },
    ],
    ['a missing import', `import './nope.mjs';\n${knapsack}`, { message: /nope\.mjs/ }],
    [
      'a missing export',
      `import { nope } from 'node:path';\n${knapsack}`,
      { message: /nope/, file: 'main.mjs', line: 1 },
    ],
    [
      'an error at load',
      at('export default', 'const x = undefined.y;\nexport default'),
      { message: /TypeError/, file: 'main.mjs', line: 1 },
    ],
    [
      'an error in initial',
      at('{ map: 3', '{ boat: 3'),
      { message: /Items has no element "boat"/, file: 'main.mjs', line: 15 },
    ],
    [
      'an error in a derived identifier',
      at('let total = 0', 'let total = nope'),
      { message: /nope is not defined/, file: 'main.mjs', line: 20 },
    ],
    [
      'a wrong interface',
      at("type: 'bool'", "type: 'boolean'"),
      { message: /identifiers\[3\]\.type is "boolean"/ },
    ],
    [
      'a derived identifier without function',
      at('    Total(data) {', '    Sum(data) {'),
      { message: /derived\.Total must be a function/ },
    ],
    [
      'a procedure without function',
      at('loop() {', 'lop() {'),
      { message: /procedures\.loop must be a function/ },
    ],
    ['no solve', at('async solve', 'async slove'), { message: /solve must be a function/ }],
    [
      'an endless end',
      at('initial(data) {', 'initial(data) { process.exit(7);'),
      { message: /ended with the code 7/ },
    ],
  ])('tells the place of %s', async (_, model, { message, ...place }) => {
    const checked = await checkApp(pool, engine, newApp(model).folder);
    expect(checked).toEqual({
      errors: [expect.objectContaining({ message: expect.stringMatching(message), ...place })],
    });
  });

  it('tells of a folder without an app', async () => {
    expect(await checkApp(pool, engine, folder)).toEqual({
      errors: [{ message: expect.stringMatching(/app\.json cannot be read/) }],
    });
  });
});

describe('a job', () => {
  it('is solved, with progress, log and outputs', async () => {
    const run = start(newApp(knapsack), { procedure: 'pack' });
    expect(await run.result).toMatchObject({
      is: 'ended',
      outcome: 'completed',
      forced: false,
      solverStatus: 'Optimal',
      objective: 13,
      bound: 13,
      gap: 0,
      statistics: { rows: 1, columns: 4, solves: 1 },
    });
    expect(run.points.at(-1)).toMatchObject({ phase: 'post', objective: 13, bound: 13 });
    expect(run.log()).toContain('Solving report');
  });

  it.each([
    ['infeasible', 'const x = m.variables("x", 1, { upper: 1 }); m.row(2, 3).add(x.at(0), 1);', 'infeasible'],
    [
      'unbounded',
      'const x = m.variables("x", 2, { cost: -1 }); m.row(0, 0).add(x.at(0), 1).add(x.at(1), -1);',
      'unbounded',
    ],
  ])('that is %s ends as such, without outputs', async (_, model, outcome) => {
    const result = await start(solving(`const m = ctx.mip(); ${model} await m.solve();`)).result;
    expect(result).toMatchObject({ is: 'ended', outcome, objective: null, output: null });
  });

  it('adds up terms of one column, takes bounds, offsets and whole numbers, and minimizes or maximizes', async () => {
    const app = solving(
      `const m = ctx.mip({ sense: 'maximize', offset: 100 });
       const x = m.variables('x', 2, { lower: [0, 1], upper: 10, cost: [1, 2], domain: 'integer' });
       m.row(-Infinity, 7).add(x.at(0), 1).add(x.at(1), 2).add(x.at(0), 1);
       const { objective } = await m.solve();
       data.Value.value = objective;`,
      `project(solution, data) {
         data.sets.Names.replace(solution.columns);
         data.Values.assign(solution.values);
       },`,
    );
    const result = await start(app).result;
    expect(result).toMatchObject({ objective: 106 });
    const output = read((result as { output: CaseData }).output);
    expect(output.window('Values', { offset: 0, limit: 9 }).rows).toEqual([['x[1]', 3]]);
    expect(output.table('Value').value).toBe(106);
  });

  it.each([
    [
      'throws',
      'throw new RangeError("too small");',
      { code: 'ModelError', message: 'RangeError: too small', where: 'main.mjs:12:11' },
    ],
    [
      'throws later',
      'setTimeout(() => { throw new Error("late"); }); await new Promise(() => {});',
      { code: 'ModelError', message: 'late' },
    ],
    [
      'names unknown variables',
      'const m = ctx.mip(); m.variables("x", 1); (await m.solve()).of("y");',
      {
        code: 'ModelError',
        message: 'The solution has no variables y',
        where: expect.stringMatching(/^main\.mjs:12:/),
      },
    ],
    [
      'gives bad numbers',
      'const m = ctx.mip(); m.variables("x", 1, { cost: NaN }); await m.solve();',
      {
        code: 'BadModelData',
        message: expect.stringMatching(/The solver refuses the model/),
        where: expect.any(String),
      },
    ],
    [
      'gives a broken file',
      'await ctx.solveFile("NAME\\nROWS\\n garbage", "mps");',
      {
        code: 'BadModelData',
        message: expect.stringMatching(/no model in the MPS format/),
        where: expect.any(String),
      },
    ],
    [
      'eats JavaScript memory',
      'const all = []; for (;;) all.push({ a: all.length, b: String(all.length) });',
      { code: 'MemoryLimit', message: expect.stringMatching(/512 MiB/) },
    ],
    [
      'eats memory',
      'const all = []; for (;;) all.push(new Uint8Array(2 ** 23).fill(1));',
      { code: 'MemoryLimit', message: 'The process needed more than its 1024 MiB of memory' },
    ],
  ])('whose model %s fails and says where', async (_, body, error) => {
    expect(await start(solving(body)).result).toEqual({ is: 'failed', error });
  });

  it('fails when its procedure or input is not of the app', async () => {
    const app = solving('');
    expect(await start(app, { procedure: 'nope' }).result).toMatchObject({
      error: { code: 'UnknownProcedure' },
    });
    expect(await start(app, { input: textCase('Value', 'x') }).result).toMatchObject({
      error: { code: 'BadData', message: 'Value holds values of the type f64; the data has utf8' },
    });
  });

  it('survives a gigabyte of output, which is cut', async () => {
    const app = solving(
      'const line = "x".repeat(1023); for (let i = 0; i < 2 ** 20; i++) console.log(line);',
    );
    const run = start(app);
    expect(await run.result).toMatchObject({ is: 'ended' });
    expect(run.log().length).toBeLessThan(1_100_000);
    expect(run.log()).toContain('left out: more than');
  });

  it('whose model loops is ended by force', async () => {
    const run = start(solving('ctx.progress({ phase: "solve" }); for (;;);'), {
      limits: { memoryMiB: 1024, interruptGraceS: 0.2, logBytes: 1000 },
    });
    await run.solving;
    run.interrupt();
    expect(await run.result).toMatchObject({
      is: 'ended',
      outcome: 'interrupted',
      forced: true,
      output: null,
    });
  });

  it('with an algorithm of its own keeps its incumbents', async () => {
    const app = solving(`for (let i = 1; !ctx.signal.aborted; i++) {
      data.Value.value = i;
      ctx.incumbent({ objective: i });
      ctx.progress({ phase: 'solve', text: 'step ' + i });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }`);
    const run = start(app);
    await run.improved;
    run.interrupt();
    const result = await run.result;
    expect(result).toMatchObject({ is: 'ended', outcome: 'interrupted', forced: false });
    expect(read((result as { output: CaseData }).output).table('Value').value).toBeGreaterThan(0);
  });
});

describe('a hard job', () => {
  /** A knapsack with many limits: good solutions come at once, the proof takes very long. */
  const hardApp = (): InstalledApp =>
    solving(
      `let state = 7;
     const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
     const count = 200;
     const mip = ctx.mip({ sense: 'maximize' });
     const names = Array.from({ length: count }, (_, i) => 'x' + i);
     data.sets.Names.replace(names);
     const cost = names.map(() => 50 + Math.floor(50 * random()));
     const start = ctx.warmStart ? data.Values.dense() : undefined;
     const x = mip.variables('x', count, { domain: 'binary', cost, start });
     for (let i = 0; i < 20; i++) {
       const row = mip.row(-Infinity, count * 18);
       for (let j = 0; j < count; j++) row.add(x.at(j), 50 + Math.floor(50 * random()));
     }
     await mip.solve();`,
      `project(solution, data) {
       data.Value.value = solution.objective;
       data.Values.assign(solution.of('x'));
     },`,
    );
  const valueOf = (result: unknown): unknown =>
    read((result as { output: CaseData }).output).table('Value').value;

  it('is interrupted with its best solution', async () => {
    const run = start(hardApp());
    await run.improved;
    run.interrupt();
    const result = await run.result;
    expect(result).toMatchObject({
      is: 'ended',
      outcome: 'interrupted',
      forced: false,
      solverStatus: 'Interrupted',
    });
    const { objective, bound, gap } = result as { objective: number; bound: number; gap: number };
    expect(objective).toBeGreaterThan(0);
    expect(bound).toBeGreaterThanOrEqual(objective);
    expect(gap).toBeCloseTo((bound - objective) / objective, 6);
    expect(valueOf(result)).toBeCloseTo(objective, 6);
  });

  it('is ended by force with its last incumbent', async () => {
    const run = start(hardApp(), { limits: { memoryMiB: 1024, interruptGraceS: 0, logBytes: 1000 } });
    await run.improved;
    run.interrupt();
    const result = await run.result;
    expect(result).toMatchObject({ is: 'ended', outcome: 'interrupted', forced: true });
    expect((result as { objective: number }).objective).toBe(run.incumbents.at(-1)!.objective);
    expect(valueOf(result)).toBe(run.incumbents.at(-1)!.objective);
  });

  it('ends at its time limit with its best solution', async () => {
    const result = await start(hardApp(), { timeLimit: 1 }).result;
    expect(result).toMatchObject({ is: 'ended', outcome: 'timeLimit', forced: false });
    expect(valueOf(result)).toBeGreaterThan(0);
  });

  it('ends at its gap', async () => {
    const result = await start(hardApp(), { gap: 0.5 }).result;
    expect(result).toMatchObject({ is: 'ended', outcome: 'completed', solverStatus: 'Optimal' });
    expect((result as { gap: number }).gap).toBeLessThanOrEqual(0.5);
  });

  it('starts from the solution of an earlier attempt', async () => {
    const first = (await start(hardApp(), { timeLimit: 1 }).result) as {
      output: CaseData;
      objective: number;
    };
    const second = start(hardApp(), { attempt: 2, warmStart: first.output, gap: 0.5 });
    const result = await second.result;
    expect(second.log()).toMatch(/MIP start solution is feasible, objective value is/);
    expect((result as { objective: number }).objective).toBeGreaterThanOrEqual(first.objective);
  });

  it('crashes when its process is killed, and runs again', async () => {
    let pid = 0;
    const run = start(hardApp(), { onStarted: (started) => (pid = started) });
    await run.improved;
    process.kill(pid, 'SIGKILL');
    expect(await run.result).toEqual({ is: 'crashed', message: 'The process was ended by SIGKILL' });
    expect(await start(hardApp(), { attempt: 2, gap: 0.5 }).result).toMatchObject({ is: 'ended' });
  });
});

const known = existsSync(instances);
if (!known) console.warn(`Known instances are not solved in this run: ${instances} is absent`);

(known ? describe : describe.skip)('a known instance', () => {
  it.each([
    ['flugpl', 1201500],
    ['25fv47', 5501.8458883],
    ['gesa2', 25779856.37],
  ])('%s has its known value', async (name, value) => {
    const app = solving("await ctx.solveFile(data.File.value, 'mps');");
    const input = textCase('File', readFileSync(path.join(instances, `${name}.mps`), 'utf8'));
    const result = await start(app, { input, gap: 0 }).result;
    expect(result).toMatchObject({ is: 'ended', outcome: 'completed', solverStatus: 'Optimal' });
    expect((result as { objective: number }).objective / value).toBeCloseTo(1, 8);
  });
});
