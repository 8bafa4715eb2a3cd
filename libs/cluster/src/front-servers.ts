import { FRONT_ROLES, NODE_ROLES, uuidv7 } from '@openpro/kernel';
import { areCompatible, type LinkCaller, LinkError, type ProLink } from '@openpro/link';
import { type Commands, isOutage } from '@openpro/platform';
import type pg from 'pg';
import { FIRST_BEAT, LAST_BEAT, NEXT_BEAT } from './beat.js';
import { ForNode } from './cluster.commands.js';
import type { Door } from './door.js';
import type { Members } from './members.queries.js';
import type { RefusalLog } from './refusal-log.js';

interface Description {
  readonly name: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly isolation: string;
}

/** So often a server may join; one that is well joins once in its life. */
const JOIN_MS = 1000;
/** Calls of one server that wait for its running one. */
const MAX_WAITING = 4;

/** What this server does for front servers, which have no database: they join, beat and leave through it. */
export class FrontServers {
  private readonly turns = new Map<string, { waiting: number; last: Promise<unknown> }>();
  private readonly joins = new Map<string, number>();

  constructor(
    private readonly commands: Pick<Commands, 'execute'>,
    private readonly door: Pick<Door, 'authority'>,
    private readonly members: Pick<Members, 'pro'>,
    private readonly pool: Pick<pg.Pool, 'query'>,
    private readonly refusals: Pick<RefusalLog, 'record'>,
    private readonly cluster: { readonly version: string; readonly beatMs: number },
    private readonly now: () => number = () => performance.now(),
  ) {}

  serve(link: ProLink): void {
    const serve = (
      method: string,
      accepts: readonly string[],
      work: (params: unknown, caller: LinkCaller) => Promise<unknown>,
    ): void =>
      link.serve(method, {
        accepts,
        call: (params, caller) => this.inTurn(caller.node, () => work(params ?? {}, caller)),
      });
    serve('cluster.join', FRONT_ROLES, (params, caller) => this.join(params, caller));
    serve('cluster.beat', FRONT_ROLES, (params, caller) => this.beat(params, caller));
    serve('cluster.leave', FRONT_ROLES, (params, caller) => this.leave(params, caller));
    serve('cluster.renew', NODE_ROLES, (params, caller) => this.renew(params, caller));
  }

  /** One call of a server at a time: whatever goes wrong there must not take this server's time from the others. */
  private async inTurn<T>(node: string, work: () => Promise<T>): Promise<T> {
    const turn = this.turns.get(node) ?? { waiting: 0, last: Promise.resolve() };
    if (turn.waiting > MAX_WAITING)
      throw new LinkError('TooMany', 'Calls of this server wait already: ask again when they are answered');
    this.turns.set(node, turn);
    turn.waiting++;
    const mine = turn.last.then(work, work);
    turn.last = mine;
    try {
      return await mine;
    } catch (error) {
      if (isOutage(error)) throw new LinkError('Unavailable', 'The database is away just now');
      throw error;
    } finally {
      if (--turn.waiting === 0) this.turns.delete(node);
    }
  }

  private async join(params: unknown, { node, roles: admitted }: LinkCaller) {
    try {
      return await this.letIn(params as Description, node, admitted);
    } catch (error) {
      if (error instanceof LinkError)
        this.refusals.record({ what: 'link', from: node, node, code: error.code, reason: error.message });
      throw error;
    }
  }

  private async letIn(
    { name, roles, version, isolation }: Description,
    node: string,
    admitted: readonly string[],
  ): Promise<{ epoch: number; beatMs: number }> {
    if (!Array.isArray(roles) || roles.some((role) => role === 'pro' || !admitted.includes(role as string)))
      throw new LinkError('NotAllowed', `This server was admitted as ${admitted.join(', ')}`);
    if (typeof version !== 'string' || !areCompatible(version, this.cluster.version))
      throw new LinkError('OtherVersion', `This cluster is of version ${this.cluster.version}`);
    this.notTooOften(node);
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
    return { epoch, beatMs: this.cluster.beatMs };
  }

  /** Each join is two events at least, for ever. */
  private notTooOften(node: string): void {
    const now = this.now();
    for (const [who, at] of this.joins) if (now - at >= JOIN_MS) this.joins.delete(who);
    if (this.joins.has(node))
      throw new LinkError('TooSoon', 'This server has joined a moment ago: ask again in a second');
    this.joins.set(node, now);
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
    const { publicKey } = params as { publicKey?: unknown };
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
  const { epoch } = params as { epoch?: unknown };
  if (!Number.isSafeInteger(epoch)) throw new LinkError('BadInput', 'epoch must be a whole number');
  return epoch as number;
};
