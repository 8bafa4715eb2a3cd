import type { HistoryEntry } from './history.js';
import { chained, type Content, type LoggedEvent } from './log-event.js';
import type { Violation, Watch } from './watch.js';

export interface Made {
  readonly stream: string;
  readonly event: Content;
  /** Milliseconds after the event before; 100 when nobody says. */
  readonly after?: number;
  readonly commandId?: string;
  readonly actor?: string;
  readonly causation?: string;
  readonly epoch?: number;
}

/** When made logs and histories begin. */
export const BEGIN = 1_795_000_000_000;

/** A log that was made by hand: positions, versions, times and hashes as they should be. */
export const logOf = (made: readonly Made[]): LoggedEvent[] => {
  const versions = new Map<string, number>();
  let at = BEGIN;
  let hash: Buffer = Buffer.alloc(32);
  return made.map(({ stream, event, after = 100, actor = 'ada', ...rest }, index) => {
    const version = (versions.get(stream) ?? 0) + 1;
    versions.set(stream, version);
    at += after;
    const position = index + 1;
    const unhashed = { position, stream, version, at, body: JSON.stringify(event) };
    hash = chained(hash, unhashed);
    return { ...unhashed, hash, event, actor, commandId: `command-${position}`, ...rest };
  });
};

/** What a watch says about a log. */
export const seen = (watch: Watch, log: readonly LoggedEvent[]): readonly Violation[] => {
  for (const event of log) watch.see(event);
  return watch.end();
};

export const messages = (violations: readonly Violation[]): readonly string[] =>
  violations.map(({ invariant, message }) => `${invariant}: ${message}`);

export const joined = (node: string, epoch = 1, slots = 2): Made => ({
  stream: `node-${node}`,
  event: { type: 'NodeJoined', epoch, slots },
});

export const died = (node: string, epoch = 1): Made => ({
  stream: `node-${node}`,
  event: { type: 'NodeDeclaredDead', epoch, reason: 'no beat for 5.0 s' },
});

export const left = (node: string, epoch = 1): Made => ({
  stream: `node-${node}`,
  event: { type: 'NodeLeft', epoch },
});

export const elected = (node: string, epoch: number, after = 100): Made => ({
  stream: 'leadership-cluster',
  event: { type: 'LeaderElected', node, epoch },
  epoch,
  after,
});

/** The events of one job. */
export const jobEvents = (id: string) => {
  const stream = `job-${id}`;
  const at = (attempt: number, node: string, nodeEpoch: number) => ({ attempt, node, nodeEpoch });
  return {
    queued: (priority = 100, commandId = id): Made => ({
      stream,
      event: { type: 'JobQueued', priority },
      commandId,
    }),
    started: (attempt: number, node: string, nodeEpoch = 1): Made => ({
      stream,
      event: { type: 'JobStarted', ...at(attempt, node, nodeEpoch) },
      actor: 'system',
    }),
    requeued: (
      attempt: number,
      node: string,
      reason = 'node-lost',
      nodeLost = attempt,
      nodeEpoch = 1,
    ): Made => ({
      stream,
      event: { type: 'JobRequeued', ...at(attempt, node, nodeEpoch), reason, nodeLost, ownCrash: 0 },
      actor: 'process:requeue-lost-jobs',
    }),
    completed: (attempt: number, node: string, nodeEpoch = 1, result: string | null = null): Made => ({
      stream,
      event: { type: 'JobCompleted', ...at(attempt, node, nodeEpoch), result },
      actor: `node:${node}`,
    }),
    abandoned: (attempt: number, node: string): Made => ({
      stream,
      event: { type: 'JobAbandoned', ...at(attempt, node, 1), reason: 'Its server was lost' },
      actor: 'process:requeue-lost-jobs',
    }),
  };
};

export type Unbegun = Exclude<HistoryEntry, { kind: 'begin' }>;

/** A history whose clock shows 0 at `BEGIN`. */
export const historyOf = (...entries: readonly Unbegun[]): readonly HistoryEntry[] => [
  { at: 0, kind: 'begin', wall: BEGIN, seed: 1, commit: 'c', faults: 1, jobs: 1, servers: 2, slots: 2 },
  ...entries,
];

const by = { server: 'server-1', sender: 0 };

export const submit = (at: number, command: string, job: 'trivial' | 'memory' = 'trivial'): Unbegun => ({
  at,
  kind: 'submit',
  does: 'submitJob',
  command,
  job,
  ...by,
});

export const ack = (at: number, command: string, id = command): Unbegun => ({
  at,
  kind: 'ack',
  does: 'submitJob',
  command,
  id,
  ...by,
});

export const refused = (at: number, command: string, code: string): Unbegun => ({
  at,
  kind: 'refused',
  does: 'submitJob',
  command,
  code,
  ...by,
});
