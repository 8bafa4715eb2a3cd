import type { CaseData } from '@openpro/engine';
import { makeFolder } from '@openpro/kernel';
import { FolderBlobStore, loadCase, loadManifest, saveCase } from '@openpro/storage';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CaseOf } from './session-hosts.js';

/** So long the data of a session can be opened again after its end. */
export const KEPT_MS = 30 * 24 * 3_600_000;
const SWEEP_EVERY_MS = 24 * 3_600_000;

/** The data that a session kept: blobs in a folder of its own. */
export interface Saved {
  readonly session: string;
  readonly digest: string;
}

/** Of a session that lives here: its folder once it is made, and the blobs of its last savings, the newest last. */
interface Here {
  blobs: FolderBlobStore | null;
  savings: readonly ReadonlySet<string>[];
}

/**
 * What sessions kept of their data, in the storage that all servers share. Of each session only the last two savings
 * stay: the newest, and the one before, which its stream names until the newest is recorded. So a session takes at
 * most twice its data, however long somebody works in it.
 */
export class SavedData {
  private readonly here = new Map<string, Here>();
  private sweeping: NodeJS.Timeout | undefined;

  /** @param endOf when a session has ended; null: not yet, undefined: nobody knows of it */
  constructor(
    private readonly folder: string,
    private readonly endOf: (session: string) => Promise<number | null | undefined>,
  ) {}

  /** @throws when the session was forgotten meanwhile: nobody will ever name what was kept */
  async keep(session: string, of: CaseOf, data: CaseData): Promise<string> {
    const here = this.here.get(session) ?? { blobs: null, savings: [] };
    this.here.set(session, here);
    try {
      const blobs = (here.blobs ??= this.make(session));
      const digest = await saveCase(blobs, of, data);
      const { sets, identifiers } = await loadManifest(blobs, digest);
      const newest = new Set([digest, ...[...sets, ...identifiers].map(({ sha256 }) => sha256)]);
      if (this.here.get(session) !== here) {
        await removeUnnamed(blobs, newest, here.savings);
        throw new Error('The session ended while its data was kept');
      }
      const [old, ...rest] = [...here.savings, newest];
      here.savings = rest.length < 2 && old ? [old, ...rest] : rest;
      if (rest.length === 2 && old) await removeUnnamed(blobs, old, rest);
      return digest;
    } catch (error) {
      here.blobs = null; // the storage may have gone, and be another when it comes back
      throw error;
    }
  }

  /** The session lives here no more; what it kept stays. */
  forget(session: string): void {
    this.here.delete(session);
  }

  async has({ session, digest }: Saved): Promise<boolean> {
    return (await this.find(session))?.has(digest) ?? false;
  }

  async load({ session, digest }: Saved): Promise<CaseData> {
    const blobs = await this.find(session);
    if (!blobs) throw new Error('What was kept of the session is not there');
    return (await loadCase(blobs, digest)).data;
  }

  /** Now and every day. */
  sweepDaily(report: (error: unknown) => void): void {
    const sweep = (): void => void this.sweep(Date.now()).catch(report);
    this.sweeping = setInterval(sweep, SWEEP_EVERY_MS).unref();
    sweep();
  }

  onModuleDestroy(): void {
    clearInterval(this.sweeping);
  }

  /**
   * Removes what was kept of sessions that ended longer ago than `KEPT_MS`, or that nobody knows. Several servers may
   * do it at once.
   */
  async sweep(now: number): Promise<void> {
    for (const session of await readdir(this.folder).catch(() => [])) {
      const own = path.join(this.folder, session);
      // Blobs are written there before they get their place, so it changes with each saving.
      const last = await stat(path.join(own, '.part')).catch(() => stat(own).catch(() => null));
      if (!last || now - last.mtimeMs <= KEPT_MS) continue;
      const end = await this.endOf(session);
      if (end === undefined || (end !== null && now - end > KEPT_MS))
        await rm(own, { recursive: true, force: true });
    }
  }

  /** Makes the folder of all sessions too, and never the storage itself: while that is away nothing may stand in its place. */
  private make(session: string): FolderBlobStore {
    makeFolder(this.folder);
    return new FolderBlobStore(path.join(this.folder, session));
  }

  private async find(session: string): Promise<FolderBlobStore | null> {
    const own = path.join(this.folder, session);
    return (await stat(own).catch(() => null)) && new FolderBlobStore(own);
  }
}

const removeUnnamed = async (
  blobs: FolderBlobStore,
  saving: ReadonlySet<string>,
  others: readonly ReadonlySet<string>[],
): Promise<void> => {
  for (const blob of saving) if (others.every((other) => !other.has(blob))) await blobs.remove(blob);
};
