import { Random } from '../../../test/simulation/random.js';
import { type OwnQuota, quotasOf } from './policy-index.js';
import { NO_POLICY, type Policy, type Quota } from './queue-policy.js';
import { admission, type AdmissionStep, type Granted, groupsWhile } from './quotas.js';

/** Something that must not be. */
export class QuotaViolation extends Error {
  override readonly name = 'QuotaViolation';
}

const GROUPS = ['user', 'auditor'];
/** Somebody with the groups that he has at some time. */
interface Owner {
  readonly ownerName: string;
  readonly groups: readonly string[];
}
const OWNERS: readonly Owner[] = [
  { ownerName: 'ada', groups: ['user'] },
  { ownerName: 'bob', groups: GROUPS },
  { ownerName: 'eve', groups: ['auditor'] },
];
const SERVERS = 4;

const isUnder = ({ per, name }: OwnQuota, { ownerName, groups }: Owner): boolean =>
  per === 'user' ? ownerName === name : groups.includes(name);

type Happened =
  | { readonly is: 'job'; readonly id: number; readonly owner: Owner; readonly batch?: number }
  | { readonly is: 'batch'; readonly id: number; readonly owner: Owner; readonly count: number }
  /** So many of its jobs have failed and get another one each. */
  | { readonly is: 'retried'; readonly batch: number; readonly owner: Owner; readonly count: number }
  /** A schedule has decided that the job is to be. */
  | { readonly is: 'fired'; readonly id: number; readonly owner: Owner }
  | { readonly is: 'ended'; readonly id: number; readonly batch?: number };

type Job = Happened & { readonly is: 'job' };

/** What each list of the read model knows: all up to its own position, which is behind the log's. */
class Lists {
  readonly at = { jobs: 0, batches: 0, runs: 0 };
  private readonly jobs = new Map<
    number,
    { readonly owner: Owner; readonly batch?: number; alive: boolean }
  >();
  private readonly batches = new Map<number, { owner: Owner; readonly count: number; ended: number }>();
  /** Everybody has one schedule. */
  private readonly schedules = new Map<string, { owner: Owner; readonly running: Set<number> }>();

  constructor(
    private readonly log: readonly Happened[],
    private readonly groupsAre: typeof groupsWhile,
  ) {}

  advance(list: keyof Lists['at'], events: number): void {
    for (let left = events; left > 0 && this.at[list] < this.log.length; left--)
      this[`${list}Saw`](this.log[this.at[list]++]!);
  }

  advanceAll(): void {
    for (const list of ['jobs', 'batches', 'runs'] as const) this.advance(list, Infinity);
  }

  /** As the query counts. */
  open(quota: OwnQuota): number {
    let open = 0;
    for (const { owner, batch, alive } of this.jobs.values())
      if (alive && isUnder(quota, owner) && !(batch !== undefined && this.goesOn(batch))) open++;
    for (const { owner, count, ended } of this.batches.values())
      if (isUnder(quota, owner)) open += count - ended;
    for (const { owner, running } of this.schedules.values())
      if (isUnder(quota, owner)) for (const id of running) if (!this.jobs.has(id)) open++;
    return open;
  }

  private goesOn(id: number): boolean {
    const batch = this.batches.get(id);
    return batch !== undefined && batch.ended < batch.count;
  }

  private owner(goesOn: boolean, before: Owner, { ownerName, groups }: Owner): Owner {
    return { ownerName, groups: this.groupsAre(goesOn, before.groups, groups) };
  }

  jobsSaw(event: Happened): void {
    if (event.is === 'job') this.jobs.set(event.id, { ...event, alive: true });
    const job = event.is === 'ended' ? this.jobs.get(event.id) : undefined;
    if (job) job.alive = false;
  }

