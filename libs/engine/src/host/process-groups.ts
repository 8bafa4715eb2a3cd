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

/** One pass over /proc for all groups; undefined where there is no /proc. */
export const readProcessGroups = (): ReadonlyMap<number, GroupUse> | undefined => {
  if (process.platform !== 'linux') return undefined;
  const pageBytes = (page ??= pageSize());
  const groups = new Map<number, GroupUse>();
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    } catch {
      continue; // it ended meanwhile
    }
    // The second field is the program's name in parentheses and may hold anything: count from its end (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const group = Number(fields[2]);
    const { rssBytes = 0, cpuTicks = 0 } = groups.get(group) ?? {};
    groups.set(group, {
      rssBytes: rssBytes + Number(fields[21]) * pageBytes,
      cpuTicks: cpuTicks + Number(fields[11]) + Number(fields[12]),
    });
  }
  return groups;
};
