import type { Projection, ReadSide } from '@openpro/eventstore';
import DataLoader from 'dataloader';
import type { DataSource } from 'typeorm';
import { readRows } from './read-page.js';

const REMEMBERED = 1000;

/**
 * Rows that hardly ever change, by key: remembered until the read model reports a change of theirs, so that a list
 * that names them costs no query. Keys asked for in one tick are read in one query.
 */
export class CachedRows<Row extends object> {
  private readonly known = new Map<string, Row>();
  private readonly loader = new DataLoader<string, Row | null>((keys) => this.read(keys), { cache: false });
  private changes = 0;

  constructor(
    private readonly db: DataSource,
    private readonly projection: Projection<Row>,
    readSide: ReadSide,
    private readonly most = REMEMBERED,
  ) {
    readSide.onCommitted((change) => {
      if (change.projection !== projection.name) return;
      this.changes += 1;
      for (const key of change.keys) this.known.delete(key);
    });
  }

  row(key: string): Promise<Row | null> {
    return Promise.resolve(this.known.get(key) ?? this.loader.load(key));
  }

  /** The row as `view` shows it; at once when it is known. */
  view<View>(key: string, view: (row: Row | null) => View): View | Promise<View> {
    const known = this.known.get(key);
    return known ? view(known) : this.loader.load(key).then(view);
  }

  private async read(keys: readonly string[]): Promise<(Row | null)[]> {
    const before = this.changes;
    const { projection } = this;
    const columns = Object.keys(projection.columns) as (keyof Row & string)[];
    const rows = (await readRows(this.db, projection, columns, keys)) as (Row | null)[]; // all columns: whole rows
    // What changed while we read must not be remembered as it was.
    if (before === this.changes) keys.forEach((key, index) => this.remember(key, rows[index] ?? null));
    return rows;
  }

  private remember(key: string, row: Row | null): void {
    if (!row) return;
    if (this.known.size >= this.most) this.known.delete(this.known.keys().next().value ?? '');
    this.known.set(key, row);
  }
}
