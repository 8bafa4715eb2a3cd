import type { Command } from 'commander';
import { confirm } from '../confirm.js';
import { action, type Context } from '../context.js';
import { badInput, EXIT, Failure } from '../failure.js';
import { bar, duration, fields, table, time } from '../format.js';
import {
  DefineLicenceDocument,
  FreeSeatDocument,
  LeaveLineDocument,
  type LicenceFieldsFragment as Licence,
  LicenceSeatsDocument,
  LicencesDocument,
  type SeatFieldsFragment as Seat,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';
import { parseInteger, parseSeconds } from '../values.js';

const MAX_SEATS = 10_000;
/** So many holders and waiting ones are read; a licence has no more. */
const ALL = 20_000;

const taken = (count: number, seats: number): string => `${count} of ${seats}`;

const noSuchLicence = (name: string): Failure =>
  new Failure(EXIT.notFound, `There is no licence "${name}"`, {
    code: 'NoSuchLicence',
    hint: 'openpro licence list shows them',
  });

const list = async (context: Context, { limit }: PageOptions) => {
  const api = await context.api();
  const licences = await allPages(limit, async (page) => (await api.query(LicencesDocument, page)).licences);
  context.screen.result(licences, () =>
    table(
      ['name', 'title', 'data seats', 'optimization seats', 'waiting', 'for'],
      licences.map((one) => [
        one.name,
        one.title,
        taken(one.dataTaken, one.dataSeats),
        taken(one.optimizationTaken, one.optimizationSeats),
        one.waiting,
        one.users.map(({ name }) => name).join(', ') || 'everybody',
      ]),
    ),
  );
};

const seatTable = (seats: readonly Seat[]): string =>
  table(
    ['place', 'user', 'for', 'since', 'waited', 'holder'],
    seats.map(({ place, user, job, attempt, since, waitedMs, id }) => [
      place ?? 'has it',
      user.name,
      job === null ? 'session' : `attempt ${attempt} of a job`,
      time(since),
      waitedMs ? duration(waitedMs / 1000) : '',
      id,
    ]),
  );

const summary = (licence: Licence): string =>
  [
    fields([
      ['licence', `${licence.name} (${licence.title})`],
      [
        'data seats',
        `${bar(licence.dataTaken / Math.max(1, licence.dataSeats))} ${taken(licence.dataTaken, licence.dataSeats)}`,
      ],
      [
        'optimization seats',
        `${bar(licence.optimizationTaken / Math.max(1, licence.optimizationSeats))} ${taken(licence.optimizationTaken, licence.optimizationSeats)}`,
      ],
      ['waiting', licence.waiting],
      ['a place is held', `${licence.holdS} s`],
      ['an attempt must start in', `${licence.leaseS} s`],
      ['for', licence.users.map(({ name }) => name).join(', ') || 'everybody'],
      [
        'defined',
        `${time(licence.definedAt)} by ${licence.definedBy}${licence.reason && `: ${licence.reason}`}`,
      ],
      ['version', licence.version],
    ]),
    ...(licence.note === null ? [] : [`! ${licence.note}.`]),
  ].join('\n');

const readSeats = async (context: Context, name: string, waiting: boolean) => {
  const api = await context.api();
  let licence: Licence | null = null;
  const seats = await allPages(ALL, async (page) => {
    const found = (await api.query(LicenceSeatsDocument, { ...page, name, waiting })).licence;
    if (!found) throw noSuchLicence(name);
    licence = found;
    return found.seats;
  });
  if (!licence) throw noSuchLicence(name);
  return { licence: licence as Licence, seats };
};

const show = async (context: Context, name: string) => {
  const { licence, seats: held } = await readSeats(context, name, false);
  const { seats: waiting } = await readSeats(context, name, true);
  context.screen.result({ ...licence, held, line: waiting }, () =>
    [summary(licence), ...(held.length + waiting.length > 0 ? [seatTable([...held, ...waiting])] : [])].join(
      '\n\n',
    ),
  );
};

interface DefineOptions {
  readonly title?: string;
  readonly dataSeats?: number;
  readonly optimizationSeats?: number;
  readonly hold?: number;
  readonly lease?: number;
  readonly user?: string[];
  readonly everybody?: boolean;
  readonly basedOn?: number;
  readonly reason?: string;
}

const define = async (context: Context, name: string, options: DefineOptions) => {
  const { title, dataSeats, optimizationSeats, hold, lease, user, everybody, basedOn, reason } = options;
  if (user && everybody)
    throw badInput('everybody', 'It is for some users or for everybody', '--user or --everybody');
  const whole = (seconds: number | undefined) => (seconds === undefined ? undefined : Math.ceil(seconds));
  const licence = await (
    await context.api()
  ).mutate(DefineLicenceDocument, {
    name,
    title,
    dataSeats,
    optimizationSeats,
    holdS: whole(hold),
    leaseS: whole(lease),
    users: everybody ? [] : user,
    basedOn,
    reason,
  });
  context.screen.result(licence, () => summary(licence));
};

interface FreeOptions {
  readonly reason?: string;
  readonly yes?: boolean;
}

const free = async (context: Context, name: string, holder: string, { reason, yes }: FreeOptions) => {
  if (!yes) {
    const { seats } = await readSeats(context, name, false);
    const seat = seats.find(({ id }) => id === holder);
    if (!seat)
      throw new Failure(EXIT.notFound, `"${holder}" holds no seat of ${name}`, {
        code: 'NoSuchSeat',
        hint: `openpro licence show ${name} shows who does`,
      });
    await confirm(
      seat.job === null
        ? `The session of ${seat.user.name} ends, with all that share its seat; its data was kept a moment ago.`
        : `The attempt of ${seat.user.name}’s job is given back: the job waits again and starts anew.`,
    );
  }
  const licence = await (await context.api()).mutate(FreeSeatDocument, { licence: name, holder, reason });
  context.screen.result(licence, () => `The seat is free.\n\n${summary(licence)}`);
};

const leave = async (context: Context, session: string) => {
  const left = await (await context.api()).mutate(LeaveLineDocument, { session });
  context.screen.result(left, () => 'It does not wait any more: the session ends.');
};

const seats = (field: string) => (text: string) => parseInteger(text, field, 0, MAX_SEATS);

/** Licences: how many may work at once, who does, and who waits. */
export const addLicence = (program: Command): void => {
  const licence = program.command('licence').description('licences, their seats, and who waits for one');

  action(addLimit(licence.command('list').description('list licences with the seats that are taken')), list);

  action(
    licence
      .command('show')
      .description('show who holds a seat since when, and who waits at which place')
      .argument('<licence>', 'its name'),
    show,
  );

  action(
    licence
      .command('define')
      .description('define a licence, or change it at once; what is not given stays as it is')
      .argument('<licence>', 'its name, as the manifests of apps call it')
      .option('--title <text>', 'for people')
      .option('--data-seats <count>', 'for sessions, one per user and device', seats('data-seats'))
      .option('--optimization-seats <count>', 'for attempts of jobs', seats('optimization-seats'))
      .option('--hold <time>', 'how long a place in the line is kept for who does not look', parseSeconds)
      .option('--lease <time>', 'how long a seat is kept for an attempt that does not start', parseSeconds)
      .option('--user <user...>', 'only these may use it, by name or id')
      .option('--everybody', 'everybody may use it')
      .option(
        '--based-on <version>',
        'only while this version holds, as openpro licence show prints it',
        (text) => parseInteger(text, 'based-on', 0, 1_000_000),
      )
      .option('--reason <text>', 'for the record'),
    define,
  );

  action(
    licence
      .command('free')
      .description('take a seat away: its session ends, or its attempt is given back')
      .argument('<licence>', 'its name')
      .argument('<holder>', 'as openpro licence show prints it')
      .option('--reason <text>', 'for the record, and for who had it')
      .option('--yes', 'do not ask'),
    free,
  );

  action(
    licence
      .command('leave')
      .description('give up the place in the line of a session that waits for a seat')
      .argument('<session>', 'its id'),
    leave,
  );
};
