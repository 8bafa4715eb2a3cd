import { isTerminal } from './check-log.js';
import type { Asked, Facts } from './facts.js';
import type { HistoryEntry } from './history.js';
import { idOf, isOf } from './log-event.js';
import { Complaints, type Violation, type Watch } from './watch.js';

/* What callers were told, against what the log says. */

const PATIENCE_MS = 60_000;

/** I1. Something was acknowledged and then lost, or never came to an end. */
export const everythingEnds = ({ asked, overAt, wallOf }: Facts): Watch => {
  const wrong = new Complaints('I1');
  const recorded = new Set<string>();
  /** Jobs and sessions that go on. */
  const open = new Map<string, number>();
  const endedAt = new Map<string, number>();
  const inTime = ({ firstAck }: Asked, id: string): void => {
    const end = endedAt.get(id);
    if (end === undefined || firstAck === null) return;
    const late = end - PATIENCE_MS - Math.max(overAt ?? 0, wallOf(firstAck));
    if (late > 0)
      wrong.say(`job ${id} ended ${Math.round(late / 1000)} s later than a minute after the last fault`);
  };
  return {
    see(e) {
      const { event, stream, position, commandId, at } = e;
      const id = idOf(stream);
      if (asked.has(commandId)) recorded.add(commandId);
      if (event.type === 'JobQueued') open.set(id, position);
      if (event.type === 'SessionEnded' || (isOf('job', e) && isTerminal(e))) {
        open.delete(id);
        endedAt.set(id, at);
      }
    },
    end() {
      for (const one of asked.values()) {
        const { command, does, firstAck, ids, about = '' } = one;
        if (firstAck === null) continue;
        if ((does === 'submitJob' || does === 'launchSession') && !recorded.has(command))
          wrong.say(`${does} ${command} was acknowledged, and stands in no log`);
        if ((does === 'terminateJob' || does === 'endSession') && !endedAt.has(about))
          wrong.say(`${does} ${command} was acknowledged, and ${about} goes on`);
        if (does === 'submitJob') for (const id of ids) inTime(one, id);
      }
      for (const [job, position] of open) wrong.say(`job ${job}, queued at ${position}, has no end`);
      return wrong.all();
    },
  };
};

/** I6, seen from outside: the same command got different answers, or a no although it had its effect. */
export const oneAnswer = ({ asked }: Pick<Facts, 'asked'>): Watch => {
  const wrong = new Complaints('I6');
  const recorded = new Map<string, number>();
  return {
    see({ commandId, position }) {
      if (asked.has(commandId) && !recorded.has(commandId)) recorded.set(commandId, position);
    },
    end() {
      for (const { command, does, ids, refusals } of asked.values()) {
        const codes = [...refusals].join(', ');
        const position = recorded.get(command);
        if (ids.size > 1) wrong.say(`${does} ${command} was acknowledged as ${[...ids].join(' and as ')}`);
        if (ids.size > 0 && refusals.size > 0)
          wrong.say(`${does} ${command} was acknowledged, and refused (${codes})`);
        else if (refusals.size > 0 && position !== undefined)
          wrong.say(`${does} ${command} was refused (${codes}), and had its effect at ${position}`);
      }
      return wrong.all();
    },
  };
};

/** I11. Who asked after another one had his answer was written before him. */
export const realTimeOrder = ({ asked }: Pick<Facts, 'asked'>): Watch => {
  const wrong = new Complaints('I11');
  const positions = new Map<string, number>();
  return {
    see({ commandId, position }) {
      if (asked.has(commandId) && !positions.has(commandId)) positions.set(commandId, position);
    },
    end() {
      const done = [...asked.values()].flatMap(({ command, firstSent, firstAck }) => {
        const position = positions.get(command);
        return position === undefined ? [] : [{ command, firstSent, firstAck, position }];
      });
      const acked = done
        .flatMap(({ firstAck, ...rest }) => (firstAck === null ? [] : [{ ...rest, firstAck }]))
        .sort((one, other) => one.firstAck - other.firstAck);
      let next = 0;
      let latest = { position: 0, command: '' };
      for (const { command, firstSent, position } of done.sort((a, b) => a.firstSent - b.firstSent)) {
        for (let one = acked[next]; one && one.firstAck < firstSent; one = acked[++next])
          if (one.position > latest.position) latest = one;
        if (position < latest.position)
          wrong.say(
            `command ${command} stands at ${position}, although ${latest.command} at ${latest.position} was acknowledged before it was sent`,
          );
      }
      return wrong.all();
    },
  };
};

/** I16. A server that came back went on solving what others solve now. */
export const lostAttemptsStopped = (history: readonly HistoryEntry[]): readonly Violation[] => {
  const wrong = new Complaints('I16');
  for (const entry of history)
    if (entry.kind === 'processes')
      for (const { job, attempt, pid } of entry.stale)
        wrong.say(
          `3 s after ${entry.server} went on, process ${pid} still works on attempt ${attempt} of job ${job}, which was taken from it`,
        );
  return wrong.all();
};
