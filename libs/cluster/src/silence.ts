import { Inject, Injectable } from '@nestjs/common';
import { NODE, type ThisNode } from '@openpro/platform';
import type { Watch } from './watch.js';

/** How long each server has been silent, as this one's watch sees it. */
@Injectable()
export class Silence {
  private watch: Pick<Watch, 'silentMs' | 'suspected'> | null = null;

  constructor(@Inject(NODE) private readonly self: Pick<ThisNode, 'id'>) {}

  /** From now on asked of this watch. */
  seenBy(watch: Pick<Watch, 'silentMs' | 'suspected'>): void {
    this.watch = watch;
  }

  /** Silent for longer than a beat may take, and not yet for so long that it counts as dead. */
  suspects(node: string): boolean {
    return this.watch?.suspected.some((life) => life.node === node) ?? false;
  }

  /** Null for a server that nobody watches, or not yet. */
  of(node: string): number | null {
    return node === this.self.id ? 0 : (this.watch?.silentMs(node) ?? null);
  }
}
