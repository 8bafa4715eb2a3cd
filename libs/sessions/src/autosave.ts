/** How long changes may be unsaved, and how much saving them may cost. All in milliseconds. */
export interface SavePace {
  /** So long nothing has changed: then it is saved. */
  readonly settleMs: number;
  /** While changes go on and on, they are saved after so long. */
  readonly longestMs: number;
  /** Between two saves. */
  readonly spacingMs: number;
}

export const SAVE_PACE: SavePace = { settleMs: 2000, longestMs: 10_000, spacingMs: 10_000 };

/** The process that saves cannot take edits meanwhile: at most a twentieth of its time goes there. */
const REST = 20;
/** Every save may leave as many new bytes in the storage as the data has. */
const BYTES_PER_MS = 256;

/** When changes are due, the first and last of which came then; `free` = not before. */
export const saveDueAt = (
  { settleMs, longestMs }: SavePace,
  { first, last, free }: { first: number; last: number; free: number },
): number => Math.max(free, Math.min(last + settleMs, first + longestMs));

/** When the next save may be, after one that cost so much. */
export const freeAgainAt = (
  { spacingMs }: SavePace,
  { at, tookMs, bytes }: { at: number; tookMs: number; bytes: number },
): number => at + Math.max(spacingMs, REST * tookMs, bytes / BYTES_PER_MS);

export interface AutosaveNeeds {
  /** Keeps the data as it is now. */
  save(): Promise<{ readonly digest: string; readonly bytes: number }>;
  /** Other data than before is kept. */
  onSaved(digest: string): Promise<void>;
  onError(error: unknown): void;
}

/** Keeps a session's data a moment after its changes settle, so that little is lost with its server. */
export class Autosave {
  /** When the first change came that is not saved. */
  private first: number | null = null;
  private last = 0;
  private free = 0;
  private timer: NodeJS.Timeout | undefined;
  private saving: Promise<void> = Promise.resolve();
  private stopped = false;

  /** @param saved what is kept already: the same data again is not told again */
  constructor(
    private readonly needs: AutosaveNeeds,
    private saved: string | null,
    private readonly pace: SavePace = SAVE_PACE,
  ) {}

  changed(): void {
    this.last = performance.now();
    this.first ??= this.last;
    this.schedule();
  }

  /** Saves what is unsaved, without waiting any longer. Never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    return (this.saving = this.saving.then(() => this.saveNow()));
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private schedule(): void {
    clearTimeout(this.timer);
    const { first, last, free } = this;
    if (first === null || this.stopped) return;
    const due = saveDueAt(this.pace, { first, last, free });
    this.timer = setTimeout(() => void this.flush(), Math.max(0, due - performance.now())).unref();
  }

  private async saveNow(): Promise<void> {
    const { first } = this;
    if (first === null || this.stopped) return;
    const began = performance.now();
    let bytes = 0;
    this.first = null;
    try {
      const kept = await this.needs.save();
      bytes = kept.bytes;
      if (kept.digest !== this.saved) await this.needs.onSaved(kept.digest);
      this.saved = kept.digest;
    } catch (error) {
      this.first = first;
      if (!this.stopped) this.needs.onError(error);
    }
    const at = performance.now();
    this.free = freeAgainAt(this.pace, { at, tookMs: at - began, bytes });
    this.schedule();
  }
}
