import { readdirSync, readFileSync } from 'node:fs';

/** What a process group uses, by the kernel's account. */
export interface GroupUse {
  readonly rssBytes: number;
  /** Since the start of its processes, in clock ticks: only its growth means something. */
  readonly cpuTicks: number;
}

/** Size of a page: what this process has in bytes by what it has in pages. */
const pageSize = (): number =>
  2 **
  Math.round(
    Math.log2(process.memoryUsage.rss() / Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[1])),
  );
let page: number | undefined;

/** CPU time of the kernel's account: Linux counts it in hundredths of a second for every program (proc(5)). */
export const TICK_MS = 10;

/** The use of a group's leader alone, now; undefined where there is no /proc, or no such process. */
export const readProcess = (pid: number): GroupUse | undefined => {
  const fields = statOf(pid);
  return fields && useOf(fields);
};

/**
 * One pass over /proc for these groups; undefined where there is no /proc.
 * @param known the groups of processes that earlier passes met, and of which only those of wanted groups are read again:
 *   to be forgotten now and then, because a process may change its group, and another one get its id
 */
export const readProcessGroups = (
  wanted: ReadonlyMap<number, unknown>,
  known: Map<string, number>,
): ReadonlyMap<number, GroupUse> | undefined => {
  if (process.platform !== 'linux') return undefined;
  const groups = new Map<number, GroupUse>();
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const before = known.get(pid);
    if (before !== undefined && !wanted.has(before)) continue;
    const fields = statOf(pid);
    if (!fields) continue; // it ended meanwhile
    const group = Number(fields[2]);
    known.set(pid, group);
    const use = useOf(fields);
    const { rssBytes = 0, cpuTicks = 0 } = groups.get(group) ?? {};
    groups.set(group, { rssBytes: rssBytes + use.rssBytes, cpuTicks: cpuTicks + use.cpuTicks });
  }
  return groups;
};

/** The fields of /proc/<pid>/stat from the third on. */
const statOf = (pid: number | string): readonly string[] | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may hold anything: count from its end (proc(5)).
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
};

const useOf = (fields: readonly string[]): GroupUse => ({
  rssBytes: Number(fields[21]) * (page ??= pageSize()),
  cpuTicks: Number(fields[11]) + Number(fields[12]),
});
