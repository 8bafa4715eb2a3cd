import type { CommandKind, FaultKind, HistoryEntry, JobKind } from './history.js';

/** What became of one command, over all its senders and repetitions; times of the history's clock. */
export interface Asked {
  readonly command: string;
  readonly does: CommandKind;
  readonly job?: JobKind;
  /** What it is about, for a command that names something. */
  readonly about?: string;
  readonly firstSent: number;
  readonly firstAck: number | null;
  /** Of the job or session; more than one is an accident. */
  readonly ids: ReadonlySet<string>;
  /** The codes of its refusals. */
  readonly refusals: ReadonlySet<string>;
}

/** What the checker needs of a history. */
export interface Facts {
  readonly asked: ReadonlyMap<string, Asked>;
  /** That really happened. */
  readonly faults: ReadonlySet<FaultKind>;
  /** When the last fault was over, in milliseconds since 1970; null when there was none. */
  readonly overAt: number | null;
  /** Until then (milliseconds since 1970) only faults happened that every server survives. */
  readonly calmUntil: number;
  /** When the database's clock was wrong, from and until, in milliseconds since 1970: times in the log say nothing then. */
  readonly wrongClock: readonly (readonly [number, number])[];
  /** No fault did more than to let servers leave in order. */
  readonly isOrderly: boolean;
  /** Milliseconds since 1970. */
  readonly wallOf: (at: number) => number;
  /** Cannot succeed, by its kind. */
  readonly hopeless: ReadonlySet<string>;
  /** How often the nemesis killed an attempt of this job itself. */
  readonly kills: ReadonlyMap<string, number>;
}

/** Every server lives on under these, and keeps its work. */
const HARMLESS: ReadonlySet<FaultKind> = new Set(['F03', 'F05', 'F12', 'F16', 'F17'] as const);

const HOPELESS: ReadonlySet<JobKind | undefined> = new Set(['memory', 'descriptors'] as const);

/** Accepted and recorded, only not to be read yet: not a no. */
const ACCEPTED = 'NotYetVisible';

export const factsOf = (history: readonly HistoryEntry[]): Facts => {
  type Writable = {
    -readonly [Key in keyof Asked]: Asked[Key] extends ReadonlySet<string> ? Set<string> : Asked[Key];
  };
  const asked = new Map<string, Writable>();
  const faults = new Map<number, FaultKind>();
  const kills = new Map<string, number>();
  const wrongClock = new Map<number, [number, number]>();
  let offset = 0;
  let over: number | null = null;
  let gentleOver: number | null = null;
  for (const entry of history)
    switch (entry.kind) {
      case 'begin':
        offset = entry.wall - entry.at;
        break;
      case 'submit':
        if (!asked.has(entry.command))
          asked.set(entry.command, {
            command: entry.command,
            does: entry.does,
            ...(entry.job === undefined ? {} : { job: entry.job }),
            ...(entry.id === undefined ? {} : { about: entry.id }),
            firstSent: entry.at,
            firstAck: null,
            ids: new Set(),
            refusals: new Set(),
          });
        break;
      case 'ack': {
        const one = asked.get(entry.command);
        if (one) one.firstAck ??= entry.at;
        one?.ids.add(entry.id);
        break;
      }
      case 'refused':
        if (entry.code !== ACCEPTED) asked.get(entry.command)?.refusals.add(entry.code);
        break;
      case 'fault':
        faults.set(entry.fault, entry.is);
        if (entry.is === 'F17') wrongClock.set(entry.fault, [entry.at, Infinity]);
        over = Math.max(over ?? 0, entry.at);
        if (entry.is === 'F01')
          for (const where of entry.where) kills.set(where, (kills.get(where) ?? 0) + 1);
        break;
      case 'fault-end': {
        over = Math.max(over ?? 0, entry.at);
        const wrong = wrongClock.get(entry.fault);
        if (wrong) wrong[1] = entry.at;
        break;
      }
      case 'fault-skipped':
        faults.delete(entry.fault);
        break;
      case 'faults-over':
        if (faults.size > 0) over = entry.at;
        break;
      case 'gentle-over':
        gentleOver = entry.at;
        break;
      case 'unknown':
      case 'server-start':
      case 'server-ready':
      case 'server-exit':
      case 'processes':
      case 'end':
        break;
    }
  const isHarmless = [...faults.values()].every((fault) => HARMLESS.has(fault));
  const isOrderly = [...faults.values()].every((fault) => fault === 'F20' || HARMLESS.has(fault));
  const hopeless = [...asked.values()].filter(({ job }) => HOPELESS.has(job));
  return {
    asked,
    faults: new Set(faults.values()),
    overAt: over === null ? null : over + offset,
    calmUntil: isHarmless ? Infinity : (gentleOver ?? -Infinity) + offset,
    wrongClock: [...wrongClock.values()].map(([from, until]) => [from + offset, until + offset] as const),
    isOrderly,
    wallOf: (at) => at + offset,
    hopeless: new Set(hopeless.flatMap(({ command, ids }) => [command, ...ids])),
    kills,
  };
};
