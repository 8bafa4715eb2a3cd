import type { Driver } from './driver.js';
import type { PlannedFault } from './plan.js';
import type { Rig } from './rig.js';
import type { Server } from './server.js';

/** Whom a fault needs for itself while it lasts. */
export type Target = 'server' | 'leader' | 'half' | 'postgres' | 'storage' | 'round' | 'nobody';

export interface Blow {
  readonly fault: PlannedFault;
  readonly rig: Rig;
  readonly driver: Driver;
  /** Its servers. */
  readonly targets: readonly Server[];
  /** Says in the history that it strikes now, and whom. */
  struck(where?: readonly string[]): void;
  /** Waits until this server is free, and keeps it during the work. */
  alone(server: Server, work: () => Promise<void>): Promise<void>;
  /** It may be lost: no job that runs there, or might be given to it next, would end by that. */
  maySpare(server: Server): boolean;
}

export interface Strike {
  readonly on: Target;
  /** The attempts of its servers are lost: it spares jobs that have no attempt left. */
  readonly costs: boolean;
  /** Why it could not be; nothing when it was. */
  readonly run: (blow: Blow) => Promise<string | undefined | void>;
}

export const pick = <T>(from: readonly T[], dice: number): T | undefined =>
  from[Math.floor(dice * from.length)];

/** A broken one may never be ready again. */
export const back = async (server: Server, { options: { patienceMs } }: Rig, away = 0): Promise<void> =>
  void (await server.untilReady(patienceMs + away));
