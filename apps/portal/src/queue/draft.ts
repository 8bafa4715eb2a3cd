/** The policy of the queue as it is being edited: all text, so that whatever is typed stays. Pure. */
export type Row = Readonly<Record<string, string>>;

export interface Draft {
  readonly rules: readonly Row[];
  readonly limits: readonly Row[];
  readonly profiles: readonly Row[];
  readonly quotas: readonly Row[];
  readonly fair: boolean;
}

export type Part = Exclude<keyof Draft, 'fair'>;

type Fields = Readonly<Record<string, unknown>>;

const NUMBERS: ReadonlySet<string> = new Set([
  'priority',
  'running',
  'capacity',
  'memoryMiB',
  'cores',
  'jobs',
  'coreHours',
  'storageGiB',
]);

/** `{ user: 'ada', app: 'x' }` ↔ `user=ada app=x`, one of them a line. */
const whoText = (who: Fields): string =>
  Object.entries(who)
    .map(([name, pattern]) => `${name}=${String(pattern)}`)
    .join(' ');
const whoOf = (line: string): Fields =>
  Object.fromEntries(
    line
      .trim()
      .split(/ +(?=(?:user|group|app)=)/)
      .map((part) => split(part)),
  );

/** At the first `=`; without one the name stands alone, and the server says what is wrong with it. */
const split = (text: string): readonly [string, string] => {
  const at = text.indexOf('=');
  return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1)];
};

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');

const textOf = (name: string, value: unknown): string => {
  if (name === 'labels') return (value as readonly string[]).join(', ');
  if (name === 'for') return (value as readonly Fields[]).map(whoText).join('\n');
  if (name === 'environment')
    return Object.entries(value as Fields)
      .map(([variable, set]) => `${variable}=${String(set)}`)
      .join('\n');
  return String(value);
};

const valueOf = (name: string, text: string): unknown => {
  if (name === 'labels')
    return text
      .split(',')
      .map((label) => label.trim())
      .filter(Boolean);
  if (name === 'for') return lines(text).map(whoOf);
  if (name === 'environment') return Object.fromEntries(lines(text).map(split));
  // What is no number goes to the server as it is: its answer names the field.
  return NUMBERS.has(name) && Number.isFinite(Number(text)) ? Number(text) : text.trim();
};

const rowOf = (fields: Fields): Row =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, textOf(name, value)]));

const fieldsOf = (row: Row): Fields =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([, text]) => text.trim() !== '')
      .map(([name, text]) => [name, valueOf(name, text)]),
  );

type Document = Readonly<Record<Part, readonly Fields[]>> & { readonly fair: boolean };

export const draftOf = (document: unknown): Draft => {
  const { rules, limits, profiles, quotas, fair } = document as Document;
  return {
    rules: rules.map(rowOf),
    limits: limits.map(rowOf),
    profiles: profiles.map(rowOf),
    quotas: quotas.map(rowOf),
    fair,
  };
};

export const documentOf = ({ rules, limits, profiles, quotas, fair }: Draft): Document => ({
  rules: rules.map(fieldsOf),
  limits: limits.map(fieldsOf),
  profiles: profiles.map(fieldsOf),
  quotas: quotas.map(fieldsOf),
  fair,
});

const PARTS: readonly (readonly [Part, string])[] = [
  ['rules', 'rule'],
  ['limits', 'limit'],
  ['profiles', 'profile'],
  ['quotas', 'quota'],
];

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

/** What saving would change, one sentence each. */
export const changesOf = (before: Draft, after: Draft): readonly string[] => {
  const sentences: string[] = [];
  for (const [part, noun] of PARTS) {
    const [old, now] = [before[part], after[part]].map((rows) =>
      rows.map((row) => JSON.stringify(fieldsOf(row))),
    );
    const added = now!.filter((row) => !old!.includes(row)).length;
    const gone = old!.filter((row) => !now!.includes(row)).length;
    const changed = Math.min(added, gone);
    if (changed > 0) sentences.push(`${count(changed, noun)} changed.`);
    if (added > changed) sentences.push(`${count(added - changed, noun)} added.`);
    if (gone > changed) sentences.push(`${count(gone - changed, noun)} removed.`);
  }
  if (before.fair !== after.fair)
    sentences.push(
      after.fair
        ? 'Of owners with equal priority, whoever has fewer running goes first.'
        : 'Among jobs of equal priority the oldest goes first, whoever has how many running.',
    );
  return sentences;
};

/** Profiles that would have fewer places than run now, or be gone. */
export const consequencesOf = (
  before: Draft,
  after: Draft,
  use: readonly { readonly running: number; readonly waiting: number }[],
): readonly string[] =>
  before.profiles.flatMap(({ name = '' }, index) => {
    const { running = 0, waiting = 0 } = use[index] ?? {};
    const then = after.profiles.find((profile) => profile['name'] === name);
    if (!then)
      return waiting + running > 0
        ? [
            `${count(waiting, 'job')} that ${waiting === 1 ? 'waits' : 'wait'} for profile ${name} will not start: it is gone.`,
          ]
        : [];
    return running > Number(then['capacity'])
      ? [
          `${count(running, 'job')} of profile ${name} run now: they go on, and none starts until fewer than ${then['capacity']} run.`,
        ]
      : [];
  });
