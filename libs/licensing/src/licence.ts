import {
  type BadInput,
  checkForm,
  checkNumber,
  checkText,
  type Decider,
  refuse,
  type Refusal,
} from '@openpro/kernel';

export const MAX_SEATS = 10_000;
/** So many may wait for the data seats of one licence; whoever comes then is told at once. */
export const MAX_LINE = 1000;
const MAX_USERS = 1000;
const MAX_HOLD_S = 3600;
const MIN_LEASE_S = 10;

export type SeatKind = 'data' | 'optimization';

/** What an administrator decides. */
export interface Terms {
  readonly title: string;
  readonly dataSeats: number;
  readonly optimizationSeats: number;
  /** So long a place in the line is kept for somebody who does not look. */
  readonly holdS: number;
  /** So long an optimization seat is kept for an attempt that does not start. */
  readonly leaseS: number;
  /** Ids of those who may use it; nobody named = everybody. */
  readonly users: readonly string[];
}

interface Named {
  readonly environment: string;
  readonly name: string;
}

/** Who has a seat or waits for one: `holder` is a session, or the attempt of a job (`job:attempt`). */
export interface Holder {
  readonly holder: string;
  readonly user: string;
  /** Sessions of one user on one device share a seat; null for an attempt, which shares with none. */
  readonly device: string | null;
}

/** The attempt that holds a seat. */
export const attemptOf = (holder: string): { readonly job: string; readonly attempt: number } => {
  const [job = '', attempt] = holder.split(':');
  return { job, attempt: Number(attempt) };
};

interface Of {
  readonly kind: SeatKind;
  readonly holder: string;
}

export type LicenceEvent =
  | ({ readonly type: 'LicenceDefined'; readonly reason: string } & Named & Terms)
  /** Says how long the place is held, so that who watches over it needs no other event. */
  | ({ readonly type: 'SeatQueued'; readonly kind: 'data'; readonly holdS: number } & Holder)
  | ({ readonly type: 'SeatGranted'; readonly kind: SeatKind; readonly leaseS: number } & Holder)
  /** Its holder has ended. */
  | ({ readonly type: 'SeatReleased' } & Of)
  /** Its holder never came to life. */
  | ({ readonly type: 'SeatExpired' } & Of)
  /** By an administrator. */
  | ({ readonly type: 'SeatFreed'; readonly reason: string } & Of)
  | {
      readonly type: 'LineLeft';
      readonly kind: 'data';
      readonly holder: string;
      readonly reason: 'left' | 'ended' | 'not-allowed' | 'line-full';
    };

export type LicenceCommand =
  /** `basedOn`: the version that the administrator saw, so that nobody undoes what he has not seen. */
  | ({ readonly type: 'DefineLicence'; readonly reason: string; readonly basedOn: number } & Named & Terms)
  | ({ readonly type: 'RequestSeat'; readonly kind: SeatKind } & Holder)
  | { readonly type: 'LeaveLine'; readonly holder: string }
  | { readonly type: 'ReleaseSeat'; readonly holder: string }
  | { readonly type: 'ExpireSeat'; readonly holder: string }
  | { readonly type: 'FreeSeat'; readonly holder: string; readonly reason: string };

export type LicenceRefusal =
  | BadInput
  | Refusal<
      | 'LicenceChanged'
      | 'NoSuchLicence'
      | 'NoSuchSeat'
      | 'NotInLine'
      | 'HasItsSeat'
      | 'NoSeatFree'
      | 'NotAllowed'
    >;

/** Oldest first. */
interface Pool {
  readonly held: readonly Holder[];
  /** Only data sessions wait here: jobs wait in the queue, which has an order of its own. */
  readonly line: readonly Holder[];
}

/** The pool owns its leases: a seat is granted by one append, which every server may try and one wins. */
export type Licence =
  | { readonly is: 'undefined' }
  | ({ readonly is: 'defined'; readonly version: number; readonly terms: Terms } & {
      readonly [Kind in SeatKind]: Pool;
    });

type Defined = Licence & { readonly is: 'defined' };

export const checkLicenceName = (field: string, name: unknown): BadInput | undefined =>
  checkForm(
    field,
    name,
    /^[a-z0-9][a-z0-9-]{0,63}$/,
    'a name of 1 to 64 lower-case letters, digits and dashes that starts with a letter or digit',
  );

const checkUsers = (users: readonly string[]): BadInput | undefined =>
  checkNumber('users', users.length, { min: 0, max: MAX_USERS, whole: true, unit: 'users' }) ??
  users.map((user) => checkText('users', user, { max: 200 })).find((wrong) => wrong !== undefined);

