import { EngineError } from '../wire/engine-error.js';
import type { ChildOrder, IdentifierVersion, Incumbent, Progress, RunResult } from '../wire/protocol.js';

/*
 * What an engine says is a claim: it runs the code of an app. Numbers must be numbers before they are stored.
 */

const PHASES = ['load', 'build', 'presolve', 'solve', 'post'] as const;
const OUTCOMES = ['completed', 'interrupted', 'timeLimit', 'infeasible', 'unbounded'] as const;
const MAX_TEXT = 1000;

const bad = (what: string): EngineError => new EngineError('BadMessage', `The engine sent ${what}`);
const finite = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MAX_TEXT) : '');

export const readProgress = (point: Progress): Progress => ({
  phase: PHASES.find((phase) => phase === point.phase) ?? 'solve',
  elapsed: finite(point.elapsed) ?? 0,
  objective: finite(point.objective),
  bound: finite(point.bound),
  gap: finite(point.gap),
  nodes: finite(point.nodes),
  iterations: finite(point.iterations),
  incumbents: finite(point.incumbents) ?? 0,
  ...(point.text ? { text: text(point.text) } : {}),
});

export const readIncumbent = (info: Incumbent): Incumbent => ({
  number: finite(info.number) ?? 0,
  objective: finite(info.objective),
  bound: finite(info.bound),
  gap: finite(info.gap),
  elapsed: finite(info.elapsed) ?? 0,
});

export const readVersions = (identifiers: readonly IdentifierVersion[]): readonly IdentifierVersion[] => {
  if (!Array.isArray(identifiers)) throw bad('changes that are no list');
  return (identifiers as readonly Partial<IdentifierVersion>[]).map(({ identifier, version }) => {
    if (typeof identifier !== 'string' || !Number.isSafeInteger(version))
      throw bad('a change without name or version');
    return { identifier, version: version! };
  });
};

export const readResult = (result: RunResult): RunResult => {
  const outcome = OUTCOMES.find((one) => one === result?.outcome);
  if (!outcome) throw bad(`the outcome ${text(result?.outcome)}, which is none`);
  const statistics = Object.entries(result.statistics ?? {}).slice(0, 100);
  return {
    outcome,
    solverStatus: text(result.solverStatus),
    objective: finite(result.objective),
    bound: finite(result.bound),
    gap: finite(result.gap),
    statistics: Object.fromEntries(
      statistics.map(([name, value]) => [text(name), finite(value) ?? text(value)]),
    ),
    output: result.output ?? null,
  };
};

export const readChildOrder = (order: ChildOrder): ChildOrder => {
  const { procedure, args, description, ...numbers } = order;
  if (typeof procedure !== 'string') throw bad('a job without a procedure');
  if (typeof args !== 'object' || args === null || Array.isArray(args)) throw bad('a job without arguments');
  const number = (name: 'priority' | 'timeLimit' | 'gap' | 'seed') => {
    const value = finite(numbers[name]);
    return value === null ? {} : { [name]: value };
  };
  return {
    procedure: text(procedure),
    args,
    ...(description === undefined ? {} : { description: text(description) }),
    ...number('priority'),
    ...number('timeLimit'),
    ...number('gap'),
    ...number('seed'),
  };
};
