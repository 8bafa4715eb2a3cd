import {
  licence as licences,
  type LicenceCommand,
  type LicenceEvent,
  seatAttempts,
} from '@openpro/licensing';
import type { ProcessCommand, Recorded, TimerFired } from '@openpro/eventstore';
import { isRefusal } from '@openpro/kernel';
import type { JobCommand, JobEvent } from './job.js';
import type { Queue } from './lines.js';
import { get, type SortedMap } from './sorted-map.js';
import { type Chance, hold } from './history-chance.fixture.js';

export const LICENCES = ['solver', 'gurobi'];
export const licenceId = (name: string): string => `ROOT:${name}`;

const SERVERS = 4;
const USERS = ['o1', 'o2', 'o3'];
const DEVICES = ['desk', 'phone'];
/** In time of the log: an event a second. */
const LEASE_S = 20;

type Licence = ReturnType<typeof licences.decider.evolve>;
type Kind = 'data' | 'optimization';

/** A bug that is planted to see it found. */
export interface Planted {
  /** A log that takes the append of a licence at any version. */
  readonly anyVersion?: boolean;
  /** Seats come back only from attempts that end by themselves. */
  readonly keepsSeats?: boolean;
}

/** What the pools have to do with the rest of the history. */
export interface Around {
  readonly chance: Chance;
  readonly log: readonly Recorded[];
  readonly planted: Planted;
  append(stream: string, event: LicenceEvent): void;
  tellJob(id: string, command: JobCommand): void;
  /** Who leads: the log takes nothing of another one. */
  epoch(): number;
}

/** What one server has decided on the stream as it knew it; it stands in no log yet. */
interface Write {
  readonly server: number;
  readonly licence: string;
  readonly command: LicenceCommand;
  /** Of a leader. */
  readonly epoch: number | undefined;
  readonly over: (done: boolean) => void;
}

interface Known {
  readonly version: number;
  readonly state: Licence;
}

const NOTHING: Known = { version: 0, state: licences.decider.initial };

/** As an administrator who looks again when another one was faster. */
const seeing = (command: LicenceCommand, now: Licence): LicenceCommand =>
  command.type === 'DefineLicence' && now.is === 'defined' ? { ...command, basedOn: now.version } : command;

/**
 * The licences of a history: four servers that write the same streams at once, each at the version that it has seen;
 * sessions that take seats, wait, end, or lose theirs to an administrator; seats of attempts that expire; and the
 * process that brings them back, whose commands may come late.
 */
export class Pools {
  private readonly streams = new Map<string, Known>();
  /** What each server remembers of them. */
  private readonly servers = Array.from({ length: SERVERS }, () => new Map<string, Known>());
  private writes: Write[] = [];
  private readonly outbox: ProcessCommand[] = [];
  private readonly kept = new Map<string, { state: unknown; due: number }>();
  private heard = 0;
  private readonly counts = new Map<string, SeatCount>();
  private readonly sessions = new Map<string, string>();
  private made = 0;
  grants = 0;
  conflicts = 0;

  constructor(private readonly around: Around) {}

  step(): void {
    const { chance } = this.around;
    const dice = chance.below(100);
    if (dice < 40) this.arrive(chance.below(this.writes.length));
    else if (dice < 60) this.hear(chance.below(8));
    else if (dice < 70) this.send(chance.below(this.outbox.length));
    else if (dice < 80) this.open();
    else if (dice < 90) this.close(chance.pick([...this.sessions.keys()]));
    else if (dice < 94) this.free();
    else this.define(chance.pick(LICENCES), chance.below(4), chance.below(4));
  }

  /** A seat for an attempt, before its start. */
  request(
    server: number,
    name: string,
    holder: string,
    user: string,
    epoch: number,
    over: Write['over'],
  ): void {
    const command = { type: 'RequestSeat', kind: 'optimization', holder, user, device: null } as const;
    this.write(server, licenceId(name), command, over, epoch);
  }

  /** Everything that is on its way arrives, and every lease ends that nobody has called off. */
  settle(): void {
    for (let idle = 0; idle < 2; idle++) {
      const before = this.around.log.length;
      while (this.heard < this.around.log.length || this.outbox.length + this.writes.length > 0) {
        this.hear(this.around.log.length);
        this.send(0);
        this.arrive(0);
      }
      for (const holder of [...this.kept.keys()]) this.fire(holder, Infinity);
      if (this.around.log.length > before || this.outbox.length > 0) idle = -1;
    }
  }

  /** Whoever has a seat gives it back, and it is there again; first there is one for everybody who waits. */
  finish(): void {
    for (const name of LICENCES) this.define(name, 2, 2);
    this.settle();
  }

