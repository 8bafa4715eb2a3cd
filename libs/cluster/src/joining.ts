import { type BadInput, checkText, isRefusal, isUuid, refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import { LinkError, serverKey } from '@openpro/link';
import { type Actor, type Commands, hashSecret, metaOf, newSecret } from '@openpro/platform';
import { createHash } from 'node:crypto';
import { ForNode } from './cluster.commands.js';
import type { Door } from './door.js';
import type { Members } from './members.queries.js';

/** Of an invitation. */
const TOKEN_LIFE_MS = 15 * 60_000;
const SPKI = { type: 'spki', format: 'der' } as const;
const TOKEN = /^([0-9a-f-]{36})\.([\w-]{43})\.([0-9a-f]{32})$/;

export interface Invitation {
  readonly node: string;
  /** `<node>.<secret>.<cluster>`: the last part is how the new server knows the right cluster before it trusts anybody. */
  readonly token: string;
  readonly address: string;
  readonly expiresAt: number;
}

/** How a server comes into the cluster: an administrator invites it by name, and it shows the one-time token. */
export class Joining {
  constructor(
    private readonly commands: Pick<Commands, 'execute'>,
    private readonly door: Pick<Door, 'authority' | 'address'>,
    private readonly members: Pick<Members, 'named' | 'pro' | 'read'>,
    /** Of the database: clocks of servers are never compared. */
    private readonly now: () => Promise<number>,
  ) {}

  async invite(
    actor: Actor,
    name: string,
    roles: readonly string[],
    commandId: string,
  ): Promise<Invitation | Refusal> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    await this.members.read();
    const known = this.members.named(name);
    if (known?.state === 'joined')
      return refuse('NameTaken', `There is a server "${name.slice(0, 100)}" already`, { field: 'name' });
    const secret = newSecret();
    const expiresAt = (await this.now()) + TOKEN_LIFE_MS;
    // A server has the id of the command that invited it first; one that was there before comes back as the same.
    const node = known?.id ?? commandId;
    const outcome = await this.commands.execute(
      new ForNode(
        node,
        { type: 'InviteNode', name, roles, tokenHash: hashSecret(secret), expiresAt },
        meta,
        JSON.stringify(['invite', actor.id, name, roles]), // the fresh secret left out: a repeated request is the same
      ),
    );
    if (outcome.is === 'refused') return outcome.refusal;
    if (outcome.repeated)
      return refuse(
        'AlreadyInvited',
        'This invitation was made before and is not shown twice: make a new one',
      );
    const token = `${node}.${secret}.${this.door.authority.cluster}`;
    return { node, token, address: this.door.address, expiresAt };
  }

  /**
   * A token for a certificate. The same server (by its key) may ask again when the answer was lost, for as long as the
   * token is good; another one may not.
   * @throws LinkError with the reason
   */
  async join(body: unknown): Promise<object> {
    const wrong = wrongIn(body);
    if (wrong) throw new LinkError('BadInput', wrong.message);
    const { token, name, publicKey } = body as { token: string; name: string; publicKey: string };
    const [, node = '', secret = '', cluster] = TOKEN.exec(token) ?? [];
    const { authority } = this.door;
    if (!isUuid(node)) throw new LinkError('TokenNotValid', 'This token is not known here');
    if (cluster !== authority.cluster)
      throw new LinkError('OtherCluster', 'This token is of another cluster');
    const key = createHash('sha256').update(serverKey(publicKey).export(SPKI)).digest('hex');
    const command = {
      type: 'AdmitNode',
      tokenHash: hashSecret(secret),
      name,
      key,
      now: await this.now(),
    } as const;
    const meta = { commandId: uuidv7(), actor: `node:${node}`, roles: [] };
    const outcome = await this.commands.execute(new ForNode(node, command, meta));
    if (outcome.is === 'refused') throw new LinkError(outcome.refusal.refused, outcome.refusal.message);
    const { admission } = outcome.state as { admission: { roles: readonly string[] } };
    const { roles } = admission;
    const certificate = await authority.issue({ node, roles }, publicKey);
    return { node, roles, authority: authority.certificate, certificate, servers: this.members.pro };
  }
}

const wrongIn = (body: unknown): BadInput | undefined => {
  const { token, name, publicKey } = (body ?? {}) as Record<string, unknown>;
  return (
    checkText('token', token, { max: 200 }) ??
    checkText('name', name, { max: 100 }) ??
    checkText('publicKey', publicKey, { max: 2000, multiline: true })
  );
};
