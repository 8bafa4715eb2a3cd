import { Random } from '../../../test/simulation/random.js';
import { type OwnQuota, quotasOf } from './policy-index.js';
import { NO_POLICY, type Policy, type Quota } from './queue-policy.js';
import { admission, type AdmissionStep, type Granted } from './quotas.js';

/** Something that must not be. */
export class QuotaViolation extends Error {
  override readonly name = 'QuotaViolation';
}

const OWNERS = [
  { ownerName: 'ada', groups: ['user'] },
  { ownerName: 'bob', groups: ['user', 'auditor'] },
  { ownerName: 'eve', groups: ['auditor'] },
];
type Owner = (typeof OWNERS)[number];
const SERVERS = 4;

type Happened =
  | { readonly is: 'job'; readonly id: number; readonly owner: Owner; readonly batch?: number }
  | { readonly is: 'batch'; readonly id: number; readonly owner: Owner; readonly count: number }
  /** A schedule has decided that the job is to be. */
  | { readonly is: 'fired'; readonly id: number; readonly owner: Owner }
  | { readonly is: 'ended'; readonly id: number; readonly batch?: number };

/** What each list of the read model knows: all up to its own position, which is behind the log's. */
class Lists {
  readonly at = { jobs: 0, batches: 0, runs: 0 };
  private readonly jobs = new Map<
    number,
    { readonly owner: Owner; readonly batch?: number; alive: boolean }
  >();
  private readonly batches = new Map<
    number,
    { readonly owner: Owner; readonly count: number; ended: number }
  >();
  private readonly runs = new Map<number, Owner>();

  constructor(private readonly log: readonly Happened[]) {}

  advance(list: keyof Lists['at'], events: number): void {
    for (let left = events; left > 0 && this.at[list] < this.log.length; left--)
      this[`${list}Saw`](this.log[this.at[list]++]!);
  }

  advanceAll(): void {
    for (const list of ['jobs', 'batches', 'runs'] as const) this.advance(list, Infinity);
  }

  /** As the query counts. */
  open(quota: OwnQuota): number {
    const theirs = (owner: Owner) =>
      quota.per === 'user' ? owner.ownerName === quota.name : owner.groups.includes(quota.name);
    let open = 0;
    for (const { owner, batch, alive } of this.jobs.values())
      if (alive && theirs(owner) && !(batch !== undefined && this.goesOn(batch))) open++;
    for (const { owner, count, ended } of this.batches.values()) if (theirs(owner)) open += count - ended;
    for (const [id, owner] of this.runs) if (theirs(owner) && !this.jobs.has(id)) open++;
    return open;
  }

  private goesOn(id: number): boolean {
    const batch = this.batches.get(id);
    return batch !== undefined && batch.ended < batch.count;
  }

  jobsSaw(event: Happened): void {
    if (event.is === 'job') this.jobs.set(event.id, { ...event, alive: true });
    const job = event.is === 'ended' ? this.jobs.get(event.id) : undefined;
    if (job) job.alive = false;
  }

  batchesSaw(event: Happened): void {
    if (event.is === 'batch') this.batches.set(event.id, { ...event, ended: 0 });
    const batch =
      event.is === 'ended' && event.batch !== undefined ? this.batches.get(event.batch) : undefined;
    if (batch) batch.ended++;
  }

  runsSaw(event: Happened): void {
    if (event.is === 'fired') this.runs.set(event.id, event.owner);
    if (event.is === 'ended') this.runs.delete(event.id);
  }
}

/** A request on its way through a server. */
interface Request {
  readonly server: number;
  readonly owner: Owner;
  readonly asks: 'job' | 'batch' | 'runs';
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
}

/**
 * Four servers that admit jobs, batches and runs of schedules at once, a step of one after a step of another, by the
 * real order of steps and the real decision; the lists come behind the log, each by itself, and servers die with
 * locks in their hands. What waits or runs is counted from the log alone, whenever something was admitted.
 */
export class QuotaHistory {
  private readonly chance: Random;
  private readonly log: Happened[] = [];
  private readonly lists = new Lists(this.log);
  private readonly truth = new Lists(this.log);
  private readonly policy: Policy;
  private readonly locks = new Map<string, Request>();
  private requests: Request[] = [];
  /** Jobs that are sure to be made, and those that have not ended. */
  private readonly toMake: Happened[] = [];
  private readonly alive: (Happened & { is: 'job' })[] = [];
  private ids = 0;
  private granted = 0;
  private refused = 0;
  private killed = 0;