  batchesSaw(event: Happened): void {
    if (event.is === 'batch') this.batches.set(event.id, { ...event, ended: 0 });
    const batch = 'batch' in event && event.batch !== undefined ? this.batches.get(event.batch) : undefined;
    if (!batch) return;
    if (event.is === 'ended') batch.ended++;
    if (event.is !== 'retried') return;
    batch.owner = this.owner(this.goesOn(event.batch), batch.owner, event.owner);
    batch.ended -= event.count;
  }

  runsSaw(event: Happened): void {
    if (event.is === 'ended') for (const { running } of this.schedules.values()) running.delete(event.id);
    if (event.is !== 'fired') return;
    const { id, owner } = event;
    const { owner: before, running } = this.schedules.get(owner.ownerName) ?? { owner, running: new Set() };
    const now = this.owner(running.size > 0, before, owner);
    this.schedules.set(owner.ownerName, { owner: now, running: running.add(id) });
  }
}

/** For those that have failed, as somebody saw it. */
interface Retry {
  readonly batch: number;
  readonly failed: readonly number[];
}

/** A request on its way through a server. */
interface Request {
  readonly server: number;
  readonly owner: Owner;
  readonly asks: 'job' | 'batch' | 'runs' | Retry;
  readonly jobs: number;
  readonly steps: Generator<AdmissionStep, Granted, never>;
  next: IteratorResult<AdmissionStep, Granted>;
  /** So many of those that it asks for it has. */
  locks: number;
  /** Where the log ended when it began to wait for the lists. */
  head: number | null;
}

export interface QuotasTold {
  readonly granted: number;
  readonly refused: number;
  readonly killed: number;
  readonly retried: number;
}

/**
 * Four servers that admit jobs, batches, retries of them and runs of schedules at once, a step of one after a step of
 * another, by the real order of steps and the real decision; the lists come behind the log, each by itself, servers die
 * with locks in their hands, and in half of the histories people come into other groups. What waits or runs is counted
 * from the log alone, by what each job has itself, whenever something was admitted.
 */
export class QuotaHistory {
  private readonly chance: Random;
  private readonly log: Happened[] = [];
  private readonly lists: Lists;
  /** That have come to the end. */
  private readonly newest: Lists;
  private readonly policy: Policy;
  private readonly people = new Map(OWNERS.map((owner) => [owner.ownerName, owner]));
  /** Whether anybody is in other groups at some time. */
  private readonly regroups: boolean;
  private readonly locks = new Map<string, Request>();
  private requests: Request[] = [];
  /** Jobs that are sure to be made, and those that have not ended. */
  private readonly toMake: Job[] = [];
  private readonly alive: Job[] = [];
  /** Those of batches that nobody has retried, and with which groups a batch was submitted. */
  private failed: { readonly id: number; readonly batch: number }[] = [];
  private readonly submitters = new Map<number, Owner>();
  private ids = 0;
  private granted = 0;
  private refused = 0;
  private killed = 0;
  private retried = 0;

  constructor(
    seed: number,
    private readonly admits: typeof admission = admission,
    groupsAre: typeof groupsWhile = groupsWhile,
  ) {
    this.chance = new Random(seed);
    [this.lists, this.newest] = [new Lists(this.log, groupsAre), new Lists(this.log, groupsAre)];
    this.regroups = this.chance.chance(0.5);
    this.policy = { ...NO_POLICY, quotas: this.someQuotas() };
  }

  /** @throws QuotaViolation */
  run(steps: number): QuotasTold {
    for (let n = 0; n < steps; n++) this.step();
    this.finish();
    for (const owner of this.people.values()) this.isExact(owner);
    const { granted, refused, killed, retried } = this;
    return { granted, refused, killed, retried };
  }

  private someQuotas(): Quota[] {
    const { chance } = this;
    const quotas: Quota[] = [{ per: 'user', pattern: '*', jobs: chance.between(1, 6) }];
    for (const pattern of GROUPS)
      if (chance.chance(0.6)) quotas.push({ per: 'group', pattern, jobs: chance.between(1, 9) });
    return quotas;
  }

