// The shape of every event type, taken from the TypeScript types: one file per context in schema/events.
// `node schema/events.mjs` writes them; with `--check` it only says which ones differ.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import ts from 'typescript';
import { CONTEXTS, PURE_PATH } from '../test/pure-files.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file));
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);

/** Files that declare events: the pure ones of a context. */
const filesOf = async (context) =>
  (await readdir(path.join(root, 'libs', context, 'src')))
    .map((name) => path.posix.join('libs', context, 'src', name))
    .filter((file) => new RegExp(PURE_PATH).test(file))
    .sort();

const files = new Map();
for (const context of CONTEXTS) files.set(context, await filesOf(context));
const program = ts.createProgram(
  [...files.values()].flat().map((file) => path.join(root, file)),
  { ...options, noEmit: true },
);
const checker = program.getTypeChecker();

const is = (type, flag) => (type.flags & flag) !== 0;

const sorted = (entries) => Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));

const unionOf = (parts, place) => {
  const shapes = parts.map((part) => shapeOf(part, place));
  const texts = new Set(shapes.filter((shape) => typeof shape === 'string'));
  if (texts.delete('false') && texts.delete('true')) texts.add('boolean');
  const others = shapes.filter((shape) => typeof shape !== 'string');
  const text = [...texts].sort().join(' | ');
  return others.length === 0 ? text : { 'one of': [...(text ? [text] : []), ...others] };
};

/** Text for what has no parts, an object of fields for what has, a list of one for a list. */
const shapeOf = (type, place) => {
  if (is(type, ts.TypeFlags.Any))
    throw new Error(`${place} has no type: does everything that it imports exist?`);
  if (checker.isArrayType(type)) return [shapeOf(checker.getTypeArguments(type)[0], place)];
  if (type.isUnion()) {
    const parts = type.types.filter((part) => !is(part, ts.TypeFlags.Undefined)); // an optional field's
    return parts.length === 1 ? shapeOf(parts[0], place) : unionOf(parts, place);
  }
  if (!is(type, ts.TypeFlags.Object | ts.TypeFlags.Intersection))
    return checker.typeToString(type).replaceAll('"', "'");
  return sorted(
    checker.getPropertiesOfType(type).map((property) => {
      const optional = is(property, ts.SymbolFlags.Optional) ? '?' : '';
      return [
        `${property.name}${optional}`,
        shapeOf(checker.getTypeOfSymbol(property), `${place}.${property.name}`),
      ];
    }),
  );
};

/** The members of each exported type whose name ends with Event. */
const eventsIn = (file) => {
  const module = checker.getSymbolAtLocation(program.getSourceFile(path.join(root, file)));
  return checker
    .getExportsOfModule(module)
    .filter(({ name, flags }) => name.endsWith('Event') && flags & ts.SymbolFlags.TypeAlias)
    .map((symbol) => checker.getDeclaredTypeOfSymbol(symbol))
    .flatMap((type) => (type.isUnion() ? type.types : [type]))
    .map((type) => {
      const { type: name, ...fields } = shapeOf(type, file);
      return [name.replaceAll("'", ''), fields];
    });
};

const check = process.argv.includes('--check');
const differing = [];
for (const [context, sources] of files) {
  const events = JSON.stringify(sorted(sources.flatMap(eventsIn)));
  const text = await format(events, { parser: 'json', objectWrap: 'collapse', printWidth: 110 });
  const file = path.join(root, 'schema/events', `${context}.json`);
  if (existsSync(file) && (await readFile(file, 'utf8')) === text) continue;
  differing.push(`schema/events/${context}.json`);
  if (check) continue;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}
if (check && differing.length) {
  console.error(
    `Events have changed: ${differing.join(', ')}\nWhat is in a log stays there: a new field must be optional, ` +
      'anything else is a new event type with an upcaster. If so: node schema/events.mjs',
  );
  process.exitCode = 1;
} else if (!check) console.log(differing.length ? `Wrote ${differing.join(', ')}` : 'Nothing has changed.');
