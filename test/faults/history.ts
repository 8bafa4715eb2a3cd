import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';

/*
 * What happened in one run, as the outside saw it: one JSON line each, in the order in which it happened.
 * The checker believes this and the log in PostgreSQL, nothing else.
 */

/** The faults of reliability.md that a nemesis brings about; F12 and F18 come as jobs, F24 with the server's start. */
export type FaultKind =
  | 'F01' // SIGKILL of a server, the leader, a session, an attempt
  | 'F02' // SIGSTOP for longer than a server may be silent
  | 'F03' // SIGSTOP for less: nothing may be requeued
  | 'F04' // the event loop blocked
  | 'F05' // PostgreSQL restarted, or one of its processes killed
  | 'F06' // the connections of one server cut
  | 'F07' // black hole, reset, half-open
  | 'F08' // delay, slow reader
  | 'F09' // one server, or half of them, without the database
  | 'F10' // cut between COMMIT and its reply
  | 'F11' // a completion held for longer than a server may be silent, then delivered
  | 'F12' // eight senders of one command id
  | 'F13' // the disk of the database full
  | 'F14' // the blob store full, read-only or gone
  | 'F16' // the clock of a server an hour off
  | 'F17' // the clock of the database ten minutes off
  | 'F18' // an attempt over its memory
  | 'F19' // a session out of descriptors or processes
  | 'F20' // drain, rolling restart
  | 'F24'; // SIGKILL at a named point of the code

export type CommandKind =
  | 'submitJob'
  | 'interruptJob'
  | 'terminateJob'
  | 'launchSession'
  | 'endSession'
  | 'drainNode'
  | 'resumeNode'
  | 'makeSchedule'
  | 'pauseSchedule';

/**
 * What a job is meant to do. `trivial`: completes at once or after some milliseconds; `solve`: a tiny model through
 * HiGHS; `memory`, `descriptors`: cannot succeed, so they are not healthy.
 */
export type JobKind = 'trivial' | 'solve' | 'memory' | 'descriptors';

export type HistoryEntry = {
  /** Milliseconds of one monotonic clock, that of the process which runs the faults. */
  readonly at: number;
} & (
  | {
      readonly kind: 'begin';
      readonly seed: number;
      readonly commit: string;
      readonly faults: number;
      readonly jobs: number;
      readonly servers: number;
      /** `Date.now()` at the same moment, to compare with the times in events. */
      readonly wall: number;
      readonly slots: number;
    }
  /** One request goes out. The same command id goes out until it is acknowledged, at any server, F12 from eight senders. */
  | {
      readonly kind: 'submit';
      readonly command: string;
      readonly does: CommandKind;
      readonly server: string;
      readonly sender: number;
      /** Of submitJob. */
      readonly job?: JobKind;
      /** The job, session or node that is interrupted, terminated, ended, drained, resumed. */
      readonly id?: string;
    }
  /** The server answered that it is done; `id` of the job, session or node. */
  | {
      readonly kind: 'ack';
      readonly command: string;
      readonly does: CommandKind;
      readonly server: string;
      readonly sender: number;
      readonly id: string;
    }
  /** The server answered no by the rules: final. */
  | {
      readonly kind: 'refused';
      readonly command: string;
      readonly does: CommandKind;
      readonly server: string;
      readonly sender: number;
      readonly code: string;
    }
  /** No answer, or an operational error: whether it took effect is unknown. */
  | {
      readonly kind: 'unknown';
      readonly command: string;
      readonly does: CommandKind;
      readonly server: string;
      readonly sender: number;
      readonly error: string;
    }
  | {
      readonly kind: 'fault';
      /** Its number in the plan. */
      readonly fault: number;
      readonly is: FaultKind;
      readonly what: string;
      /** Node names, `postgres`, `storage`, or what a job or session is called. */
      readonly where: readonly string[];
      /** What it lasts, as planned; 0 for a blow. */
      readonly ms: number;
    }
  | { readonly kind: 'fault-end'; readonly fault: number; readonly is: FaultKind }
  /** It found nothing to hit (no attempt was running), or the machine cannot do it. */
  | { readonly kind: 'fault-skipped'; readonly fault: number; readonly is: FaultKind; readonly why: string }
  /** Until here there were only faults that must not cost an attempt (I18). */
  | { readonly kind: 'gentle-over' }
  | { readonly kind: 'faults-over' }
  | { readonly kind: 'server-start'; readonly server: string; readonly pid: number }
  | { readonly kind: 'server-ready'; readonly server: string; readonly pid: number }
  | {
      readonly kind: 'server-exit';
      readonly server: string;
      readonly pid: number;
      readonly code: number | null;
      readonly signal: string | null;
    }
  /** The processes of one server three seconds after it went on, against the attempts that the log took from it before. */
  | {
      readonly kind: 'processes';
      readonly server: string;
      readonly resumedAt: number;
      /** So long after it went on the last process of an attempt that it had lost was seen; 0 = there was none. */
      readonly goneMs: number;
      /** Attempts that were taken from it before it went on and still have a process: must be empty. */
      readonly stale: readonly { readonly job: string; readonly attempt: number; readonly pid: number }[];
    }
  | { readonly kind: 'end' }
);

/** Leaves `at` to the clock, for each member of the union by itself. */
type WithoutTime<E> = E extends unknown ? Omit<E, 'at'> : never;

/** Writes a history, and keeps it for the checker. */
export class History {
  readonly entries: HistoryEntry[] = [];
  private unwritten = '';

  constructor(readonly file: string) {
    writeFileSync(file, '');
  }

  add(entry: WithoutTime<HistoryEntry>): HistoryEntry {
    const timed = { at: Math.round(performance.now() * 1000) / 1000, ...entry } as HistoryEntry;
    this.entries.push(timed);
    this.unwritten += `${JSON.stringify(timed)}\n`;
    if (this.unwritten.length > 65_536) this.flush();
    return timed;
  }

  flush(): void {
    appendFileSync(this.file, this.unwritten);
    this.unwritten = '';
  }
}

/** A history that was kept, to check it again. */
export const readHistory = (file: string): HistoryEntry[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as HistoryEntry);
