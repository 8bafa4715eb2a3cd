/** How a page is made of an app's interface. Pure. */
export interface Shown {
  readonly name: string;
  readonly label: string;
  readonly group: string | null;
  readonly kind: string;
  readonly type: string;
  readonly domain: readonly string[];
  readonly view: string | null;
}

export interface Group<I> {
  readonly title: string;
  readonly scalars: readonly I[];
  readonly texts: readonly I[];
  readonly tables: readonly I[];
}

const isText = ({ type, view, domain }: Shown) => domain.length === 0 && type === 'utf8' && view === 'text';

/** Latitudes and longitudes are data, but nobody edits them first. */
const isCoordinate = ({ view }: Shown) => view === 'map-lat' || view === 'map-lon';

/** Inputs or results under their headings, in the app's own order. */
export const groupsOf = <I extends Shown>(
  identifiers: readonly I[],
  untitled: string,
): readonly Group<I>[] => {
  const groups = new Map<string, I[]>();
  for (const identifier of identifiers) {
    const title = identifier.group ?? untitled;
    groups.set(title, [...(groups.get(title) ?? []), identifier]);
  }
  return [...groups].map(([title, members]) => ({
    title,
    scalars: members.filter((identifier) => identifier.domain.length === 0 && !isText(identifier)),
    texts: members.filter(isText),
    tables: members
      .filter(({ domain }) => domain.length > 0)
      .sort((a, b) => Number(isCoordinate(a)) - Number(isCoordinate(b))),
  }));
};

export const inputsOf = <I extends Shown>(identifiers: readonly I[]) =>
  identifiers.filter(({ kind }) => kind === 'input');
export const resultsOf = <I extends Shown>(identifiers: readonly I[]) =>
  identifiers.filter(({ kind }) => kind !== 'input');