const wrongIn = (licence: Named & Terms & { readonly reason: string }): BadInput | undefined =>
  checkLicenceName('name', licence.name) ??
  checkText('title', licence.title, { max: 100 }) ??
  checkNumber('dataSeats', licence.dataSeats, { min: 0, max: MAX_SEATS, whole: true }) ??
  checkNumber('optimizationSeats', licence.optimizationSeats, { min: 0, max: MAX_SEATS, whole: true }) ??
  checkNumber('holdS', licence.holdS, { min: 1, max: MAX_HOLD_S, whole: true, unit: 'seconds' }) ??
  checkNumber('leaseS', licence.leaseS, {
    min: MIN_LEASE_S,
    max: MAX_HOLD_S,
    whole: true,
    unit: 'seconds',
  }) ??
  checkUsers(licence.users) ??
  checkText('reason', licence.reason, { min: 0, max: 500 });

/** Which seat it is: whoever names the same one shares it. */
const seatOf = ({ holder, user, device }: Holder): string =>
  device === null ? holder : JSON.stringify([user, device]);

export const seatsOf = ({ terms }: Defined, kind: SeatKind): number =>
  kind === 'data' ? terms.dataSeats : terms.optimizationSeats;

export const takenOf = (holders: readonly Holder[]): number => new Set(holders.map(seatOf)).size;

const isHere = (all: readonly Holder[], holder: string): boolean => all.some((one) => one.holder === holder);

const kindOf = (licence: Defined, holder: string): SeatKind | undefined =>
  (['data', 'optimization'] as const).find((kind) => isHere(licence[kind].held, holder));

const mayUse = ({ terms: { users } }: Defined, user: string): boolean =>
  users.length === 0 || users.includes(user);

/** How often it was defined. */
const versionOf = (licence: Licence): number => (licence.is === 'defined' ? licence.version : 0);

const noSuchLicence = () => refuse('NoSuchLicence', 'There is no such licence');

const granted = (licence: Defined, kind: SeatKind, { holder, user, device }: Holder): LicenceEvent => ({
  type: 'SeatGranted',
  kind,
  holder,
  user,
  device,
  leaseS: licence.terms.leaseS,
});

/** Who is next gets what is free, in the same append that freed it; who shares a seat takes none. */
const grants = (licence: Licence): readonly LicenceEvent[] => {
  if (licence.is === 'undefined') return [];
  const { held, line } = licence.data;
  const taken = new Set(held.map(seatOf));
  const next = line.filter((one) => {
    const seat = seatOf(one);
    if (taken.size < licence.terms.dataSeats) taken.add(seat);
    return taken.has(seat);
  });
  return next.map((one) => granted(licence, 'data', one));
};

/** These events, and what becomes possible by them. */
const andGrants = (licence: Licence, events: readonly LicenceEvent[]): readonly LicenceEvent[] => [
  ...events,
  ...grants(events.reduce(evolve, licence)),
];

const request = (licence: Defined, kind: SeatKind, who: Holder): readonly LicenceEvent[] | LicenceRefusal => {
  const { holder, user, device } = who;
  const { held, line } = licence[kind];
  if (isHere(held, holder) || isHere(line, holder)) return []; // asked for before
  const seats = seatsOf(licence, kind);
  if (kind === 'optimization') {
    if (!mayUse(licence, user)) return refuse('NotAllowed', 'You may not use this licence');
    if (takenOf(held) < seats) return [granted(licence, kind, who)];
    return refuse('NoSeatFree', `${takenOf(held)} of ${seats} optimization seats are taken`);
  }
  // A process asks for a session: its answer must be an event, because nobody reads a refusal there.
  if (!mayUse(licence, user)) return [{ type: 'LineLeft', kind, holder, reason: 'not-allowed' }];
  const shares = held.some((other) => seatOf(other) === seatOf(who));
  if (shares || takenOf(held) < seats) return [granted(licence, kind, who)];
  if (line.length >= MAX_LINE) return [{ type: 'LineLeft', kind, holder, reason: 'line-full' }];
  return [{ type: 'SeatQueued', kind, holder, user, device, holdS: licence.terms.holdS }];
};

