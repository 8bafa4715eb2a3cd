import 'reflect-metadata';
import { uuidv7 } from '@openpro/kernel';
import { Authority, Credentials, LinkServer, LocalLink, newKeyPair } from '@openpro/link';
import { mkdtempSync, rmSync } from 'node:fs';
import type http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';

export const VERSION = '1.2.0';

/** A server with `pro` as a front server sees it: real links, and what it does is each test's own. */
export class Behind {
  readonly seen: string[] = [];
  refuses = false;
  address = '';
  readonly local: LocalLink;
  request: http.RequestListener = (_request, response) => void response.end(this.node);
  upgrade: (request: http.IncomingMessage, socket: Duplex, head: Buffer) => void = (_request, socket) =>
    void socket.destroy();
  private readonly server: LinkServer;

  constructor(
    readonly node: string,
    private readonly credentials: Credentials,
  ) {
    this.local = new LocalLink({ node, roles: ['pro'] });
    this.server = new LinkServer({
      credentials,
      local: this.local,
      version: VERSION,
      refuses: () => (this.refuses ? 'This server is not let in' : null),
      join: () => Promise.resolve({}),
      forward: {
        accepts: ['portal'],
        takes: () => true,
        request: (request, response) => {
          this.seen.push(`${request.method} ${request.url}`);
          this.request(request, response);
        },
        upgrade: (request, socket, head) => this.upgrade(request, socket, head),
      },
      onRefused: () => undefined,
      report: () => undefined,
    });
  }

  async start(): Promise<this> {
    this.address = `127.0.0.1:${await this.server.listen(0, '127.0.0.1')}`;
    return this;
  }

  async stop(): Promise<void> {
    this.credentials.stop();
    await this.server.close();
  }
}

/** An authority and whom it has admitted. */
export class Cluster {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-cluster-'));
  private authority!: Authority;

  async open(): Promise<void> {
    this.authority = await Authority.open(this.folder);
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }

  async credentials(node: string, roles: readonly string[]): Promise<Credentials> {
    const { publicKey, privateKey } = newKeyPair();
    const issue = () => this.authority.issue({ node, roles }, publicKey);
    return new Credentials(
      { authority: this.authority.certificate, certificate: await issue(), privateKey },
      issue,
      () => undefined,
      () => undefined,
    );
  }

  async behind(): Promise<Behind> {
    const node = uuidv7();
    return new Behind(node, await this.credentials(node, ['pro'])).start();
  }
}
