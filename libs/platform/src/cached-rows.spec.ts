import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Change, type Projection, type ReadSide, START } from '@openpro/eventstore';
import { DataSource, type Logger } from 'typeorm';
import { appendTo, noted, type NoteRow, notes, Servers } from '../../eventstore/src/read-side.fixture.js';
import { CachedRows } from './cached-rows.js';

const PATIENCE_MS = 30_000;
const projection: Projection<NoteRow> = notes;

describe('cached rows', () => {
  let servers: Servers;
  let readSide: ReadSide;
  let db: DataSource;
  let rows: CachedRows<NoteRow>;
  const queries: string[] = [];

  beforeEach(async () => {
    servers = await Servers.open();
    readSide = servers.start({ projections: [notes] as never });
    db = new DataSource({
      type: 'postgres',
      url: servers.database.appUrl,
      logging: ['query'],
      logger: { logQuery: (sql: string) => void queries.push(sql) } as Logger,
    });
    await db.initialize();
    rows = new CachedRows(db, projection, readSide);
  });
  afterEach(async () => {
    await db.destroy();
    await servers.close();
  });

  const note = async (stream: string, text: string): Promise<void> => {
    const position = await appendTo(servers.store, stream, noted(text));
    expect(await readSide.waitFor(notes.name, position, PATIENCE_MS)).toBe(true);
  };
  const textOf = async (key: string) => (await rows.row(key))?.text;

  /** The table as nobody may change it: what shows it has been read, what does not was remembered. */
  const forge = (text: string) => servers.admin.query('UPDATE notes SET text = $1', [text]);

  it('reads a row once and shows it at once from then on', async () => {
    await note('a', 'first');
    expect(await textOf('a')).toBe('first');
    await forge('forged');
    expect(rows.view('a', (row) => row?.text)).toBe('first');
  });

  it('shows what was committed last, as soon as that is known', async () => {
    await note('a', 'first');
    await note('b', 'first');
    expect([await textOf('a'), await textOf('b')]).toEqual(['first', 'first']);
    await note('a', 'second');
    await forge('read again');
    expect([await textOf('a'), await textOf('b')]).toEqual(['read again', 'first']);
  });

  it('does not remember what changed while it was read', async () => {
    const answers = ['before the change', 'after the change'];
    let committed: (change: Change) => void = () => undefined;
    const query = () => {
      const text = answers.shift();
      if (answers.length > 0) committed({ projection: notes.name, keys: ['a'], position: START });
      return Promise.resolve([{ id: 'a', text }]);
    };
    const changing = new CachedRows<NoteRow>({ query } as unknown as DataSource, projection, {
      onCommitted: (listener: typeof committed) => (committed = listener),
    } as unknown as ReadSide);
    expect((await changing.row('a'))?.text).toBe('before the change');
    expect((await changing.row('a'))?.text).toBe('after the change');
    expect((await changing.row('a'))?.text).toBe('after the change');
  });

  it('asks again for what was not there', async () => {
    expect(await rows.row('a')).toBeNull();
    expect(await rows.view('a', (row) => row)).toBeNull();
    await note('a', 'first');
    expect(await textOf('a')).toBe('first');
  });

  it('reads the keys of one tick in one query, whatever their order and number', async () => {
    await note('a', 'first');
    await note('b', 'second');
    queries.length = 0;
    const texts = await Promise.all(['b', 'x', 'a', 'b'].map(textOf));
    expect(texts).toEqual(['second', undefined, 'first', 'second']);
    expect(queries).toHaveLength(1);
  });

  it('forgets the oldest beyond a thousand', async () => {
    await note('a', 'first');
    await servers.admin.query(
      `INSERT INTO notes SELECT 'n' || n, 'many', 1, '[]', 0, false, null FROM generate_series(1, 1000) n`,
    );
    expect(await textOf('a')).toBe('first');
    await Promise.all(Array.from({ length: 1000 }, (_, n) => rows.row(`n${n + 1}`)));
    await forge('read again');
    expect([await textOf('a'), await textOf('n1000')]).toEqual(['read again', 'many']);
  });
});
