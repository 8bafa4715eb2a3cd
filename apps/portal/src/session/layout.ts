import { formatDuration } from '../format.js';

const END_REASONS: Record<string, string> = {
  closed: 'It was closed.',
  idle: 'Nobody used it for a while.',
  crashed: 'Its process ended by itself.',
  'node-lost': 'Its server was lost.',
  drained: 'Its server was taken out of service.',
  'failed-to-start': 'The app could not be opened.',
  'no-server': 'No server could take it.',
  'left-line': 'It was not opened.',
  'seat-freed': 'It lost its seat.',
};

/** "crashed: out of memory" → a sentence, then what the process said. */
export const endReasonText = (reason: string): string => {
  const [, code = '', message = ''] = /^([\w-]+)(?:: ([^]*))?$/.exec(reason) ?? [];
  const sentence = END_REASONS[code];
  return sentence ? `${sentence} ${message}`.trim() : reason;
};

/** How far the data that was kept of an ended session is behind its end. */
export const savedText = ({
  savedAt,
  endedAt,
}: {
  savedAt: number | null;
  endedAt: number | null;
}): string => {
  const seconds = savedAt === null || endedAt === null ? 0 : (endedAt - savedAt) / 1000;
  return seconds < 1 ? 'as it was at the end' : `${formatDuration(seconds)} before the end`;
};

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
/** What a run found comes before what follows from the inputs alone. */
export const resultsOf = <I extends Shown>(identifiers: readonly I[]) => [
  ...identifiers.filter(({ kind }) => kind === 'output'),
  ...identifiers.filter(({ kind }) => kind === 'derived'),
];
