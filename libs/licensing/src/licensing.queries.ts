import { Injectable } from '@nestjs/common';
import { ReadSide } from '@openpro/eventstore';
import { IdentityQueries } from '@openpro/identity';
import { clip, refuse, type Refusal } from '@openpro/kernel';
import {
  type Actor,
  CachedRows,
  connection,
  FieldLoader,
  type Lazy,
  type Licence,
  type PageRequest,
  pageRequest,
  readPage,
  rowsOfEach,
  type Seat,
  type SeatKind,
  Where,
} from '@openpro/platform';
import DataLoader from 'dataloader';
import { DataSource } from 'typeorm';
import { attemptOf } from './licence.js';
import { licenceList, type LicenceRow } from './licence-list.projection.js';
import type { LicenceUseRow } from './licence-use.projection.js';

/** Where somebody stands who waits for a data seat. */
export interface PlaceInLine {
  readonly licence: string;
  /** 1 = next. */
  readonly place: number;
  readonly of: number;
  readonly taken: number;
  readonly seats: number;
}

interface Taken {
  readonly data: number;
  readonly optimization: number;
  readonly waiting: number;
}

type SeatRow = LicenceUseRow & { readonly place: number | null };

interface SeatsArgs extends PageRequest {
  readonly waiting: boolean;
}

const NOBODY: Taken = { data: 0, optimization: 0, waiting: 0 };

/** Sessions of one user on one device are one: in the line as well as on the seat. */
const LINE = `SELECT licence, owner, device, rank() OVER (PARTITION BY licence ORDER BY min(turn))::int AS place
  FROM licence_use WHERE state = 'waiting' AND licence = ANY($1) GROUP BY licence, owner, device`;

const TAKEN = `SELECT licence,
    count(DISTINCT (owner, device)) FILTER (WHERE state = 'held' AND kind = 'data')::int AS data,
    count(*) FILTER (WHERE state = 'held' AND kind = 'optimization')::int AS optimization,
    count(DISTINCT (owner, device)) FILTER (WHERE state = 'waiting')::int AS waiting
  FROM licence_use WHERE licence = ANY($1) GROUP BY licence`;

const COLUMNS = Object.keys(licenceList.columns) as (keyof LicenceRow)[];

const idOfLicence = (environment: string, name: string): string => `${environment}:${name}`;

@Injectable()
export class LicenceQueries {
  private readonly rows: CachedRows<LicenceRow>;
  private readonly taken: DataLoader<string, Taken>;
  private readonly places: DataLoader<string, PlaceInLine | null>;
  private readonly seatPages = new FieldLoader((licences, args: SeatsArgs) => this.seats(licences, args));

  constructor(
    private readonly db: DataSource,
    private readonly people: IdentityQueries,
    readSide: ReadSide,
  ) {
    this.rows = new CachedRows(db, licenceList, readSide);
    // Asked for many at once, each is one query.
    this.taken = new DataLoader((ids) => this.readTaken(ids), { cache: false });
    this.places = new DataLoader((ids) => this.readPlaces(ids), { cache: false });
  }

  row(environment: string, name: string): Promise<LicenceRow | null> {
    return this.rows.row(idOfLicence(environment, name));
  }

  /** Why the actor may not use what an app needs; undefined = he may. */
  async refusalFor(actor: Actor, name: string): Promise<Refusal | undefined> {
    const row = await this.row(actor.environment, name);
    if (!row)
      return refuse('NoSuchLicence', `The app needs licence ${name}, which is not defined`, { field: 'app' });
    return row.users.length === 0 || row.users.includes(actor.id)
      ? undefined
      : refuse(
          'NotAllowed',
          `You may not use licence ${row.title}, which the app needs: ask an administrator`,
        );
  }

  /** Where the session stands in its line; null when it does not wait there. */
  placeOf(session: string): Promise<PlaceInLine | null> {
    return this.places.load(session);
  }

  async page(actor: Actor, page: PageRequest) {
    const where = new Where().and`environment = ${actor.environment}`;
    const rows = await readPage(this.db, licenceList, {
      columns: COLUMNS,
      where,
      order: ['name'],
      direction: 'ASC',
      page,
    });
    return connection(
      rows,
      page.first,
      (row) => this.view(row),
      ({ name }) => [name],
    );
  }

  async one(actor: Actor, name: string): Promise<Lazy<Licence> | null> {
    const row = await this.row(actor.environment, name);
    return row && this.view(row);
  }

  /** The ids of users given by id or by name. */
  async usersNamed(actor: Actor, users: readonly string[]): Promise<string[] | Refusal> {
    const found = await this.db.query<{ id: string; name: string }[]>(
      'SELECT id, name FROM user_list WHERE environment = $1 AND (id = ANY($2) OR name = ANY($2)) LIMIT 2000',
      [actor.environment, users],
    );
    const ids = new Set<string>();
    for (const user of users) {
      const those = found.filter(({ id, name }) => id === user || name === user);
      const [one] = those;
      if (!one || those.length > 1)
        return refuse(
          'BadInput',
          one ? `Several users are called "${clip(user, 60)}"` : `There is no user "${clip(user, 60)}"`,
          { field: 'users', limit: 'the id or the name of one user' },
        );
      ids.add(one.id);
    }
    return [...ids];
  }

