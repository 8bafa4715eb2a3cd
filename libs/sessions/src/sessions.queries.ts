import { Injectable } from '@nestjs/common';
import { CatalogueQueries } from '@openpro/catalogue';
import { EngineError, type InterfaceDescription, MAX_WINDOW } from '@openpro/engine';
import { entityOf } from '@openpro/eventstore';
import { IdentityQueries } from '@openpro/identity';
import { isRefusal, type Refusal, waitedWords } from '@openpro/kernel';
import { LicenceQueries, type PlaceInLine } from '@openpro/licensing';
import {
  type Actor,
  badInput,
  connection,
  has,
  type Interface,
  type Lazy,
  maySee,
  type PageRequest,
  type Session,
  type SessionState,
  type Table,
} from '@openpro/platform';
import { GraphQLError } from 'graphql';
import { DataSource } from 'typeorm';
import { sessionList, type SessionRow } from './session-list.projection.js';
import { SessionData } from './session-link.js';
import { sessionWait } from './session-wait.js';

interface Window {
  readonly identifier: string;
  readonly offset: number;
  readonly limit: number;
}

const MAX_WINDOWS = 100;

/** So many sessions tell how long a seat is used. */
const LAST_USES = 20;

@Injectable()
export class SessionQueries {
  constructor(
    private readonly db: DataSource,
    private readonly catalogue: CatalogueQueries,
    private readonly people: IdentityQueries,
    private readonly data: SessionData,
    private readonly licences: LicenceQueries,
  ) {}

  /** The row, if the actor may see it. */
  async row(actor: Actor, id: string): Promise<SessionRow | null> {
    const row = await this.table.findOneBy({ id });
    return row && maySee(actor, row) ? row : null;
  }

  async one(actor: Actor, id: string): Promise<Lazy<Session> | null> {
    const row = await this.row(actor, id);
    return row && this.view(actor, row);
  }

  async page(actor: Actor, { first, after }: PageRequest, state: SessionState | null) {
    const query = this.table
      .createQueryBuilder('s')
      .where('s.environment = :environment', { environment: actor.environment })
      .orderBy('s.requested_at', 'DESC')
      .addOrderBy('s.id', 'DESC')
      .limit(first + 1);
    if (!has(actor, 'auditor')) query.andWhere('s.owner = :owner', { owner: actor.id });
    if (state) query.andWhere('s.state = :state', { state: state.toLowerCase() });
    if (after) query.andWhere('(s.requested_at, s.id) < (:at, :id)', { at: after[0], id: after[1] });
    return connection(
      await query.getMany(),
      first,
      (row) => this.view(actor, row),
      (row) => [row.requested_at, row.id],
    );
  }

  view(actor: Actor, row: SessionRow): Lazy<Session> {
    return {
      id: row.id,
      app: async () => {
        const version = await this.catalogue.version(row.environment, row.app, row.version);
        if (!version)
          throw new Error(`Session ${row.id} names app ${row.app}:${row.version}, which is not there`);
        return version;
      },
      state: row.state.toUpperCase() as SessionState,
      owner: () => this.people.user(row.owner),
      node: row.node,
      requestedAt: row.requested_at,
      readyAt: row.ready_at,
      endedAt: row.ended_at,
      endReason: endReasonOf(row),
      licence: row.licence,
      waitingFor: () => (row.state === 'requested' && row.licence !== null ? this.waitingFor(row) : null),
      waited: () => this.waited(row),
      steps: stepsOf(row),
      savedAt: row.saved_at,
      interface: async () => {
        const described = await this.data.describe(actor, row);
        return isRefusal(described) ? notOpen(described) : interfaceView(described);
      },
      data: (window: Window) => this.window(actor, row, window),
      windows: async ({ of }: { of: readonly Window[] }) => {
        if (of.length > MAX_WINDOWS)
          throw badInput('of', `These are ${of.length} windows`, `at most ${MAX_WINDOWS}`);
        // An error as an item of the list is that item's error: each window may fail by itself.
        const each = of.map((window) => this.window(actor, row, window).catch((error: Error) => error));
        return (await Promise.all(each)) as (Table | null)[];
      },
    };
  }

