import {
  Authority,
  clusterOf,
  type Credential,
  Credentials,
  identityOf,
  type LinkReport,
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
import { Logger } from '@nestjs/common';
import { FRONT_ROLES } from '@openpro/kernel';
import { ConfigError, type ServerConfig } from '@openpro/platform';
import type http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';

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
  private takes: (url: string) => boolean = () => false;

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
    const folder = path.join(config.dataDir, 'link');
    const kept = loadCredential(folder);
    const authority = await authorityOf(config, kept);
    const identity = { cluster: authority.cluster, node, roles };
    const log = new Logger('Link');
    const report: LinkReport = (error, id) =>
      log.error({ message: 'a part of the link failed', id, error: reasonOf(error) });
    const credential = usable(kept, identity) ?? (await issue(authority, identity));
    saveCredential(folder, credential);
    const credentials = new Credentials(
      credential,
      (current) => authority.issue(identity, publicKeyOf(current)),
      (renewed) => saveCredential(folder, renewed),
      (error) => log.warn({ message: 'the certificate could not be renewed', reason: String(error) }),
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
        takes: (url) => door?.takes(url) ?? false,
        request: (request, response) => {
          if (door?.http) door.http.emit('request', request, response);
          else response.writeHead(503).end();
        },
        upgrade: (request, socket: Duplex, head) => {
          if (door?.http) door.http.emit('upgrade', request, socket, head);
          else socket.destroy();
        },
      },
      report,
    });
    const port = await server.listen(at.port, at.host);
    const directory = { address: (other: string) => keeper().address(other) };
    const link = new TlsLink(identity, local, credentials, directory, version, report);
    door = new Door(authority, credentials, server, link, at.advertise ?? `${nameOf(at.host)}:${port}`);
    return door;
  }

  /** From now on others are answered. */
  keep(keeper: DoorKeeper): void {
    this.keeper = keeper;
  }

  /** From now on what front servers pass on is answered here, where it is of the API. */
  serve(http: http.Server, takes: (url: string) => boolean): void {
    this.http = http;
    this.takes = takes;
  }

  /** Cuts all connections with a server that has been removed, or whose life has ended. */
  drop(node: string): void {
    this.server.drop(node);
    void this.link.drop(node);
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

/**
 * Of the storage. Who has been in a cluster before makes no other, nor is his credential written over: most likely the
 * storage is the wrong one, or not mounted.
 * @throws ConfigError
 */
const authorityOf = async (
  { dataDir, storageDir }: ServerConfig,
  kept: Credential | null,
): Promise<Authority> => {
  const keys = path.join(storageDir, 'keys');
  const former = kept && clusterOf(kept.authority);
  const found = former && !Authority.isIn(keys) ? null : await Authority.open(keys);
  if (found && (!former || former === found.cluster)) return found;
  throw new ConfigError(
    `This server (${dataDir}) is of cluster ${former}, but the storage (${storageDir}) is of ${found ? `cluster ${found.cluster}` : 'none'}. ` +
      'Is the right storage mounted? Give it with --storage; or let this be a new server, with --data and a folder of its own.',
  );
};

const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

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