  private view(row: LicenceRow): Lazy<Licence> {
    const taken = () => this.taken.load(row.id);
    return {
      name: row.name,
      title: row.title,
      dataSeats: row.data_seats,
      optimizationSeats: row.optimization_seats,
      holdS: row.hold_s,
      leaseS: row.lease_s,
      users: () => Promise.all(row.users.map((user) => this.people.user(user))),
      definedAt: row.defined_at,
      definedBy: async () => (await this.people.user(row.defined_by)).name,
      reason: row.reason,
      version: row.version,
      dataTaken: async () => (await taken()).data,
      optimizationTaken: async () => (await taken()).optimization,
      waiting: async () => (await taken()).waiting,
      note: async () => noteOn(row, await taken()),
      seats: ({ waiting, first, after }: { waiting: boolean; first: number; after?: string | null }) =>
        this.seatPages.load(row.id, { waiting, ...pageRequest(first, after, 'time', 'text') }),
    };
  }

  private async seats(licences: readonly string[], { waiting, first, after }: SeatsArgs) {
    const rows = await this.db.query<SeatRow[]>(
      `WITH line AS (${LINE}) SELECT s.* FROM unnest($1::text[]) AS l (id) CROSS JOIN LATERAL (
         SELECT u.*, place FROM licence_use u LEFT JOIN line
             ON u.state = 'waiting' AND line.licence = u.licence AND line.owner = u.owner AND line.device = u.device
          WHERE u.licence = l.id AND u.state = $2 AND (u.turn, u.id) > ($3, $4)
          ORDER BY u.turn, u.id LIMIT ${first + 1}) s ORDER BY s.turn, s.id`,
      [[...new Set(licences)], waiting ? 'waiting' : 'held', after?.[0] ?? 0, after?.[1] ?? ''],
    );
    return rowsOfEach(licences, rows, ({ licence }) => licence).map((those) =>
      connection(
        those,
        first,
        (row) => this.seatView(row),
        (row) => [Number(row.turn), row.id],
      ),
    );
  }

  private seatView(row: SeatRow): Lazy<Seat> {
    const ofJob = row.kind === 'optimization';
    const { job, attempt } = attemptOf(row.id);
    return {
      id: row.id,
      kind: row.kind.toUpperCase() as SeatKind,
      user: () => this.people.user(row.owner),
      session: ofJob ? null : row.id,
      job: ofJob ? job : null,
      attempt: ofJob ? attempt : null,
      since: Number(row.since),
      waitedMs: row.waited_ms === null ? null : Number(row.waited_ms),
      place: row.place,
    };
  }

  private async readTaken(licences: readonly string[]): Promise<Taken[]> {
    const rows = await this.db.query<(Taken & { licence: string })[]>(TAKEN, [licences]);
    const by = new Map(rows.map((row) => [row.licence, row]));
    return licences.map((licence) => by.get(licence) ?? NOBODY);
  }

  private async readPlaces(sessions: readonly string[]): Promise<(PlaceInLine | null)[]> {
    const waiting = await this.db.query<{ id: string; licence: string }[]>(
      `SELECT id, licence FROM licence_use WHERE id = ANY($1) AND state = 'waiting'`,
      [sessions],
    );
    const licences = [...new Set(waiting.map(({ licence }) => licence))];
    if (licences.length === 0) return sessions.map(() => null);
    const rows = await this.db.query<(PlaceInLine & { id: string })[]>(
      `WITH line AS (${LINE}), used AS (${TAKEN})
       SELECT u.id, l.title AS licence, line.place, used.waiting AS of, used.data AS taken, l.data_seats AS seats
         FROM licence_use u JOIN line USING (licence, owner, device) JOIN used USING (licence)
         JOIN licence_list l ON l.id = u.licence WHERE u.id = ANY($2)`,
      [licences, waiting.map(({ id }) => id)],
    );
    const by = new Map(rows.map((row) => [row.id, row]));
    return sessions.map((session) => by.get(session) ?? null);
  }
}

const noteOn = (row: LicenceRow, { data, optimization }: Taken): string | null => {
  const over = [
    [data, row.data_seats, 'data'] as const,
    [optimization, row.optimization_seats, 'optimization'] as const,
  ].filter(([taken, seats]) => taken > seats);
  if (over.length === 0) return null;
  const words = over.map(([taken, seats, kind]) => `${taken} of ${seats} ${kind} seats`).join(' and ');
  return `${words} are taken: nothing is taken away, and nothing new is granted until it fits`;
};
