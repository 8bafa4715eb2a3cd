import { Logger } from '@nestjs/common';
import { uuidv7 } from '@openpro/kernel';
import type { Commands, ThisNode } from '@openpro/platform';
import { ForRefusals } from './cluster.commands.js';
import type { Refused } from './refusals.js';

/** The same refusal again counts as told for so long: whoever knocks all day must not fill the log. */
const QUIET_MS = 60_000;
/** Different ones within that time; an attacker can make as many as he likes. */
const MAX_KINDS = 100;

/** Writes down who or what was refused: once a minute for each kind, as a log line and an event. */
export class RefusalLog {
  private readonly log = new Logger('Refusals');
  private readonly told = new Map<string, number>();

  constructor(
    private readonly commands: Pick<Commands, 'insist'>,
    private readonly node: Pick<ThisNode, 'id'>,
    private readonly now: () => number = Date.now,
  ) {}

  record(refused: Refused): void {
    const { what, from, node, code } = refused;
    const now = this.now();
    for (const [kind, at] of this.told) if (now - at >= QUIET_MS) this.told.delete(kind);
    const kind = JSON.stringify([what, from, node, code]);
    if (this.told.has(kind) || this.told.size >= MAX_KINDS) return;
    this.told.set(kind, now);
    this.log.warn({ message: 'refused', ...refused });
    const day = new Date(now).toISOString().slice(0, 10);
    const meta = { commandId: uuidv7(), actor: `node:${this.node.id}`, roles: [] };
    void this.commands.insist(
      new ForRefusals(`${this.node.id}:${day}`, { type: 'RecordRefusal', ...refused }, meta),
    );
  }
}