  private async window(
    actor: Actor,
    row: SessionRow,
    { identifier, offset, limit }: Window,
  ): Promise<Table | null> {
    if (!(limit >= 1 && limit <= MAX_WINDOW))
      throw badInput('limit', `limit is ${limit}`, `1 to ${MAX_WINDOW}`);
    if (!(offset >= 0)) throw badInput('offset', `offset is ${offset}`, '0 or more');
    try {
      const window = await this.data.window(actor, row, identifier, { offset, limit });
      if (isRefusal(window)) return notOpen(window);
      const { columns, rows, total, version } = window;
      return { identifier, columns: [...columns], rows: rows.map((cells) => [...cells]), total, version };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code !== 'UnknownIdentifier')
        throw badInput('identifier', error.message, 'data that can be read');
      const name = identifier.slice(0, 100);
      throw badInput(
        'identifier',
        `There is no identifier "${name}" in ${row.app}`,
        'an identifier of the app',
      );
    }
  }

  private async waited(row: SessionRow): Promise<string | null> {
    const licence = row.licence && (await this.licences.row(row.environment, row.licence));
    return waitedWords(sessionWait(row, `seat of ${licence ? licence.title : row.licence}`));
  }

  private async waitingFor({ id, environment, licence }: SessionRow): Promise<string | null> {
    const place = await this.licences.placeOf(id);
    if (!place) return null;
    const [used] = await this.db.query<{ ms: string | null }[]>(
      `SELECT avg(ended_at - placed_at) AS ms FROM (SELECT ended_at, placed_at FROM session_list
         WHERE environment = $1 AND licence = $2 AND ended_at IS NOT NULL AND placed_at IS NOT NULL
         ORDER BY ended_at DESC LIMIT ${LAST_USES}) last`,
      [environment, licence],
    );
    return waitWords(place, used?.ms == null ? null : Number(used.ms));
  }

  private get table() {
    return this.db.getRepository(entityOf(sessionList));
  }
}

/** @param usedMs how long a seat was used lately, on average: so one comes back every `usedMs / taken` */
export const waitWords = (
  { licence, place, of, taken, seats }: PlaceInLine,
  usedMs: number | null,
): string => {
  const words = `Waits for a seat of licence ${licence}: place ${place} of ${of}, ${taken} of ${seats} taken`;
  if (usedMs === null || taken === 0) return words;
  return `${words}; yours is expected in about ${Math.max(1, Math.round((place * usedMs) / taken / 60_000))} min`;
};

/** A session that is not open shows nothing; one whose server does not answer is another matter. */
const notOpen = ({ refused, message }: Refusal): null => {
  if (refused === 'SessionNotReady') return null;
  throw new GraphQLError(message, { extensions: { code: 'UNAVAILABLE' } });
};

/** As the API shows it: what an app does not say is null. */
const interfaceView = ({ sets, identifiers, procedures }: InterfaceDescription): Lazy<Interface> => ({
  sets: sets.map(({ name, label, count }) => ({ name, label, count })),
  identifiers: identifiers.map(({ text, group, unit, min, max, view, ...rest }) => ({
    ...rest,
    text: text ?? null,
    group: group ?? null,
    unit: unit ?? null,
    min: min ?? null,
    max: max ?? null,
    view: view ?? null,
  })),
  procedures: procedures.map(({ name, label, where, text }) => ({ name, label, where, text: text ?? null })),
});

/** The reason, then what the process said or what the user can do. */
const endReasonOf = ({ end_reason: reason, end_message: message, saved }: SessionRow): string | null => {
  const lost = reason === 'node-lost' || reason === 'drained';
  const toDo = saved
    ? 'Open it again with its last saved data.'
    : 'It had no changes that could be kept: launch the app again.';
  const words = message ?? (lost ? toDo : null);
  return reason && (words ? `${reason}: ${words}` : reason);
};

/** How the launch went: when it was asked for, placed, and what the server did then. */
const stepsOf = (row: SessionRow): { name: string; at: number }[] => [
  { name: 'requested', at: row.requested_at },
  ...(row.seated_at === null ? [] : [{ name: 'seat', at: row.seated_at }]),
  ...(row.placed_at === null ? [] : [{ name: 'server', at: row.placed_at }]),
  ...row.steps.map(({ name, ms }) => ({ name, at: (row.placed_at ?? row.requested_at) + ms })),
  ...(row.ready_at === null ? [] : [{ name: 'ready', at: row.ready_at }]),
];
