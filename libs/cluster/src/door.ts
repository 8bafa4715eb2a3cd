import {
  Authority,
  type Credential,
  Credentials,
  identityOf,
  LinkServer,
  type LinkRefusal,
  loadCredential,
  LocalLink,
  newKeyPair,
  publicKeyOf,
  renewalDue,
  saveCredential,
  TlsLink,
  type Directory,
  type Identity,
} from '@openpro/link';
import { type ServerConfig, storageFolder } from '@openpro/platform';
import type http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { FRONT_ROLES } from './node.js';

/** What the door asks others, who come to life after it. */
export interface DoorKeeper extends Directory {
  refuses(identity: Identity): string | null;
  join(body: unknown): Promise<object>;
  onRefused(refusal: LinkRefusal): void;
}

const STARTING: DoorKeeper = {
  address: () => Promise.resolve(null),
  refuses: () => 'This server is still starting: ask again in a moment',
  join: () => Promise.reject(new Error('This server is still starting')),
  onRefused: () => undefined,
};

/**
 * A `pro` server's side of the link: the cluster's authority from the shared storage, a certificate of its own by it,
 * and an address where others reach it. Opened before the server joins, because its address goes into the log.
 */
export class Door {
  private keeper: DoorKeeper = STARTING;
  private http: http.Server | null = null;

  private constructor(
    readonly authority: Authority,
    private readonly credentials: Credentials,
    private readonly server: LinkServer,
    readonly link: TlsLink,
    /** `host:port` for the other servers. */
    readonly address: string,
  ) {}

  static async open(config: ServerConfig, node: string): Promise<Door> {
    const { roles, version, link: at } = config;
    const authority = await Authority.open(storageFolder(config, 'keys'));
    const folder = path.join(config.dataDir, 'link');
    const identity = { cluster: authority.cluster, node, roles };
    const credential = usable(loadCredential(folder), identity) ?? (await issue(authority, identity));
    saveCredential(folder, credential);
    const credentials = new Credentials(
      credential,
      (current) => authority.issue(identity, publicKeyOf(current)),
      (renewed) => saveCredential(folder, renewed),
      () => undefined, // only the storage can be away: tried again each minute
    );
    const local = new LocalLink(identity);
    let door: Door | null = null;
    const keeper = (): DoorKeeper => door?.keeper ?? STARTING;
    const server = new LinkServer({
      credentials,
      local,
      version,
      refuses: (who) => keeper().refuses(who),
      join: (body) => keeper().join(body),
      onRefused: (refusal) => keeper().onRefused(refusal),
      forward: {
        accepts: FRONT_ROLES,
        request: (request, response) => {
          if (door?.http) door.http.emit('request', request, response);
          else response.writeHead(503).end();
        },
        upgrade: (request, socket: Duplex, head) => {
          if (door?.http) door.http.emit('upgrade', request, socket, head);
          else socket.destroy();
        },
      },
    });
    const port = await server.listen(at.port, at.host);
    const directory = { address: (other: string) => keeper().address(other) };
    const link = new TlsLink(identity, local, credentials, directory, version);
    door = new Door(authority, credentials, server, link, at.advertise ?? `${nameOf(at.host)}:${port}`);
    return door;
  }

  /** From now on others are answered. */
  keep(keeper: DoorKeeper): void {
    this.keeper = keeper;
  }

  /** From now on what front servers pass on is answered here. */
  serve(http: http.Server): void {
    this.http = http;
  }

  drop(node: string): void {
    this.server.drop(node);
  }

  async close(): Promise<void> {
    this.credentials.stop();
    await this.link.close();
    await this.server.close();
  }
}

/** An address that others can use. */
const nameOf = (host: string): string => {
  if (['0.0.0.0', '::'].includes(host)) return os.hostname();
  return host.includes(':') ? `[${host}]` : host;
};

/** Of the same server, roles and authority, and less than half used up. */
const usable = (credential: Credential | null, { cluster, node, roles }: Identity): Credential | null => {
  if (!credential) return null;
  try {
    const kept = identityOf(credential);
    const same =
      kept.cluster === cluster &&
      kept.node === node &&
      [...roles].sort().join() === [...kept.roles].sort().join();
    return same && renewalDue(credential) > Date.now() ? credential : null;
  } catch {
    return null;
  }
};

const issue = async (authority: Authority, identity: Identity): Promise<Credential> => {
  const { publicKey, privateKey } = newKeyPair();
  const certificate = await authority.issue(identity, publicKey);
  return { authority: authority.certificate, certificate, privateKey };
};
