import os from 'node:os';
import type { Violation } from './checker.js';
import type { HistoryEntry } from './history.js';
import { type Measures, quantile } from './measures.js';

export interface MutantResult {
  readonly name: string;
  /** The invariants that it broke; none: it was not caught. */
  readonly broken: readonly string[];
}

const list = (counts: ReadonlyMap<string | number, number>): string =>
  [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ') || 'none';

const seconds = (ms: number): string => (Number.isNaN(ms) ? '–' : `${(ms / 1000).toFixed(2)} s`);

const times = (values: readonly number[]): string =>
  values.length === 0
    ? '–'
    : `p50 ${seconds(quantile(values, 0.5))}, p99 ${seconds(quantile(values, 0.99))} (${values.length})`;

/** Of `n` independent faults none failed: with 95 % certainty no more than this share would. */
const bound = (n: number): string => `${((3 / Math.max(n, 1)) * 100).toFixed(2)} %`;

export interface Reported {
  readonly begin: Extract<HistoryEntry, { kind: 'begin' }>;
  readonly measures: Measures;
  readonly violations: readonly Violation[];
  readonly mutants: readonly MutantResult[];
  /** Kinds of faults that the machine cannot bring about, and why. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** Kinds that were asked for, and never struck. */
  readonly missing: readonly string[];
}

/** The table of a run, in Markdown. */
export const table = ({ begin, measures, violations, mutants, leftOut, missing }: Reported): string => {
  const struck = [...measures.faults.values()].reduce((sum, fault) => sum + fault.struck, 0);
  const skipped = [...measures.faults].filter(([, fault]) => fault.skipped > 0);
  const caught = mutants.filter(({ broken }) => broken.length > 0);
  const broken = new Map<string, number>();
  for (const { invariant } of violations) broken.set(invariant, (broken.get(invariant) ?? 0) + 1);
  const rows: readonly (readonly [string, string])[] = [
    ['seed', String(begin.seed)],
    ['commit', begin.commit],
    ['servers', `${begin.servers} with ${begin.slots} slots`],
    ['faults', `${struck} in ${Math.round(measures.seconds)} s`],
    ['by kind', [...measures.faults].map(([kind, fault]) => `${kind}: ${fault.struck}`).join(', ')],
    [
      'could not strike',
      skipped.map(([kind, f]) => `${kind}: ${f.skipped} (${measures.reasons.get(kind) ?? ''})`).join(', ') ||
        'none',
    ],
    ...[...leftOut].map(([kind, why]) => [`left out: ${kind}`, why] as const),
    ...(missing.length > 0 ? [['**INCOMPLETE**', `never struck: ${missing.join(', ')}`] as const] : []),
    ['rolling restarts of all servers', String(measures.rounds)],
    ['jobs acknowledged', String(measures.acknowledged)],
    ['lost', String(measures.lost)],
    ['double outcomes', String(measures.double)],
    ['violations', broken.size === 0 ? '0' : list(broken)],
    ['outcomes', list(measures.outcomes)],
    ['jobs by attempts', list(measures.attempts)],
    ['requeues', list(measures.requeues)],
    ['attempts charged', String(measures.charged)],
    ['healthy jobs failed', String(measures.failed)],
    ['healthy jobs exhausted', String(measures.exhausted)],
    ['leader killed → next assignment', times(measures.failover)],
    ['… while neither database nor leaders were struck', times(measures.failoverAlone)],
    ['server killed → job requeued', times(measures.requeue)],
    ['… while neither database nor leader was struck', times(measures.requeueAlone)],
    ['resumed → lost attempts gone', times(measures.gone)],
    ['longest write outage', seconds(measures.outage)],
    ['events', String(measures.events)],
    ['mutants caught', mutants.length === 0 ? 'not run' : `${caught.length} of ${mutants.length}`],
    ['a fault goes wrong, at 95 %', violations.length === 0 ? `below ${bound(struck)}` : '–'],
  ];
  const machine = `Node ${process.versions.node}, ${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? 'unknown processor'}`;
  return [
    '| measure | |',
    '| --- | --- |',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    ...(mutants.length === 0
      ? []
      : ['', '| mutant | caught by |', '| --- | --- |', ...mutants.map(mutantRow)]),
    '',
    `${machine}, ${new Date().toISOString().slice(0, 10)}.`,
    '',
  ].join('\n');
};

const mutantRow = ({ name, broken }: MutantResult): string =>
  `| ${name} | ${broken.length > 0 ? [...new Set(broken)].sort().join(', ') : '**not caught**'} |`;
