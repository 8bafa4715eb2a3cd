import { Logger, type OnModuleDestroy } from '@nestjs/common';
import { uuidv7 } from '@openpro/kernel';
import type { Commands, ThisNode } from '@openpro/platform';
import { ForRefusals } from './cluster.commands.js';
import type { Refused } from './refusals.js';

/** The same refusal again counts as told for so long: whoever knocks all day must not fill the log. */
const QUIET_MS = 60_000;
/** Different ones within that time; an attacker can make as many as he likes. */
const MAX_KINDS = 100;
/** Of one address or person, so that he does not hide what the others do. */
const MAX_OF_ONE = 20;
/** And so can a patient one: of each sort, so that people leave room for what servers do. */
const MAX_PER_DAY = 2000;
const MAX_OF_ONE_PER_DAY = 200;

/** Writes down who or what was refused: once a minute for each kind, as a log line and an event; the rest as a number. */
export class RefusalLog implements OnModuleDestroy {
  private readonly log = new Logger('Refusals');
  private readonly told = new Map<string, { readonly at: number; readonly from: string }>();
  private day = '';
  /** On this day, by sort and by address or person. */
  private readonly written = new Map<string, number>();
  private more = 0;

  constructor(
    private readonly commands: Pick<Commands, 'insist'>,
    private readonly node: Pick<ThisNode, 'id'>,
    private readonly now: () => number = Date.now,
  ) {}

  record(refused: Refused): void {
    const { what, from, node, code, command } = refused;
    const now = this.now();
    const day = new Date(now).toISOString().slice(0, 10);
    if (day !== this.day) void this.close();
    this.day = day;
    let ofOne = 0;
    for (const [kind, told] of this.told)
      if (now - told.at >= QUIET_MS) this.told.delete(kind);
      else if (told.from === from) ofOne++;
    const kind = JSON.stringify([what, from, node, code, command]);
    const known = this.told.has(kind) || ofOne >= MAX_OF_ONE || this.told.size >= MAX_KINDS;
    const ofSort = this.written.get(what) ?? 0;
    const ofHim = this.written.get(`from ${from}`) ?? 0;
    if (known || ofSort >= MAX_PER_DAY || ofHim >= MAX_OF_ONE_PER_DAY) return void this.more++;
    this.told.set(kind, { at: now, from });
    this.written.set(what, ofSort + 1).set(`from ${from}`, ofHim + 1);
    this.log.warn({ message: 'refused', ...refused });
    void this.write(refused);
  }

  /** The server stops. */
  async onModuleDestroy(): Promise<void> {
    await this.close();
  }

  /** A day is over: how many were not written down one by one. */
  private async close(): Promise<void> {
    const { more } = this;
    this.more = 0;
    this.written.clear();
    if (more === 0) return;
    const reason = `and ${more} more, not written down one by one`;
    await this.write({ what: 'link', from: 'several', node: null, code: 'More', reason });
  }

  private write(refused: Refused): Promise<void> {
    const meta = { commandId: uuidv7(), actor: `node:${this.node.id}`, roles: [] };
    return this.commands.insist(
      new ForRefusals(`${this.node.id}:${this.day}`, { type: 'RecordRefusal', ...refused }, meta),
    );
  }
}