const define = (
  { basedOn, ...command }: LicenceCommand & { type: 'DefineLicence' },
  licence: Licence,
): readonly LicenceEvent[] | LicenceRefusal => {
  const wrong = wrongIn(command);
  if (wrong) return wrong;
  const version = versionOf(licence);
  if (basedOn !== version)
    return refuse(
      'LicenceChanged',
      `Your change is based on version ${basedOn} of the licence, but version ${version} holds by now: look at that one and change it`,
      { field: 'basedOn', limit: `version ${version}` },
    );
  const defined: LicenceEvent = { ...command, type: 'LicenceDefined' };
  const after = evolve(licence, defined) as Defined;
  const out = after.data.line.filter(({ user }) => !mayUse(after, user));
  return andGrants(licence, [
    defined,
    ...out.map(({ holder }) => ({ type: 'LineLeft', kind: 'data', holder, reason: 'not-allowed' }) as const),
  ]);
};

/** The seat with all who share it. */
const free = (licence: Defined, holder: string, reason: string): readonly LicenceEvent[] | LicenceRefusal => {
  const kind = kindOf(licence, holder);
  const wrong = checkText('reason', reason, { min: 0, max: 500 });
  if (wrong) return wrong;
  if (!kind)
    return refuse('NoSuchSeat', 'It holds no seat of this licence, or not any more', { field: 'holder' });
  const { held } = licence[kind];
  const seat = held.filter((one) => one.holder === holder).map(seatOf)[0];
  return held
    .filter((one) => seatOf(one) === seat)
    .map((one) => ({ type: 'SeatFreed', kind, holder: one.holder, reason }));
};

const decide = (command: LicenceCommand, licence: Licence): readonly LicenceEvent[] | LicenceRefusal => {
  if (command.type === 'DefineLicence') return define(command, licence);
  if (licence.is === 'undefined') return noSuchLicence();
  const { holder } = command;
  switch (command.type) {
    case 'RequestSeat':
      return request(licence, command.kind, command);
    case 'LeaveLine':
      if (isHere(licence.data.line, holder))
        return [{ type: 'LineLeft', kind: 'data', holder, reason: 'left' }];
      return kindOf(licence, holder)
        ? refuse('HasItsSeat', 'It does not wait any more, it has its seat: end it to give that back')
        : refuse('NotInLine', 'It does not wait for this licence, or not any more');
    case 'ReleaseSeat': {
      if (isHere(licence.data.line, holder))
        return [{ type: 'LineLeft', kind: 'data', holder, reason: 'ended' }];
      const kind = kindOf(licence, holder); // none: told twice, or late
      return kind ? andGrants(licence, [{ type: 'SeatReleased', kind, holder }]) : [];
    }
    case 'ExpireSeat': {
      const kind = kindOf(licence, holder);
      return kind ? andGrants(licence, [{ type: 'SeatExpired', kind, holder }]) : [];
    }
    case 'FreeSeat': {
      const freed = free(licence, holder, command.reason);
      return 'refused' in freed ? freed : andGrants(licence, freed);
    }
  }
};

const without = (all: readonly Holder[], holder: string): readonly Holder[] =>
  all.filter((one) => one.holder !== holder);

const evolve = (licence: Licence, event: LicenceEvent): Licence => {
  if (event.type === 'LicenceDefined') {
    const { title, dataSeats, optimizationSeats, holdS, leaseS, users } = event;
    const empty: Pool = { held: [], line: [] };
    const pools = licence.is === 'defined' ? licence : { data: empty, optimization: empty };
    const terms = { title, dataSeats, optimizationSeats, holdS, leaseS, users };
    const version = versionOf(licence) + 1;
    return { is: 'defined', version, terms, data: pools.data, optimization: pools.optimization };
  }
  if (licence.is === 'undefined') return licence;
  const { kind, holder } = event;
  const { held, line } = licence[kind];
  switch (event.type) {
    case 'SeatQueued': {
      const { user, device } = event;
      return { ...licence, [kind]: { held, line: [...line, { holder, user, device }] } };
    }
    case 'SeatGranted': {
      const { user, device } = event;
      return {
        ...licence,
        [kind]: { held: [...held, { holder, user, device }], line: without(line, holder) },
      };
    }
    case 'SeatReleased':
    case 'SeatExpired':
    case 'SeatFreed':
      return { ...licence, [kind]: { held: without(held, holder), line } };
    case 'LineLeft':
      return { ...licence, [kind]: { held, line: without(line, holder) } };
  }
};

const decider: Decider<Licence, LicenceCommand, LicenceEvent, LicenceRefusal> = {
  initial: { is: 'undefined' },
  decide,
  evolve,
};

export const licence = {
  name: 'licence',
  context: 'licensing',
  decider,
  remembers: 5000,
  snapshot: 1,
} as const;