  private step(): void {
    const { chance } = this;
    const dice = chance.between(0, 99);
    if (dice < 16) this.ask();
    else if (dice < 50) this.advanceOne();
    else if (dice < 74)
      this.lists.advance(chance.pick(['jobs', 'batches', 'runs'] as const)!, chance.between(1, 20));
    else if (dice < 84) this.make();
    else if (dice < 95) this.end();
    else if (dice < 98) this.regroup();
    else this.kill(chance.between(0, SERVERS - 1));
  }

  private ask(): void {
    const { chance } = this;
    const server = chance.between(0, SERVERS - 1);
    const batch = chance.chance(0.7) ? chance.pick(this.failed)?.batch : undefined;
    if (batch !== undefined) return this.retry(batch, server);
    const asks = chance.pick(['job', 'batch', 'batch', 'runs'] as const)!;
    const jobs = asks === 'job' ? 1 : chance.between(1, 4);
    this.begin(chance.pick([...this.people.values()])!, asks, jobs, server);
  }

  /** By its owner as he is now, or by an administrator for him as he was. */
  private retry(batch: number, server: number): void {
    const submitter = this.submitters.get(batch)!;
    const owner = this.chance.chance(0.7) ? this.people.get(submitter.ownerName)! : submitter;
    const failed = this.failed.filter((job) => job.batch === batch).map(({ id }) => id);
    this.begin(owner, { batch, failed }, failed.length, server);
  }

  private regroup(): void {
    const { ownerName } = this.chance.pick(OWNERS)!;
    const groups = GROUPS.filter(() => this.chance.chance(0.5));
    if (this.regroups) this.people.set(ownerName, { ownerName, groups });
  }

  private begin(owner: Owner, asks: Request['asks'], jobs: number, server: number): Request {
    const steps = this.admits(quotasOf(this.policy, owner), jobs);
    const request = { server, owner, asks, jobs, steps, next: steps.next(), locks: 0, head: null };
    this.requests.push(request);
    return request;
  }

  /** Any that need not wait. */
  private advanceOne(): void {
    const { length } = this.requests;
    const first = this.chance.between(0, length);
    for (let n = 0; n < length; n++) if (this.advance(this.requests[(first + n) % length]!)) return;
  }

  /** One step of it, if it need not wait; whether it got on. */
  private advance(request: Request): boolean {
    const { next } = request;
    if (next.done) {
      this.submit(request, next.value);
      this.drop(request);
      return true;
    }
    const wanted = next.value.is === 'lock' ? next.value.quotas[request.locks] : undefined;
    if (wanted) return this.lock(request, wanted);
    const answer = this.answer(request, next.value);
    if (answer === undefined) return false;
    request.next = request.steps.next(answer as never);
    return true;
  }

  private lock(request: Request, { per, name }: OwnQuota): boolean {
    const key = `${per} ${name}`;
    if (this.locks.has(key)) return false;
    this.locks.set(key, request);
    request.locks++;
    return true;
  }

  /** Undefined while it waits. */
  private answer(request: Request, step: AdmissionStep): readonly number[] | boolean | undefined {
    switch (step.is) {
      case 'lock':
        return true; // it has them all
      case 'see': {
        const head = (request.head ??= this.log.length);
        if (Object.values(this.lists.at).every((at) => at >= head)) return true;
        return this.chance.chance(0.005) ? false : undefined; // it has waited for too long
      }
      case 'count':
        return step.quotas.map((quota) => this.lists.open(quota));
    }
  }

  private submit({ owner, asks, jobs: asked }: Request, { jobs, why }: Granted): void {
    const most = asks === 'runs' ? jobs : why ? 0 : asked;
    if (most === 0) return void this.refused++;
    this.granted++;
    if (typeof asks === 'object') this.replace(owner, asks);
    else if (asks === 'batch') {
      const batch = ++this.ids;
      this.submitters.set(batch, owner);
      this.append({ is: 'batch', id: batch, owner, count: most });
      for (let n = 0; n < most; n++) this.toMake.push({ is: 'job', id: ++this.ids, owner, batch });
    } else
      for (let n = 0; n < most; n++) {
        const id = ++this.ids;
        if (asks === 'runs') this.append({ is: 'fired', id, owner });
        const job = { is: 'job', id, owner } as const;
        if (asks === 'runs') this.toMake.push(job);
        else this.append(job);
      }
    for (const quota of quotasOf(this.policy, { ...owner, groups: GROUPS })) this.check(quota);
  }

