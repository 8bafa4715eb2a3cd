import { hasAll, isLargeEnough, slotsOf } from './free-slots.js';
import {
  type Entry,
  expectedEnd,
  fullFor,
  type Hold,
  holdersOf,
  type Needs,
  type Queue,
  standing,
  turnOf,
} from './lines.js';
import { licenceKey, mayUse } from './seats.js';
import { get, rank, values } from './sorted-map.js';

/** When the next of those is likely to be through who hold what others wait for; looked for once per decision. */
export class Expected {
  private ends: Map<string, number> | undefined;

  constructor(private readonly queue: Queue) {}

  next({ key }: Hold): number | undefined {
    return (this.ends ??= this.find()).get(key);
  }

  private find(): Map<string, number> {
    const ends = new Map<string, number>();
    for (const entry of values(this.queue.jobs)) {
      const end = expectedEnd(this.queue, entry);
      if (end === undefined) continue;
      const seat = entry.licence === null ? [] : [licenceKey(entry.licence)];
      for (const key of [...holdersOf(entry), ...seat])
        ends.set(key, Math.min(end, ends.get(key) ?? Infinity));
    }
    return ends;
  }
}

const MINUTE = 60_000;

const inAbout = (ms: number): string =>
  ms < MINUTE
    ? 'in less than a minute'
    : `in about ${ms < 90 * MINUTE ? `${Math.round(ms / MINUTE)} min` : `${Math.round(ms / MINUTE / 60)} h`}`;

const count = (n: number, noun: string): string => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;

/** Why a job waits, in words, from what the decision itself looks at. */
export const reasonFor = (queue: Queue, entry: Entry, expected: Expected, now: number): string => {
  const line = standing(queue, entry);
  const ahead = rank(queue.waiting, turnOf(entry));
  const turn =
    ahead === 0 ? 'it is next' : `${count(ahead, 'job')} ${ahead === 1 ? 'is' : 'are'} ahead of it`;
  const full = fullFor(queue, line);
  return full
    ? fullWords(queue, entry, full, expected, now, turn)
    : serverWords(queue, entry, line.needs, turn);
};

const fullWords = (
  queue: Queue,
  { profile, licence, owner, ownerName }: Entry,
  hold: Hold,
  expected: Expected,
  now: number,
  turn: string,
): string => {
  if (hold.kind === 'profile' && profile !== null && !queue.policy.profile(profile))
    return `There is no profile ${profile} any more: it waits until an administrator makes one of this name`;
  const pool = hold.kind === 'licence' && licence !== null ? get(queue.seats, licence) : undefined;
  if (pool && !mayUse(pool, owner))
    return `${ownerName} may not use licence ${pool.title} any more: it waits until an administrator permits it`;
  const end = expected.next(hold);
  const next = end !== undefined && end > now ? `, next expected ${inAbout(end - now)}` : '';
  const taken = get(queue.held, hold.key) ?? 0;
  return `Waits for ${hold.words}: ${taken.toLocaleString('en')} of ${hold.most.toLocaleString('en')} taken${next}; ${turn}`;
};

const serverWords = (queue: Queue, entry: Entry, needs: Needs, turn: string): string => {
  const all = [...values(queue.servers)];
  if (all.length === 0) return 'No server is there to run it';
  const labelled = all.filter((server) => hasAll(needs, server));
  const having = havingWords(needs.labels);
  if (labelled.length === 0) return `No server has ${labelWords(needs.labels)}`;
  const fit = labelled.filter((server) => isLargeEnough(needs, server));
  if (fit.length === 0) return `No server${having} has ${amountWords(needs)}, which it needs`;
  const servers = fit.filter(({ draining }) => !draining);
  if (servers.length === 0)
    return fit.length === 1
      ? `The only server${having} is draining: it takes no new jobs until it is resumed`
      : `All ${fit.length} servers${having} are draining: they take no new jobs until one is resumed`;
  if (entry.alone)
    return `It waits for a server of its own, because servers were lost while they ran it; ${turn}`;
  const slots = servers.reduce((sum, server) => sum + slotsOf(queue, server), 0);
  const taken = servers.reduce((sum, server) => sum + server.taken, 0);
  if (taken < slots)
    return needs.memoryMiB > 0 || needs.cores > 0
      ? `Waits for ${amountWords(needs)} free on one server${having}; ${turn}`
      : `The free slots are kept for a job that must run alone or needs a large part of a server; ${turn}`;
  const every = slots === 1 ? 'The one slot' : `All ${slots} slots`;
  const others = fit.length - servers.length;
  const away = others === 0 ? '' : `, ${others} more ${others === 1 ? 'is' : 'are'} draining`;
  return `${every} of ${count(servers.length, 'server')}${having} ${slots === 1 ? 'is' : 'are'} taken${away}; ${turn}`;
};

const amountWords = ({ memoryMiB, cores }: Needs): string =>
  [
    ...(memoryMiB > 0 ? [`${memoryMiB.toLocaleString('en')} MiB of memory`] : []),
    ...(cores > 0 ? [count(cores, 'core')] : []),
  ].join(' and ');

const labelWords = (labels: readonly string[]): string =>
  labels.length === 1 ? `the label ${labels[0]}` : `all the labels ${labels.join(', ')}`;

const havingWords = (labels: readonly string[]): string =>
  labels.length === 0 ? '' : ` with ${labelWords(labels)}`;
