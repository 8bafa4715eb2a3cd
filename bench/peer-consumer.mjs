// JavaScript, so that the product's type check does not need the peer's packages.
import { randomUUID } from 'node:crypto';

export const emmettConsumer = async ({ ownerUrl }, onEvent) => {
  const { getPostgreSQLEventStore, postgreSQLEventStoreConsumer } =
    await import('@event-driven-io/emmett-postgresql');
  const { STREAM_DOES_NOT_EXIST } = await import('@event-driven-io/emmett');
  const store = getPostgreSQLEventStore(ownerUrl);
  await store.schema.migrate();
  const consumer = postgreSQLEventStoreConsumer({ connectionString: ownerUrl });
  consumer.reactor({ processorId: 'bench', eachMessage: ({ data }) => onEvent(data) });
  const running = consumer.start();
  return {
    append: (data) =>
      store.appendToStream(`job-${randomUUID()}`, [{ type: 'JobQueued', data }], {
        expectedStreamVersion: STREAM_DOES_NOT_EXIST,
      }),
    close: async () => {
      await consumer.close();
      await running.catch(() => undefined);
      await store.close();
    },
  };
};
