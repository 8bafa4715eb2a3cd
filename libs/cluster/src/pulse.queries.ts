import { Inject, Injectable } from '@nestjs/common';
import { NODE, type ThisNode } from '@openpro/platform';
import { DataSource } from 'typeorm';

export interface Pulse {
  /** The leader's epoch; null when nobody leads just now. */
  readonly epoch: number | null;
  /** Is it this server? */
  readonly leads: boolean;
  /** How long, at least, this server's beat has stood still. */
  readonly beatAgeMs: number;
}

/** Leadership and the own heartbeat as everybody else sees them: read from the database, not remembered. */
@Injectable()
export class PulseQueries {
  private last: { readonly beat: string; readonly since: number } | null = null;

  constructor(
    private readonly db: DataSource,
    @Inject(NODE) private readonly node: ThisNode,
  ) {}

  async pulse(): Promise<Pulse> {
    const [row] = await this.db.query<
      { holder: string; epoch: string; held: boolean; beat: string | null }[]
    >(
      `SELECT holder, epoch::text, expires > clock_timestamp() AS held,
        (SELECT beat::text FROM node_beat WHERE node = $1 AND epoch = $2) AS beat
       FROM lease WHERE name = 'leader'`,
      [this.node.id, this.node.epoch],
    );
    const beat = row?.beat ?? 'none';
    const now = performance.now();
    // A counter and this machine's monotonic clock: no two clocks are ever compared.
    if (this.last?.beat !== beat) this.last = { beat, since: now };
    return {
      epoch: row?.held ? Number(row.epoch) : null,
      leads: Boolean(row?.held) && row?.holder === this.node.id,
      beatAgeMs: now - this.last.since,
    };
  }
}
