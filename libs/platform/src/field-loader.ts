import DataLoader from 'dataloader';

/** For a field of many rows that takes arguments: what is asked with the same ones at once is one query. */
export class FieldLoader<Args extends object, Value> {
  private readonly loader: DataLoader<{ id: string; args: Args }, Value>;

  /** @param read the values of these ids, each in its id's place */
  constructor(read: (ids: readonly string[], args: Args) => Promise<readonly Value[]>) {
    this.loader = new DataLoader(
      async (asked) => {
        const groups = new Map<string, { args: Args; places: number[] }>();
        asked.forEach(({ args }, place) => {
          const key = JSON.stringify(args);
          const group = groups.get(key) ?? { args, places: [] };
          group.places.push(place);
          groups.set(key, group);
        });
        const values = new Array<Value>(asked.length);
        await Promise.all(
          [...groups.values()].map(async ({ args, places }) => {
            const found = await read(
              places.map((place) => asked[place]!.id),
              args,
            );
            places.forEach((place, index) => (values[place] = found[index]!));
          }),
        );
        return values;
      },
      { cache: false },
    );
  }

  load(id: string, args: Args): Promise<Value> {
    return this.loader.load({ id, args });
  }
}

/** The rows of each of these, for a loader that reads them with one query. */
export const rowsOfEach = <Row>(
  ids: readonly string[],
  rows: readonly Row[],
  of: (row: Row) => string,
): readonly Row[][] => {
  const by = new Map<string, Row[]>();
  for (const row of rows) {
    const those = by.get(of(row));
    if (those) those.push(row);
    else by.set(of(row), [row]);
  }
  return ids.map((id) => by.get(id) ?? []);
};
