import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Platform } from './platform.js';

/** A server on this machine that joins by a token; without `pro` it gets no credential of database or storage. */
export class Front {
  readonly dataDir = mkdtempSync(path.join(os.tmpdir(), 'openpro-front-'));
  private platform: Platform | null = null;

  /** @param env what a server with `pro` needs besides */
  constructor(private readonly env: NodeJS.ProcessEnv = { DATABASE_URL: '', OPENPRO_STORAGE: '' }) {}

  /** Comes into the cluster, with these roles. */
  async join(platform: Platform, name: string, roles: string): Promise<this> {
    const invited = await platform.cli('server', 'invite', name, '--roles', roles, '--json');
    const { token, address } = JSON.parse(invited.output.slice(invited.output.indexOf('{'))) as {
      token: string;
      address: string;
    };
    const joined = await platform.cli(
      'server',
      'join',
      address,
      token,
      '--name',
      name,
      '--data',
      this.dataDir,
    );
    if (joined.code !== 0) throw new Error(joined.errors);
    return this.start();
  }

  async start(): Promise<this> {
    this.platform = await new Platform(this.dataDir, [], this.env).start();
    return this;
  }

  get url(): string {
    return this.platform?.url ?? '';
  }

  get pid(): number {
    return this.platform?.serverPid ?? 0;
  }

  async stop(): Promise<void> {
    await this.platform?.stop();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
