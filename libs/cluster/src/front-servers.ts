import { uuidv7 } from '@openpro/kernel';
import { areCompatible, type LinkCaller, LinkError, type ProLink } from '@openpro/link';
import type { Commands } from '@openpro/platform';
import type pg from 'pg';
import { FIRST_BEAT, LAST_BEAT, NEXT_BEAT } from './beat.js';
import { ForNode } from './cluster.commands.js';
import type { Door } from './door.js';
import type { Members } from './members.queries.js';
import { FRONT_ROLES, NODE_ROLES } from './node.js';

interface Description {
  readonly name: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly isolation: string;
}

/** What this server does for front servers, which have no database: they join, beat and leave through it. */
export class FrontServers {
  constructor(
    private readonly commands: Pick<Commands, 'execute'>,
    private readonly door: Pick<Door, 'authority'>,
    private readonly members: Pick<Members, 'pro'>,
    private readonly pool: Pick<pg.Pool, 'query'>,
    private readonly version: string,
  ) {}

  serve(link: ProLink): void {
    link.serve('cluster.join', { accepts: FRONT_ROLES, call: (params, caller) => this.join(params, caller) });
    link.serve('cluster.beat', { accepts: FRONT_ROLES, call: (params, caller) => this.beat(params, caller) });
    link.serve('cluster.leave', {
      accepts: FRONT_ROLES,
      call: (params, caller) => this.leave(params, caller),
    });
    link.serve('cluster.renew', {
      accepts: NODE_ROLES,
      call: (params, caller) => this.renew(params, caller),
    });
  }

  private async join(params: unknown, { node, roles: admitted }: LinkCaller): Promise<{ epoch: number }> {
    const { name, roles, version, isolation } = params as Description;
    if (!Array.isArray(roles) || roles.some((role) => role === 'pro' || !admitted.includes(role as string)))
      throw new LinkError('NotAllowed', `This server was admitted as ${admitted.join(', ')}`);
    if (typeof version !== 'string' || !areCompatible(version, this.version))
      throw new LinkError('OtherVersion', `This cluster is of version ${this.version}`);
    const outcome = await this.execute(node, {
      type: 'JoinNode',
      name,
      roles,
      slots: 0,
      version,
      isolation,
    });
    const epoch = (outcome.state as { epoch?: number }).epoch;
    if (epoch === undefined) throw new LinkError('NotJoined', 'This server could not join');
    await this.pool.query(FIRST_BEAT, [node, epoch]);
    return { epoch };
  }

  /** Not known: that life was declared dead, or a later one has begun. */
  private async beat(params: unknown, { node }: LinkCaller) {
    const { rowCount } = await this.pool.query(NEXT_BEAT, [node, epochIn(params)]);
    return { known: rowCount === 1, servers: this.members.pro };
  }

  private async leave(params: unknown, { node }: LinkCaller): Promise<null> {
    const epoch = epochIn(params);
    await this.execute(node, { type: 'LeaveNode', epoch });
    await this.pool.query(LAST_BEAT, [node, epoch]);
    return null;
  }

  /** For the same server in the same roles, and so for nobody else. */
  private renew(params: unknown, { node, roles }: LinkCaller): Promise<string> {
    const { publicKey } = (params ?? {}) as { publicKey?: unknown };
    if (typeof publicKey !== 'string') throw new LinkError('BadInput', 'publicKey is missing');
    return this.door.authority.issue({ node, roles }, publicKey);
  }

  private async execute(node: string, command: ConstructorParameters<typeof ForNode>[1]) {
    const meta = { commandId: uuidv7(), actor: `node:${node}`, roles: [] };
    const outcome = await this.commands.execute(new ForNode(node, command, meta));
    if (outcome.is === 'refused') throw new LinkError(outcome.refusal.refused, outcome.refusal.message);
    return outcome;
  }
}

const epochIn = (params: unknown): number => {
  const { epoch } = (params ?? {}) as { epoch?: unknown };
  if (!Number.isSafeInteger(epoch)) throw new LinkError('BadInput', 'epoch must be a whole number');
  return epoch as number;
};
