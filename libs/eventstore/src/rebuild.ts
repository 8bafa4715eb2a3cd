import type pg from 'pg';
import { CatchUp, type Health, type Shared, type Work } from './catch-up.js';
import { type Checkpoint, loadCheckpoints } from './checkpoint.js';
import type { Position, Recorded } from './event-store.js';
import { ProjectionFold } from './projection-fold.js';
import { type AnyProjection, RowTable } from './rows.js';

const SCHEMA = 'rebuild';

/**
 * Builds a projection's rows from the first event on in a table of its own, `rebuild.<name>`, while the old rows are
 * read and kept up to date. When it has caught up, the rows that differ are put in place in one transaction: readers
 * see the old table or the new one, and grants, indexes and foreign names stay as the migrations made them.
 *
 * Its checkpoint is `rebuild.<name>@<version>`: a restart goes on where it was, and several servers may build together.
 */
export class Rebuild implements Work {
  readonly finished: Promise<void>;
  private readonly fold: ProjectionFold;
  private readonly catchUp: CatchUp;
  private readonly checkpointName: string;
  private begun = false;
  private settle!: { resolve: () => void; reject: (error: Error) => void };

  /** @param why a new version is not built again when another server has put it in place meanwhile */
  constructor(
    private readonly projection: AnyProjection,
    private readonly why: 'asked' | 'new version',
    private readonly shared: Shared,
    private readonly onFinished: () => void,
  ) {
    this.checkpointName = `${Rebuild.baseOf(projection.name)}@${projection.version}`;
    this.finished = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.finished.catch(() => undefined); // nobody has to wait for it
    this.fold = new ProjectionFold(projection, SCHEMA, shared);
    this.catchUp = new CatchUp(this.checkpointName, this, shared);
    this.catchUp.start();
  }

  static baseOf(projection: string): string {
    return `${SCHEMA}.${projection}`;
  }

  async stop(): Promise<void> {
    await this.catchUp.stop();
    this.settle.reject(
      new Error(`The rebuild of ${this.projection.name} was stopped; it goes on at the next start`),
    );
  }

  resume(): void {
    this.catchUp.resume();
  }

  health(): Health {
    return this.catchUp.health();
  }

  concerns(recorded: Recorded): boolean {
    return this.fold.concerns(recorded);
  }

  async open(): Promise<Checkpoint | string> {
    this.fold.forget();
    const base = Rebuild.baseOf(this.projection.name);
    const own = async () =>
      (await loadCheckpoints(this.shared.pool, base)).find(({ name }) => name === this.checkpointName);
    const found = (await own()) ?? (this.begun ? undefined : await this.begin().then(own));
    this.begun = true;
    return found ?? this.done();
  }

  apply(events: readonly Recorded[], upTo: Position, from: Checkpoint): Promise<Checkpoint | undefined> {
    return this.fold.apply(events, upTo, from);
  }

  applied(): void {
    // Nobody reads these rows yet.
  }

  async between(
    from: Checkpoint,
    { position, atEnd }: { position: Position; atEnd: boolean },
  ): Promise<Checkpoint | undefined> {
    if (!atEnd || !(await this.inTransaction((db) => this.putInPlace(db, from, position)))) return from;
    this.done();
    return undefined;
  }

  private done(): string {
    this.catchUp.finish();
    this.settle.resolve();
    this.onFinished();
    this.shared.report({ level: 'info', source: this.checkpointName, message: 'finished' });
    return 'finished';
  }

  private begin(): Promise<void> {
    const { projection, checkpointName } = this;
    const { rows } = this.fold;
    return this.inTransaction(async (db) => {
      const { rowCount } = await db.query(
        `INSERT INTO checkpoint (name)
         SELECT $1 WHERE $2 OR NOT EXISTS (SELECT FROM checkpoint WHERE name = $3)
         ON CONFLICT DO NOTHING`,
        [checkpointName, this.why === 'asked', `${projection.name}@${projection.version}`],
      );
      if (rowCount === 0) return; // another server has begun, or has finished already
      await db.query(`DELETE FROM checkpoint WHERE split_part(name, '@', 1) = $1 AND name <> $2`, [
        Rebuild.baseOf(projection.name),
        checkpointName,
      ]);
      await db.query(`DROP TABLE IF EXISTS ${rows.sqlName}`);
      // Half-empty pages: a row changes many times while it is built, and so each time within its page.
      await db.query(
        `CREATE TABLE ${rows.sqlName} (LIKE ${new RowTable(projection, 'public').sqlName}, PRIMARY KEY (${rows.sqlKey}))
         WITH (fillfactor = 50)`,
      );
    });
  }

  /** False when the old rows are further than the new ones: nobody may see the read model go back. */
  private async putInPlace(db: pg.ClientBase, from: Checkpoint, position: Position): Promise<boolean> {
    const { name, version } = this.projection;
    const built = this.fold.rows;
    const live = new RowTable(this.projection, 'public');
    // Before any row lock: another server's builder waits for such a row while it holds this table.
    await db.query(`LOCK TABLE ${built.sqlName} IN ACCESS EXCLUSIVE MODE`);
    const own = await db.query('SELECT FROM checkpoint WHERE name = $1 AND revision = $2 FOR UPDATE', [
      from.name,
      from.revision,
    ]);
    const ahead = await db.query<{ ahead: boolean }>(
      `SELECT position > $2 AS ahead FROM checkpoint WHERE split_part(name, '@', 1) = $1 FOR UPDATE`,
      [name, position],
    );
    if (own.rowCount === 0 || ahead.rows.some((row) => row.ahead)) return false;
    await db.query(
      `DELETE FROM ${live.sqlName} l WHERE NOT EXISTS (SELECT FROM ${built.sqlName} b WHERE b.${built.sqlKey} = l.${live.sqlKey})`,
    );
    await db.query(
      `INSERT INTO ${live.sqlName} (${live.sqlColumns})
       SELECT ${built.sqlColumns} FROM ${built.sqlName} b
       WHERE NOT EXISTS (
         SELECT FROM ${live.sqlName} l WHERE l.${live.sqlKey} = b.${built.sqlKey} AND ${live.sqlSame('l', 'b')}
       )
       ${live.sqlReplace}`,
    );
    await db.query(`DROP TABLE ${built.sqlName}`);
    await db.query(`DELETE FROM checkpoint WHERE split_part(name, '@', 1) = $1 OR name = $2`, [
      name,
      from.name,
    ]);
    await db.query('INSERT INTO checkpoint (name, position) VALUES ($1, $2)', [
      `${name}@${version}`,
      position,
    ]);
    return true;
  }

  private async inTransaction<T>(work: (db: pg.ClientBase) => Promise<T>): Promise<T> {
    const db = await this.shared.pool.connect();
    let failed = true;
    try {
      await db.query('BEGIN');
      const result = await work(db);
      await db.query('COMMIT');
      failed = false;
      return result;
    } finally {
      db.release(failed); // a connection in an unknown state is closed, which rolls back
    }
  }
}
