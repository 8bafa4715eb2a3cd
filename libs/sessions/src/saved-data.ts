import type { CaseData } from '@openpro/engine';
import { FolderBlobStore, loadCase, loadManifest, saveCase } from '@openpro/storage';
import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CaseOf } from './session-hosts.js';

/** So long the data of a session can be opened again after it was kept last. */
export const KEPT_MS = 30 * 24 * 3_600_000;

/** The data that a session kept: blobs in a folder of its own. */
export interface Saved {
  readonly session: string;
  readonly digest: string;
}

/**
 * What sessions kept of their data, in the storage that all servers share. Of each session only the last two savings
 * stay: the newest, and the one before, which its stream names until the newest is recorded. So a session takes at
 * most twice its data, however long somebody works in it.
 */
export class SavedData {
  /** By session that lives here: the blobs of its last savings, the newest last. */
  private readonly savings = new Map<string, readonly ReadonlySet<string>[]>();

  constructor(private readonly folder: string) {}

  async keep(session: string, of: CaseOf, data: CaseData): Promise<string> {
    const blobs = this.blobs(session);
    const digest = await saveCase(blobs, of, data);
    const { sets, identifiers } = await loadManifest(blobs, digest);
    const newest = new Set([digest, ...[...sets, ...identifiers].map(({ sha256 }) => sha256)]);
    const [old, ...rest] = [...(this.savings.get(session) ?? []), newest];
    if (rest.length < 2) this.savings.set(session, old ? [old, ...rest] : rest);
    else {
      this.savings.set(session, rest);
      for (const blob of old ?? []) if (rest.every((saving) => !saving.has(blob))) await blobs.remove(blob);
    }
    return digest;
  }

  /** The session lives here no more; what it kept stays. */
  forget(session: string): void {
    this.savings.delete(session);
  }

  has({ session, digest }: Saved): boolean {
    return existsSync(path.join(this.folder, session)) && existsSync(this.blobs(session).path(digest));
  }

  async load({ session, digest }: Saved): Promise<CaseData> {
    return (await loadCase(this.blobs(session), digest)).data;
  }

  /** Removes what was kept longer ago than `KEPT_MS`. Several servers may do it at once. */
  async sweep(now: number): Promise<void> {
    for (const session of await readdir(this.folder).catch(() => [])) {
      const own = path.join(this.folder, session);
      // In this folder blobs are written before they get their place: it changes with each saving.
      const last = await stat(path.join(own, '.part')).catch(() => null);
      if (last && now - last.mtimeMs > KEPT_MS) await rm(own, { recursive: true, force: true });
    }
  }

  private blobs(session: string): FolderBlobStore {
    return new FolderBlobStore(path.join(this.folder, session));
  }
}