  /** Nothing is passed, and the lists count at least what there is; more only of who was in other groups before. */
  private check(quota: OwnQuota): void {
    const [open, counted] = [this.open(quota), this.newest.open(quota)];
    const has = `${quota.per} ${quota.name} has ${open} jobs`;
    if (open > quota.jobs) throw new QuotaViolation(`${has}, and may have ${quota.jobs}`);
    if (counted < open || (counted > open && !this.regroups))
      throw new QuotaViolation(`${has}, and ${counted} are counted`);
  }

  /** Refused while its jobs are still being made; those that somebody else has retried meanwhile are left out. */
  private replace(owner: Owner, { batch, failed }: Retry): void {
    if (this.toMake.some((job) => job.batch === batch)) return;
    const again = this.failed.filter(({ id }) => failed.includes(id));
    if (again.length === 0) return;
    this.failed = this.failed.filter((job) => !again.includes(job));
    this.retried++;
    this.append({ is: 'retried', batch, owner, count: again.length });
    for (const _job of again) this.toMake.push({ is: 'job', id: ++this.ids, owner, batch });
  }

  /** Of the jobs that wait, run or are sure to be made, each by the groups that it has itself. */
  private open(quota: OwnQuota): number {
    return [...this.alive, ...this.toMake].filter(({ owner }) => isUnder(quota, owner)).length;
  }

  private append(event: Happened): void {
    this.log.push(event);
    if (event.is === 'job') this.alive.push(event);
    this.newest.advanceAll();
  }

  private make(): void {
    for (let left = this.chance.between(1, 4); left > 0; left--) {
      const [job] = this.toMake.splice(this.chance.between(0, this.toMake.length - 1), 1);
      if (job) this.append(job);
    }
  }

  private end(): void {
    const [job] = this.alive.splice(this.chance.between(0, this.alive.length - 1), 1);
    if (!job) return;
    const { id, batch } = job;
    this.append({ is: 'ended', id, ...(batch === undefined ? {} : { batch }) });
    if (batch !== undefined && this.chance.chance(0.7)) this.failed.push({ id, batch });
  }

  private drop(request: Request): void {
    this.requests = this.requests.filter((one) => one !== request);
    for (const [key, holder] of this.locks) if (holder === request) this.locks.delete(key);
  }

  private kill(server: number): void {
    for (const request of this.requests.filter((one) => one.server === server)) {
      this.drop(request);
      this.killed++;
    }
  }

  /** Everybody gets his answer once the lists have come to the end. */
  private finish(): void {
    while (this.requests.length > 0) {
      this.lists.advanceAll();
      const gotOn = this.requests.filter((request) => this.advance(request)).length;
      if (gotOn === 0) throw new QuotaViolation(`${this.requests.length} requests wait for each other`);
    }
  }

  /** Who is alone gets all that there is room for, and not one more. */
  private isExact(owner: Owner): void {
    const quotas = quotasOf(this.policy, owner);
    for (const quota of quotas) this.check(quota);
    const room = Math.min(...quotas.map((quota) => Math.max(0, quota.jobs - this.newest.open(quota))));
    const request = this.begin(owner, 'runs', room + 1, 0);
    this.lists.advanceAll();
    while (!request.next.done) this.advance(request);
    const { jobs } = request.next.value;
    if (jobs !== room)
      throw new QuotaViolation(`${owner.ownerName} has room for ${room} jobs and gets ${jobs}`);
    this.finish();
  }
}