  end(): void {
    for (const session of this.sessions.keys()) this.close(session);
    this.settle();
    for (const count of this.counts.values()) count.isBack();
  }

  arriveAll(): void {
    while (this.writes.length > 0) this.arrive(0);
  }

  /** Of a queue that a new leader reads. */
  rowsOf({ seats, seated }: Queue) {
    const licences = LICENCES.flatMap((name) => {
      const pool = get(seats, licenceId(name));
      return pool ? [{ id: licenceId(name), ...pool, optimization_seats: pool.seats }] : [];
    });
    const uses = [...entries(seated)].map(([id, licence]) => ({ id, licence }));
    return { licences, uses };
  }

  private write(
    server: number,
    licence: string,
    command: LicenceCommand,
    over: Write['over'] = () => undefined,
    epoch?: number,
  ): void {
    this.writes.push({ server, licence, command, epoch, over });
    if (this.around.chance.of(40)) this.read(server, licence);
  }

  private read(server: number, licence: string): Known {
    const known = this.streams.get(licence) ?? NOTHING;
    this.servers[server]!.set(licence, known);
    return known;
  }

  /** As the handler does it: what is remembered decides, but a refusal only after a look; a conflict decides anew. */
  private arrive(which: number): void {
    const write = this.writes[which];
    if (!write) return;
    this.writes.splice(which, 1);
    const { server, licence, command, epoch, over } = write;
    if (epoch !== undefined && epoch !== this.around.epoch()) return over(false);
    const { anyVersion } = this.around.planted;
    let known = this.servers[server]!.get(licence) ?? NOTHING;
    for (;;) {
      const current = this.streams.get(licence) ?? NOTHING;
      const isFresh = known.version === current.version;
      const decision = licences.decider.decide(seeing(command, known.state), known.state);
      if (!isFresh && (isRefusal(decision) || decision.length === 0 || !anyVersion)) {
        this.conflicts++;
        known = this.read(server, licence);
        continue;
      }
      if (isRefusal(decision)) return over(false);
      for (const event of decision) this.see(licence, event);
      this.counts.get(licence)?.nobodyWaits();
      this.read(server, licence);
      return over(true);
    }
  }

  private see(licence: string, event: LicenceEvent): void {
    const { version, state } = this.streams.get(licence) ?? NOTHING;
    this.streams.set(licence, { version: version + 1, state: licences.decider.evolve(state, event) });
    this.around.append(`licence-${licence}`, event);
    const count = this.counts.get(licence) ?? new SeatCount(licence);
    this.counts.set(licence, count);
    count.see(event);
    if (event.type === 'SeatGranted') this.grants++;
    if (event.type !== 'LicenceDefined' && (event.type === 'SeatFreed' || event.type === 'LineLeft'))
      this.sessions.delete(event.holder);
  }

  private define(name: string, dataSeats: number, optimizationSeats: number): void {
    const { chance } = this.around;
    const users = chance.of(80) ? [] : chance.some(USERS, 60);
    const terms = { title: name, dataSeats, optimizationSeats, holdS: 10, leaseS: LEASE_S, users };
    const of = { environment: 'ROOT', name, reason: '', basedOn: 0 };
    const command = { type: 'DefineLicence', ...of, ...terms } as const;
    this.write(chance.below(SERVERS), licenceId(name), command);
  }

  private open(): void {
    const { chance } = this.around;
    const holder = `s${++this.made}`;
    const licence = licenceId(chance.pick(LICENCES));
    const [user, device] = [chance.pick(USERS), chance.pick(DEVICES)];
    this.sessions.set(holder, licence);
    this.write(chance.below(SERVERS), licence, { type: 'RequestSeat', kind: 'data', holder, user, device });
  }

  /** It ends, or nobody waits for it any more; its seat is asked for before, whatever comes late. */
  private close(session: string | undefined): void {
    const licence = session === undefined ? undefined : this.sessions.get(session);
    if (session === undefined || licence === undefined) return;
    if (this.writes.some(({ command }) => 'holder' in command && command.holder === session)) return;
    this.sessions.delete(session);
    const type = this.around.chance.of(80) ? 'ReleaseSeat' : 'LeaveLine';
    this.write(this.around.chance.below(SERVERS), licence, { type, holder: session });
    if (type === 'LeaveLine') this.write(0, licence, { type: 'ReleaseSeat', holder: session });
  }

  private free(): void {
    const { chance } = this.around;
    const licence = licenceId(chance.pick(LICENCES));
    const holder = chance.pick(this.counts.get(licence)?.holders() ?? []);
    if (holder === undefined) return;
    this.write(chance.below(SERVERS), licence, { type: 'FreeSeat', holder, reason: '' });
  }

