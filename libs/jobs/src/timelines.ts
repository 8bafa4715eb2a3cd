import type { EventStore } from '@openpro/eventstore';
import { badInput, FieldLoader } from '@openpro/platform';

/** What happened to jobs, or to whatever else, oldest first; of a long story the end. One read finds it for a page. */
export class Timelines {
  private readonly loader = new FieldLoader(async (ids: readonly string[], { last }: { last: number }) => {
    const streams = ids.map((id) => `${this.aggregate}-${id}`);
    return (await this.store.readLast(streams, last)).map((events) =>
      events
        .toReversed()
        .map(({ position, event: { type, ...data }, at, actor }) => ({ position, type, at, actor, data })),
    );
  });

  constructor(
    private readonly store: EventStore,
    private readonly aggregate: string,
    private readonly most: number,
  ) {}

  of(id: string, last: number) {
    if (!(last >= 1 && last <= this.most)) throw badInput('last', `last is ${last}`, `1 to ${this.most}`);
    return this.loader.load(id, { last });
  }
}
