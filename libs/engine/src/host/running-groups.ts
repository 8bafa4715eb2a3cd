/** More engine processes than one machine can run at once. */
const ROOM = 4096;

/**
 * The process groups of all engines of this program, in memory that its threads share: the heartbeat's thread must be
 * able to end them while the main thread stands still, and nothing can be asked of that one then.
 */
const groups = new Int32Array(new SharedArrayBuffer(ROOM * Int32Array.BYTES_PER_ELEMENT));

/** For another thread; see `killGroups`. */
export const runningGroups: Int32Array = groups;

/** From when the group exists until its leader is reaped: later its number may be another's. */
export const noteGroup = (pid: number): void => void exchange(0, pid);

export const forgetGroup = (pid: number): void => void exchange(pid, 0);

const exchange = (from: number, to: number): boolean =>
  groups.some((pid, at) => pid === from && Atomics.compareExchange(groups, at, from, to) === from);

/** Ends every process of every group; returns how many groups there were. */
export const killGroups = (noted: Int32Array): number => {
  let killed = 0;
  for (let at = 0; at < noted.length; at++) {
    const pid = Atomics.load(noted, at);
    if (pid === 0) continue;
    try {
      process.kill(-pid, 'SIGKILL');
      killed++;
    } catch {
      // no such group: all of it is gone
    }
  }
  return killed;
};
