// Puts the figures of docs/figures into the README, so that it never says what no command has printed.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const BEGIN = '<!-- prettier-ignore-start -->';
const END = '<!-- prettier-ignore-end -->';

/** What the README quotes: the figure, how a row begins, which columns; a peer's row beside it. */
const QUOTED = [
  {
    figure: 'append',
    ours: '**OpenPRO log**, 32 callers',
    peer: 'castore, 32 callers',
    columns: ['per s', 'p50 ms'],
  },
  {
    figure: 'read',
    ours: '**OpenPRO**, pages of 1000',
    peer: 'message-db, pages of 1000',
    columns: ['events/s'],
  },
  { figure: 'rebuild', ours: '**OpenPRO**', columns: ['events/s'] },
  { figure: 'visible', ours: '**OpenPRO**, same server', peer: 'Emmett', columns: ['p50 ms', 'p99 ms'] },
  { figure: 'jobs', ours: '**OpenPRO**', peer: 'pg-boss', columns: ['jobs/s'] },
  { figure: 'graphql', ours: '**OpenPRO**', peer: 'Apollo Server 5 on Express', columns: ['pages/s'] },
  {
    figure: 'servers-append',
    ours: '**OpenPRO log**',
    peer: 'Naive reader',
    columns: ['events/s', 'append p99 ms', 'skipped by a reader'],
  },
  { figure: 'servers', ours: '**4 servers**', peer: '**1 server**', columns: ['jobs/s'] },
  { figure: 'placement', ours: '**50 rules', columns: ['p50 ms', 'longest ms'] },
  { figure: 'waiting', ours: '**OpenPRO**', columns: ['place max ms', 'reason max ms'] },
  { figure: 'solve', ours: '**Submit', columns: ['p50 ms', 'p95 ms'] },
  { figure: 'solve', ours: '**Trivial', columns: ['jobs/s'] },
  { figure: 'solve', ours: '**Launch', columns: ['p50 ms'] },
  { figure: 'start', ours: '**Second', peer: 'First start', columns: ['ready after s', 'server MiB, idle'] },
  { figure: 'upload', ours: '**OpenPRO', peer: 'stream pipeline', columns: ['MB/s'] },
];

const cells = (line) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

const read = (figure) => {
  const file = path.join(root, 'docs/figures', `${figure}.md`);
  if (!fs.existsSync(file)) return undefined;
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  const [head, , ...rows] = lines.filter((line) => line.startsWith('|')).map(cells);
  return { title: lines[0].replace(/^# /, ''), head, rows };
};

const shown = ({ head, rows }, start, columns) => {
  const row = rows.find(([name]) => name.startsWith(start));
  if (!row) return undefined;
  const values = columns.map((column) => {
    const at = head.indexOf(column);
    if (at < 0) throw new Error(`There is no column "${column}"; there are: ${head.join(', ')}`);
    return columns.length > 1 || /ms|MiB/.test(column) ? `${column} ${row[at]}` : row[at];
  });
  return { name: row[0].replaceAll('**', ''), values: values.join(', ') };
};

const rows = QUOTED.flatMap(({ figure, ours, peer, columns }) => {
  const found = read(figure);
  if (!found) return [];
  const own = shown(found, ours, columns);
  if (!own) throw new Error(`docs/figures/${figure}.md has no row that begins with "${ours}"`);
  const other = peer && shown(found, peer, columns);
  const unit = columns.length === 1 && !/ms|MiB/.test(columns[0]) ? ` (${columns[0]})` : '';
  return [
    `| [${found.title}](docs/figures/${figure}.md)${unit} | ${own.values} | ${other ? `${other.name}: ${other.values}` : '–'} |`,
  ];
});

const readme = path.join(root, 'README.md');
const text = fs.readFileSync(readme, 'utf8');
const [before, rest] = text.split(BEGIN);
if (rest === undefined || !rest.includes(END)) throw new Error(`README.md has no "${BEGIN}" … "${END}"`);
const table = ['| measure | OpenPRO | beside it, in the same run |', '| --- | ---: | ---: |', ...rows].join(
  '\n',
);
fs.writeFileSync(readme, `${before}${BEGIN}\n\n${table}\n\n${END}${rest.split(END)[1]}`);