  /** The process meets the next events of the log, and the timers that have come due by then. */
  private hear(count: number): void {
    const { log } = this.around;
    const until = Math.min(log.length, this.heard + count);
    for (; this.heard < until; this.heard++) {
      const recorded = log[this.heard] as Recorded<JobEvent | LicenceEvent>;
      if (!ON.has(recorded.event.type)) continue;
      const key = seatAttempts.keyOf(recorded as never);
      if (key !== undefined) this.react(key, recorded);
    }
    const now = (log[this.heard - 1]?.at ?? 0) - 1;
    for (const [holder, { due }] of this.kept) if (due <= now) this.fire(holder, now);
  }

  private fire(holder: string, now: number): void {
    const kept = this.kept.get(holder);
    if (!kept || kept.due > now || kept.due === Infinity) return;
    kept.due = Infinity;
    const event: TimerFired = { type: 'TimerFired', timer: holder };
    this.react(holder, { stream: 'process-seat-attempts', event, at: now } as unknown as Recorded);
  }

  private react(key: string, recorded: Recorded): void {
    const kept = this.kept.get(key);
    const { state, commands, timers } = seatAttempts.react(kept?.state as never, recorded as never);
    const due = timers && key in timers ? (timers[key] ?? Infinity) : (kept?.due ?? Infinity);
    if (state === undefined) this.kept.delete(key);
    else this.kept.set(key, { state, due });
    if (this.around.planted.keepsSeats && /^Job(Requeued|Cancelled)$/.test(recorded.event.type)) return;
    this.outbox.push(...(commands ?? []));
  }

  private send(which: number): void {
    const [next] = this.outbox.splice(which, 1);
    if (!next) return;
    const { to, id, command } = next;
    if (to === 'job') this.around.tellJob(id, command as JobCommand);
    else this.write(this.around.chance.below(SERVERS), id, command as LicenceCommand);
  }
}

function* entries<V>(map: SortedMap<V>): Generator<readonly [string, V]> {
  if (!map) return;
  yield* entries(map.left);
  yield [map.key, map.value];
  yield* entries(map.right);
}

const ON: ReadonlySet<string> = new Set(seatAttempts.on);

/** The seats of one licence, counted from the log alone. */
class SeatCount {
  private readonly most = { data: 0, optimization: 0 };
  /** Which seat each holder has: sessions of one user on one device share one. */
  private readonly held = { data: new Map<string, string>(), optimization: new Map<string, string>() };
  private line: string[] = [];

  constructor(private readonly licence: string) {}

  see(event: LicenceEvent): void {
    if (event.type === 'LicenceDefined') {
      this.most.data = event.dataSeats;
      this.most.optimization = event.optimizationSeats;
      return;
    }
    const { kind, holder } = event;
    const held = this.held[kind];
    switch (event.type) {
      case 'SeatQueued':
        this.line.push(holder);
        return;
      case 'SeatGranted': {
        const seat = event.device === null ? holder : `${event.user} ${event.device}`;
        hold(!held.has(holder), () => `${holder} has two seats of ${this.licence}`);
        const shares = [...held.values()].includes(seat);
        held.set(holder, seat);
        const taken = this.taken(kind);
        hold(
          shares || taken <= this.most[kind],
          () => `${this.licence} has ${taken} ${kind} seats taken of ${this.most[kind]}`,
        );
        const place = this.line.indexOf(holder);
        hold(
          kind === 'optimization' || shares || place === 0 || this.line.length === 0,
          () => `${holder} passes ${this.line[0]} in the line of ${this.licence}`,
        );
        this.line = this.line.filter((one) => one !== holder);
        return;
      }
      case 'SeatReleased':
      case 'SeatExpired':
      case 'SeatFreed':
        hold(held.delete(holder), () => `${holder} gives back a seat of ${this.licence} that it has not`);
        return;
      case 'LineLeft':
        this.line = this.line.filter((one) => one !== holder);
    }
  }

  /** After an append: nobody stands in line while a seat is free. */
  nobodyWaits(): void {
    const free = this.most.data - this.taken('data');
    hold(this.line.length === 0 || free <= 0, () => `${this.line[0]} waits while ${free} seats are free`);
  }

  /** At the end of everything. */
  isBack(): void {
    for (const kind of ['data', 'optimization'] as const)
      for (const holder of this.held[kind].keys())
        hold(false, () => `${holder} keeps its seat of ${this.licence} for ever`);
    hold(this.line.length === 0, () => `${this.line[0]} waits for ${this.licence} for ever`);
  }

  holders(): readonly string[] {
    return [...this.held.data.keys(), ...this.held.optimization.keys()];
  }

  private taken(kind: Kind): number {
    return new Set(this.held[kind].values()).size;
  }
}
