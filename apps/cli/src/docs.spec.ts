import { expect, it } from '@jest/globals';
import type { Command, Option } from 'commander';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { EXIT_CODES_HELP } from './failure.js';
import { openpro } from './program.js';

const docs = readFileSync(path.resolve(import.meta.dirname, '../../../docs/cli.md'), 'utf8')
  .split('\n')
  .map((line) => line.replaceAll(/ +/g, ' '));

const leaves = (command: Command, words: readonly string[]): (readonly [string, Command])[] =>
  command.commands.length
    ? command.commands.flatMap((each) => leaves(each, [...words, each.name()]))
    : [[words.join(' '), command]];

/** Every command has these. */
const shared = (option: Option): boolean => option.long === '--json' || option.long === '--wait';

it.each(leaves(openpro(), ['openpro']))('docs/cli.md shows %s as --help does', (name, command) => {
  const given = command.registeredArguments.map((each) =>
    each.required ? ` <${each.name()}>` : ` [${each.name()}]`,
  );
  const options = command.options.filter((each) => !shared(each)).map(({ flags }) => `\`${flags}\``);
  const cells = [`\`${name}${given.join('')}\``, command.description(), options.join(' ')];
  expect(docs).toContain(`| ${cells.join(' | ')} |`.replaceAll(/ +/g, ' '));
});

it('docs/cli.md shows the exit codes of --help', () => {
  const codes = [...EXIT_CODES_HELP.matchAll(/^ +(\d+) +(.+)$/gm)];
  expect(codes).toHaveLength(10);
  for (const [, code, meaning] of codes) expect(docs).toContain(`| ${code} | ${meaning} |`);
});
