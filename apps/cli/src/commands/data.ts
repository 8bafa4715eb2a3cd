import type { Command } from 'commander';
import type { Api } from '../api.js';
import { addCaseOptions, type CaseOptions, readCase, showCase } from '../case-output.js';
import { action } from '../context.js';
import { EXIT } from '../failure.js';
import { fields, table, time } from '../format.js';
import {
  CasesDocument,
  EventsDocument,
  EventStreamDocument,
  type LogEventFieldsFragment as LogEvent,
  ServerStatusDocument,
  WhoAmIDocument,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';
import type { Screen } from '../screen.js';
import { follow } from '../subscribe.js';
import { parseId, parseInteger } from '../values.js';

export const addCase = (program: Command): Command => {
  const cases = program.command('case').description('data snapshots of apps');

  action(
    addLimit(cases.command('list').description('list cases, newest first'))
      .option('--app <name>', 'only of this app')
      .option('--kind <kind>', 'saved, input, result or default'),
    async (context, options: PageOptions & { app?: string; kind?: string }) => {
      const api = await context.api();
      const { app, kind } = options;
      const found = await allPages(
        options.limit,
        async (page) => (await api.query(CasesDocument, { ...page, app, kind })).cases,
      );
      context.screen.result(found, () =>
        table(
          ['case', 'name', 'kind', 'app', 'identifiers', 'owner', 'created'],
          found.map((each) => [
            each.id,
            each.name,
            each.kind,
            `${each.app}:${each.version}`,
            each.identifiers.length,
            each.owner.name,
            time(each.createdAt),
          ]),
        ),
      );
    },
  );

  action(
    addCaseOptions(cases.command('get').description('show or save a case’s data').argument('<id>')),
    async (context, id: string, options: CaseOptions) => {
      const api = await context.api();
      const found = await readCase(api, parseId(id, 'case'));
      const text = fields([
        ['case', found.id],
        ['name', found.name],
        ['kind', found.kind],
        ['app', `${found.app}:${found.version}`],
        ['job', found.job],
        ['owner', found.owner.name],
        ['created', time(found.createdAt)],
      ]);
      await showCase(api, context.screen, found, options, { text, json: { case: found } });
    },
  );
  return cases;
};

/** A manifest in an event is long: people see its beginning, `--json` has all. */
const DATA_SHOWN = 100;

/** One event on one line, with people and servers by name as far as they are known here. */
const eventLines = async (api: Api, { json }: Screen) => {
  if (json) return () => '';
  const { me } = await api.query(WhoAmIDocument, {});
  const { nodes } = await api.query(ServerStatusDocument, {});
  const names = new Map([me, ...nodes.nodes].map(({ id, name }) => [id, name]));
  return ({ position, at, type, stream, actor, data }: LogEvent): string => {
    const who = actor.replace(/^node:/, '');
    const text = JSON.stringify(data);
    const shown = text.length > DATA_SHOWN ? `${text.slice(0, DATA_SHOWN)}…` : text;
    return `${position}  ${time(at)}  ${type}  ${stream}  by ${names.get(who) ?? who}  ${shown}`;
  };
};

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

interface EventOptions {
  readonly type?: readonly string[];
}

const types = ({ type }: EventOptions): string[] | undefined => type && [...type];

export const addEvents = (program: Command): void => {
  const events = program
    .command('events')
    .description('the log: everything that has happened (for administrators and auditors)');

  action(
    events
      .command('tail')
      .description('print the newest events, oldest first')
      .option('-n, --count <count>', 'so many', (text) => parseInteger(text, 'count', 1, 200), 20)
      .option('--type <type>', 'only of this type, for example jobs.JobQueued; repeatable', collect)
      .option('--stream <stream>', 'only of this stream, for example job-ID'),
    async (context, options: EventOptions & { count: number; stream?: string }) => {
      const variables = { last: options.count, stream: options.stream, types: types(options) };
      const api = await context.api();
      const { nodes } = (await api.query(EventsDocument, variables)).events;
      const line = await eventLines(api, context.screen);
      context.screen.result(nodes, () => nodes.map(line).join('\n'));
    },
  );

  action(
    events
      .command('stream')
      .description('print events as they happen, until Ctrl-C')
      .option('--after <position>', 'from after this position on (default from now on)')
      .option('--type <type>', 'only of this type; repeatable', collect),
    async (context, options: EventOptions & { after?: string }) => {
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      const api = await context.patientApi();
      // From where the log ends now: what happens while a lost connection is made again is not missed.
      let after = options.after ?? (await api.query(EventsDocument, { last: 1 })).events.nodes[0]?.position;
      const log = follow(api, EventStreamDocument, () => ({ after, types: types(options) }), {
        signal: stop.signal,
        onLost: () => context.screen.note('Connecting again …'),
      });
      const line = await eventLines(api, context.screen);
      for await (const { events: event } of log) {
        after = event.position;
        context.screen.item(event, () => line(event));
      }
      return stop.signal.aborted ? EXIT.detached : EXIT.ok;
    },
  );
};
