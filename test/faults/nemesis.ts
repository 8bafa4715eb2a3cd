import { setTimeout as delay } from 'node:timers/promises';
import type { Target } from './blow.js';
import type { Driver } from './driver.js';
import type { FaultKind } from './history.js';
import type { PlannedFault } from './plan.js';
import type { Rig } from './rig.js';
import type { Server } from './server.js';
import { STRIKES } from './strikes.js';

const LOOK_MS = 50;
/** Faults that are due and find nobody free; more are not started meanwhile. */
const MAX_DUE = 6;
/** One that has found nobody for so long is let past those that came later. */
const HUNGRY_MS = 10_000;
const NEEDS_SERVERS: ReadonlySet<Target> = new Set(['server', 'leader', 'half']);
/** There is one of it, and no two faults at once strike it. */
const SINGLE: ReadonlySet<Target> = new Set(['postgres', 'storage', 'round']);
/** One that has found nobody for so long is left out. */
const PATIENCE_MS = 60_000;
/** So often a kind that has not struck yet is tried again. */
const TRIES = 5;
/** A loss that this job has had leaves it none: a fault that loses its server would be the rule's work, not ours. */
const LAST_CHANCE = 3;

/**
 * Brings about the faults of a plan, in its order and at its pace. Faults overlap unless they need the same server, the
 * database or the storage for themselves; at most half of the servers are struck at once by what lasts.
 */
export class Nemesis {
  private readonly taken = new Set<string>();
  private readonly active = new Set<Promise<void>>();
  private readonly struck = new Set<FaultKind>();
  done = 0;

  constructor(
    private readonly rig: Rig,
    private readonly driver: Driver,
  ) {}

  /** All of them, and again where a whole kind has found nothing to strike. */
  async run(faults: readonly PlannedFault[], onBegin: () => void): Promise<void> {
    await this.pass(faults, onBegin);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const missing = new Map(
        faults.filter(({ is }) => !this.struck.has(is)).map((fault) => [fault.is, fault]),
      );
      if (missing.size === 0) return;
      await this.pass([...missing.values()], () => undefined);
    }
  }

  private async pass(faults: readonly PlannedFault[], onBegin: () => void): Promise<void> {
    const due: { readonly fault: PlannedFault; readonly since: number }[] = [];
    let at = performance.now();
    for (let next = 0; next < faults.length || due.length > 0;) {
      const fault = faults[next];
      if (fault && performance.now() >= at + fault.gap && due.length < MAX_DUE) {
        at = performance.now();
        due.push({ fault, since: at });
        next += 1;
      }
      const [first] = due;
      const isHungry = first !== undefined && performance.now() - first.since > HUNGRY_MS;
      for (const one of [...due]) {
        const waits = isHungry && one !== first && NEEDS_SERVERS.has(STRIKES[one.fault.variant].on);
        if ((waits || !this.begin(one.fault)) && !this.giveUp(one)) continue;
        due.splice(due.indexOf(one), 1);
        onBegin();
      }
      await delay(LOOK_MS);
    }
    while (this.active.size > 0) await Promise.all(this.active);
  }

  /** False when those whom it needs are not free. */
  private begin(fault: PlannedFault): boolean {
    const { on, costs } = STRIKES[fault.variant];
    const targets = this.find(on, costs, fault);
    if (!targets) return false;
    const names = SINGLE.has(on) ? [on] : targets.map(({ name }) => name);
    for (const name of names) this.taken.add(name);
    const work = this.strike(fault, targets).finally(() => {
      for (const name of names) this.taken.delete(name);
      this.active.delete(work);
      this.done += 1;
    });
    this.active.add(work);
    return true;
  }

  private async strike(fault: PlannedFault, targets: readonly Server[]): Promise<void> {
    const { history } = this.rig.options;
    const { number, is, variant, ms } = fault;
    let begun = false;
    const struck = (where = targets.map(({ name }) => name)): void => {
      begun = true;
      this.struck.add(is);
      history.add({ kind: 'fault', fault: number, is, what: variant.slice(4), where, ms });
    };
    const why = await STRIKES[variant]
      .run({
        fault,
        rig: this.rig,
        driver: this.driver,
        targets,
        struck,
        alone: this.alone,
        maySpare: this.maySpare,
      })
      .catch((error: unknown) => String(error));
    if (begun) history.add({ kind: 'fault-end', fault: number, is });
    if (typeof why === 'string') history.add({ kind: 'fault-skipped', fault: number, is, why });
  }

  private readonly alone = async (server: Server, work: () => Promise<void>): Promise<void> => {
    for (const since = performance.now(); !this.isFree(server) && performance.now() - since < PATIENCE_MS;)
      await delay(LOOK_MS);
    this.taken.add(server.name);
    await work().finally(() => this.taken.delete(server.name));
  };

  private giveUp({ fault, since }: { fault: PlannedFault; since: number }): boolean {
    const { number, is, variant } = fault;
    if (STRIKES[variant].on === 'round') return false; // the one before it ends
    if (performance.now() - since < PATIENCE_MS) return false;
    this.rig.options.history.add({ kind: 'fault-skipped', fault: number, is, why: 'nobody was free for it' });
    this.done += 1;
    return true;
  }

  private find(on: Target, costs: boolean, { dice }: PlannedFault): readonly Server[] | undefined {
    const { servers } = this.rig;
    if (on === 'nobody') return [];
    if (SINGLE.has(on)) return this.taken.has(on) ? undefined : [];
    const free = servers.filter((server) => this.isFree(server) && (!costs || this.maySpare(server)));
    const half = Math.ceil(servers.length / 2);
    const wanted = on === 'half' ? half : 1;
    const busy = servers.filter(({ name }) => this.taken.has(name)).length;
    if (busy + wanted > half) return undefined;
    const { leader } = this.rig;
    if (on === 'leader') return leader && free.includes(leader) ? [leader] : undefined;
    if (free.length < wanted) return undefined;
    const from = Math.floor(dice[0] * free.length);
    return Array.from({ length: wanted }, (_, n) => free[(from + n) % free.length] as Server);
  }

  private isFree(server: Server): boolean {
    return server.isReady && !this.taken.has(server.name);
  }

  private readonly maySpare = (server: Server): boolean =>
    [...this.rig.watch.requeued.values()].every(
      ({ nodeLost, ownCrash, state, attempts }) =>
        nodeLost + ownCrash < LAST_CHANCE || (state === 'running' && attempts.at(-1)?.node !== server.node),
    );
}
