/** Read in one query; what changes meanwhile is of the next one. */
const PAGE = 500;

/**
 * For those who follow whatever jobs change: each change is read once, however many follow, and what comes while one
 * query is under way is of the next one together. Everybody gets every row, and is shown what he may see.
 */
export class ChangedJobs<Row> {
  private readonly followers = new Set<(row: Row | Error) => void>();
  private readonly changed = new Set<string>();
  private reading = false;

  constructor(private readonly read: (ids: readonly string[]) => Promise<readonly (Row | null)[]>) {}

  /** Calls back with the rows as they are by now, or with why they cannot be read; returns how to stop. */
  follow(follower: (row: Row | Error) => void): () => void {
    this.followers.add(follower);
    return () => void this.followers.delete(follower);
  }

  /** These have changed. */
  changes(ids: readonly string[]): void {
    if (this.followers.size === 0) return;
    for (const id of ids) this.changed.add(id);
    if (!this.reading) void this.tell();
  }

  private async tell(): Promise<void> {
    this.reading = true;
    while (this.changed.size > 0) {
      const ids = [...this.changed].slice(0, PAGE);
      for (const id of ids) this.changed.delete(id);
      const rows = await this.rowsOf(ids);
      for (const row of rows) if (row) for (const follower of this.followers) this.show(follower, row);
    }
    this.reading = false;
  }

  private async rowsOf(ids: readonly string[]): Promise<readonly (Row | Error | null)[]> {
    try {
      return await this.read(ids);
    } catch (error) {
      return [error as Error];
    }
  }

  /** Who cannot take a row is told why, and nothing after it: it is his trouble alone. */
  private show(follower: (row: Row | Error) => void, row: Row | Error): void {
    try {
      follower(row);
    } catch (error) {
      this.followers.delete(follower);
      if (!(row instanceof Error)) this.show(follower, error as Error);
    }
  }
}