  constructor(
    seed: number,
    private readonly admits: typeof admission = admission,
  ) {
    this.chance = new Random(seed);
    this.policy = { ...NO_POLICY, quotas: this.someQuotas() };
  }

  /** @throws QuotaViolation */
  run(steps: number): QuotasTold {
    for (let n = 0; n < steps; n++) this.step();
    this.finish();
    for (const owner of OWNERS) this.isExact(owner);
    const { granted, refused, killed } = this;
    return { granted, refused, killed };
  }

  private someQuotas(): Quota[] {
    const { chance } = this;
    const quotas: Quota[] = [{ per: 'user', pattern: '*', jobs: chance.between(1, 6) }];
    for (const pattern of ['user', 'auditor'])
      if (chance.chance(0.6)) quotas.push({ per: 'group', pattern, jobs: chance.between(1, 9) });
    return quotas;
  }

  private step(): void {
    const { chance } = this;
    const dice = chance.between(0, 99);
    if (dice < 20) this.ask();
    else if (dice < 65) this.advance(chance.pick(this.requests));
    else if (dice < 82)
      this.lists.advance(chance.pick(['jobs', 'batches', 'runs'] as const)!, chance.between(1, 4));
    else if (dice < 90) this.make();
    else if (dice < 98) this.end();
    else this.kill(chance.between(0, SERVERS - 1));
  }

  private ask(): void {
    const { chance } = this;
    const asks = chance.pick(['job', 'job', 'batch', 'runs'] as const)!;
    const jobs = asks === 'job' ? 1 : chance.between(1, 4);
    this.begin(chance.pick(OWNERS)!, asks, jobs, chance.between(0, SERVERS - 1));
  }

  private begin(owner: Owner, asks: Request['asks'], jobs: number, server: number): Request {
    const steps = this.admits(quotasOf(this.policy, owner), jobs);
    const request = { server, owner, asks, jobs, steps, next: steps.next(), locks: 0, head: null };
    this.requests.push(request);
    return request;
  }

  /** One step of it, if it need not wait; whether it got on. */
  private advance(request: Request | undefined): boolean {
    if (!request) return false;
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
        return this.chance.chance(0.02) ? false : undefined; // it has waited for too long
      }
      case 'count':
        return step.quotas.map((quota) => this.lists.open(quota));
    }
  }

  private submit({ owner, asks, jobs: asked }: Request, { jobs, why }: Granted): void {
    const most = asks === 'runs' ? jobs : why ? 0 : asked;
    if (most === 0) return void this.refused++;
    this.granted++;
    if (asks === 'batch') {
      const batch = ++this.ids;
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
    for (const quota of quotasOf(this.policy, owner)) {
      const open = this.truth.open(quota);
      if (open > quota.jobs)
        throw new QuotaViolation(`${quota.per} ${quota.name} has ${open} jobs, and may have ${quota.jobs}`);
    }
  }

  private append(event: Happened): void {
    this.log.push(event);
    if (event.is === 'job') this.alive.push(event);
    this.truth.advanceAll();
  }

  private make(): void {
    const [job] = this.toMake.splice(this.chance.between(0, this.toMake.length - 1), 1);
    if (job) this.append(job);
  }

  private end(): void {
    const [job] = this.alive.splice(this.chance.between(0, this.alive.length - 1), 1);
    if (job)
      this.append({ is: 'ended', id: job.id, ...(job.batch === undefined ? {} : { batch: job.batch }) });
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
    const room = Math.min(
      ...quotasOf(this.policy, owner).map((quota) => Math.max(0, quota.jobs - this.truth.open(quota))),
    );
    const request = this.begin(owner, 'runs', room + 1, 0);
    this.lists.advanceAll();
    while (!request.next.done) this.advance(request);
    const { jobs } = request.next.value;
    if (jobs !== room)
      throw new QuotaViolation(`${owner.ownerName} has room for ${room} jobs and gets ${jobs}`);
    this.finish();
  }
}
