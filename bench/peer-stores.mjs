// The event stores of npm that are measured beside ours, each as its documentation says.
// JavaScript, so that the product's type check does not need their packages.
import { randomUUID } from 'node:crypto';
import pg from 'pg';

export const castore = async ({ ownerUrl, host, port }) => {
  const { PostgresEventStorageAdapter } = await import('@castore/event-storage-adapter-postgres');
  const { username, pathname } = new URL(ownerUrl);
  // Its driver takes a socket folder from the environment only.
  Object.assign(process.env, { PGHOST: host, PGPORT: String(port), PGUSER: username });
  const connectionString = `postgres://${pathname}`;
  await PostgresEventStorageAdapter.createEventTable({ connectionString });
  const adapter = new PostgresEventStorageAdapter({ connectionString });
  return {
    name: 'castore',
    append: ({ type, data }) =>
      adapter.pushEvent(
        {
          aggregateId: randomUUID(),
          version: 1,
          type,
          payload: data,
          metadata: { correlation: randomUUID() },
        },
        { eventStoreId: 'job' },
      ),
    close: () => Promise.resolve(),
  };
};

/** message-db is a set of PostgreSQL functions; this is write_message as documented: a lock per category, a version per stream. */
const MESSAGE_DB = `
  CREATE TABLE messages (
    id uuid NOT NULL UNIQUE,
    stream_name text NOT NULL,
    type text NOT NULL,
    position bigint NOT NULL,
    global_position bigserial PRIMARY KEY,
    data jsonb,
    metadata jsonb,
    time timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc'),
    UNIQUE (stream_name, position)
  );
  CREATE FUNCTION category(stream_name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT split_part(stream_name, '-', 1) $$;
  CREATE INDEX messages_category ON messages (category(stream_name), global_position, category(metadata ->> 'correlationStreamName'));
  CREATE FUNCTION write_message(id text, stream text, type text, data jsonb, metadata jsonb, expected bigint) RETURNS bigint
  LANGUAGE plpgsql AS $$
  DECLARE
    version bigint;
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(category(stream), 0));
    SELECT coalesce(max(m.position), -1) INTO version FROM messages m WHERE m.stream_name = stream;
    IF expected IS NOT NULL AND expected <> version THEN
      RAISE 'Wrong expected version: % (Stream: %, Stream Version: %)', expected, stream, version;
    END IF;
    INSERT INTO messages (id, stream_name, position, type, data, metadata)
      VALUES (write_message.id::uuid, stream, version + 1, write_message.type, write_message.data, write_message.metadata);
    RETURN version + 1;
  END $$`;

export const messageDb = async ({ ownerUrl }) => {
  const pool = new pg.Pool({ connectionString: ownerUrl });
  await pool.query(MESSAGE_DB);
  const write = (client, { type, data }) =>
    client.query({
      name: 'write',
      text: 'SELECT write_message($1, $2, $3, $4, $5, -1)',
      values: [randomUUID(), `job-${randomUUID()}`, type, data, { correlation: randomUUID() }],
    });
  return {
    name: 'message-db',
    append: (event) => write(pool, event),
    fill: async (count, { type, data }) => {
      await pool.query(
        `INSERT INTO messages (id, stream_name, position, type, data, metadata)
         SELECT gen_random_uuid(), 'job-' || gen_random_uuid(), 0, $1, $2, jsonb_build_object('correlation', gen_random_uuid())
         FROM generate_series(1, $3)`,
        [type, data, count],
      );
    },
    readAll: async (page) => {
      for (let seen = 0, last = 0; ;) {
        const { rows } = await pool.query({
          name: 'read',
          text: `SELECT id, stream_name, type, position, global_position, data, metadata, time FROM messages
                 WHERE global_position > $1 ORDER BY global_position LIMIT $2`,
          values: [last, page],
        });
        seen += rows.length;
        if (rows.length < page) return seen;
        last = rows.at(-1).global_position;
      }
    },
    close: () => pool.end(),
  };
};

export const emmett = async ({ ownerUrl }) => {
  const { getPostgreSQLEventStore, readMessagesBatch } = await import('@event-driven-io/emmett-postgresql');
  const { STREAM_DOES_NOT_EXIST } = await import('@event-driven-io/emmett');
  const { dumbo } = await import('@event-driven-io/dumbo');
  const store = getPostgreSQLEventStore(ownerUrl);
  await store.schema.migrate();
  const pool = dumbo({ connectionString: ownerUrl });
  const append = (events) =>
    store.appendToStream(`job-${randomUUID()}`, events, { expectedStreamVersion: STREAM_DOES_NOT_EXIST });
  return {
    name: 'Emmett',
    append: ({ type, data }) => append([{ type, data, metadata: { correlation: randomUUID() } }]),
    fill: async (count, event) => {
      for (let done = 0; done < count; done += 500)
        await append(
          Array.from({ length: 500 }, () => ({ ...event, metadata: { correlation: randomUUID() } })),
        );
    },
    readAll: async (page) => {
      for (let seen = 0, after = 0n; ;) {
        const { messages, currentGlobalPosition } = await readMessagesBatch(pool.execute, {
          after,
          batchSize: page,
        });
        seen += messages.length;
        if (messages.length < page) return seen;
        after = currentGlobalPosition;
      }
    },
    close: () => Promise.all([store.close(), pool.close()]),
  };
};
