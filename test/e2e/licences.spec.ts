import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { Author, BUSY } from './apps.js';
import { describeInBrowser, launchBrowser, pageOf } from './chromium.js';
import { People } from './people.js';
import { Api, Platform } from './platform.js';

jest.setTimeout(120_000);

interface Session {
  readonly id: string;
  readonly state: string;
  readonly node: string | null;
  readonly waitingFor: string | null;
  readonly endReason: string | null;
  readonly waited: string | null;
}
interface Licence {
  readonly dataTaken: number;
  readonly waiting: number;
  readonly note: string | null;
}

const SESSION = 'id state node waitingFor endReason waited';
const SEATS = `query($waiting: Boolean!) {
  licence(name: "solver") { seats(waiting: $waiting) { nodes { id session place user { name } } } } }`;

describe('a licence with one data seat', () => {
  const platform = new Platform(undefined, ['--servers', '2']);
  let people: People;
  let admin: Api;
  let author: Author;
  let ada: Api;
  let bob: Api;
  let cid: Api;

  const TYPES: Record<string, string> = {
    dataSeats: '$dataSeats: Int',
    holdS: '$holdS: Int',
    users: '$users: [String!]',
    reason: '$reason: String',
    optimizationSeats: '$optimizationSeats: Int',
    basedOn: '$basedOn: Int',
  };
  const define = (args: Record<string, unknown>) =>
    admin.change<Licence & { code: string }>(
      'defineLicence',
      ['$name: ID!', ...Object.keys(args).map((name) => TYPES[name])].join(', '),
      { name: 'solver', ...args },
      '... on Licence { dataTaken waiting note }',
    );
  const launch = async (api: Api): Promise<string> => {
    const asked = await api.change<Session>(
      'launchSession',
      '$app: String!',
      { app: 'licensed' },
      '... on Session { id }',
    );
    return asked.id;
  };
  const until = async (api: Api, id: string, wanted: (session: Session) => boolean): Promise<Session> => {
    const seen = await api.until<{ sessionChanged: { session: Session } }>(
      `subscription($id: ID!) { sessionChanged(id: $id) { session { ${SESSION} } } }`,
      { id },
      ({ sessionChanged }) => wanted(sessionChanged.session),
    );
    return seen.sessionChanged.session;
  };
  const ready = (api: Api, id: string) => until(api, id, ({ state }) => state === 'READY');
  const ended = (api: Api, id: string) => until(api, id, ({ state }) => state === 'ENDED');
  const waits = (api: Api, id: string, words: string) =>
    until(api, id, ({ waitingFor }) => waitingFor?.includes(words) ?? false);
  const end = (api: Api, id: string) => api.change('endSession', '$id: ID!', { id }, '... on Session { id }');
  const seats = async (waiting: boolean) => {
    const found = await admin.ask<{ licence: { seats: { nodes: object[] } } }>(SEATS, { waiting });
    return found.licence.seats.nodes;
  };

  beforeAll(async () => {
    await platform.start();
    admin = await platform.signIn();
    people = new People(platform);
    ada = await people.add('Ada', ['user']);
    bob = await people.add('Bob', ['user']);
    cid = await people.add('Cid', ['user']);
    author = await Author.of(admin);
    await author.trust();
  });
  afterAll(async () => {
    await people.close();
    await platform.remove();
  });

  it('must be there before an app that needs it is published', async () => {
    const bytes = await author.packApp({ name: 'licensed', model: BUSY, licence: 'solver' });
    expect(await author.publish('APP', bytes)).toMatchObject({ code: 'NoSuchLicence', field: 'licence' });
    expect(await define({ dataSeats: 1, reason: 'a test' })).toMatchObject({
      __typename: 'Licence',
      waiting: 0,
    });
    expect(await author.publish('APP', bytes)).toMatchObject({ __typename: 'AppVersion' });
  });

  it('is changed only by who has seen what holds', async () => {
    expect(await define({ dataSeats: 9, basedOn: 0 })).toMatchObject({
      __typename: 'Conflict',
      code: 'LicenceChanged',
    });
    expect(await define({ reason: 'seen', basedOn: 1 })).toMatchObject({ __typename: 'Licence' });
  });

  it('lets the second planner wait with a place, and opens his session when the first has ended', async () => {
    const first = await launch(ada);
    await ready(ada, first);
    const second = await launch(bob);
    const waiting = await waits(bob, second, 'place 1 of 1, 1 of 1 taken');
    expect(waiting).toMatchObject({ state: 'REQUESTED', node: null });
    const third = await launch(cid);
    await waits(cid, third, 'place 2 of 2');
    expect(await seats(false)).toMatchObject([{ session: first, place: null, user: { name: 'Ada' } }]);
    expect(await seats(true)).toMatchObject([
      { session: second, place: 1 },
      { session: third, place: 2 },
    ]);

    const shared = await launch(ada); // the same user on the same device
    await ready(ada, shared);
    await end(ada, first);
    await waits(bob, second, 'place 1 of 2, 1 of 1 taken');
    await end(ada, shared);
    const { waited } = await ready(bob, second);
    expect(waited ?? 'a moment for a seat of solver').toContain('seat of solver');
    await waits(cid, third, 'place 1 of 1');
    const { output } = await platform.cli('session', 'show', second);
    expect(output).toMatch(/^launch +seat after .*, server after .*, ready after/m);

    expect(await cid.change('leaveLine', '$session: ID!', { session: second }, '')).toMatchObject({
      code: 'NoSuchSession',
    });
    await cid.change('leaveLine', '$session: ID!', { session: third }, '');
    expect((await ended(cid, third)).endReason).toContain('It left the line');
    await end(bob, second);
    await ended(bob, second);
  });

  it('gives the place of who does not look to the next after the hold', async () => {
    const first = await launch(ada);
    await ready(ada, first);
    await define({ holdS: 1 });
    const before = await admin.endOfLog();
    const gone = await launch(bob);
    await admin.event<{ holder: string }>(before, 'SeatQueued', ({ data }) => data.holder === gone);
    await define({ holdS: 60 }); // of those who come later
    const stays = await launch(cid);
    const opened = ready(cid, stays); // he looks on
    // The other one closes his browser when he has seen his place, if that has not been given away before.
    await until(bob, gone, ({ state, waitingFor }) => state === 'ENDED' || /place 1/.test(waitingFor ?? ''));
    const { endReason } = await until(admin, gone, ({ state }) => state === 'ENDED');
    expect(endReason).toContain('Nobody looked at it for 1 s');
    await end(ada, first);
    await opened;
    await end(cid, stays);
  });

  it('is taken away by an administrator, who sees what that means', async () => {
    const first = await launch(ada);
    await ready(ada, first);
    const second = await launch(bob);
    await waits(bob, second, 'place 1');
    expect(await define({ dataSeats: 0 })).toMatchObject({ dataTaken: 1, waiting: 1 });
    expect((await define({ dataSeats: 0 })).note).toContain('1 of 0 data seats are taken');
    await define({ dataSeats: 1 });
    const { code, output } = await platform.cli(
      'licence',
      'free',
      'solver',
      first,
      '--reason',
      'lunch',
      '--yes',
    );
    expect([code, output]).toEqual([0, expect.stringContaining('The seat is free')]);
    expect((await ended(ada, first)).endReason).toBe(
      'seat-freed: An administrator freed its seat of licence solver: lunch',
    );
    await ready(bob, second);
    const shown = await platform.cli('licence', 'show', 'solver');
    expect(shown.output).toMatch(/has it +Bob +session/);
    await end(bob, second);
  });

  it('gives a job a seat before it starts, and takes it back when the attempt ends or is freed', async () => {
    interface Job {
      readonly state: string;
      readonly waitingFor: string | null;
      readonly attempts: readonly { readonly outcome: string | null }[];
    }
    const submit = async (): Promise<string> =>
      (
        await ada.change<{ id: string }>(
          'submitJob',
          '$input: SubmitJob!',
          { input: { app: 'licensed', procedure: 'solve' } },
          '... on Job { id }',
        )
      ).id;
    const job = (id: string, wanted: (job: Job) => boolean) =>
      ada.job<Job>(id, 'state waitingFor attempts { outcome }', wanted);
    const running = (id: string, attempt: number) =>
      job(id, ({ state, attempts }) => state === 'RUNNING' && attempts.length === attempt);
    await define({ optimizationSeats: 1 });
    const first = await submit();
    await running(first, 1);
    const second = await submit();
    await job(second, ({ waitingFor }) => /a seat of licence solver: 1 of 1 taken/.test(waitingFor ?? ''));
    await ada.change('interruptJob', '$id: ID!', { id: first }, '');
    await running(second, 1);
    const seat = { licence: 'solver', holder: `${second}:1` };
    await admin.change('freeSeat', '$licence: ID!, $holder: ID!', seat, '... on Licence { name }');
    const { attempts } = await running(second, 2);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['drained', null]);
    const before = await admin.endOfLog();
    await ada.change('terminateJob', '$id: ID!', { id: second }, '');
    await admin.event<{ holder: string }>(
      before,
      'SeatReleased',
      ({ data }) => data.holder === `${second}:2`,
    );
  });

  it('is only for those whom it names', async () => {
    await define({ users: ['Ada'] });
    const refused = await bob.change('launchSession', '$app: String!', { app: 'licensed' }, '');
    expect(refused).toMatchObject({ __typename: 'NotAllowed' });
    expect(await define({ users: ['Nobody'] })).toMatchObject({ code: 'BadInput' });
    await define({ users: [] });
  });

  describeInBrowser('in the browser', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser();
    });
    afterAll(() => browser?.close());

    it('shows a planner his place, which he may leave, and an administrator the line and the seats', async () => {
      const first = await launch(ada);
      await ready(ada, first);
      const waiting = await pageOf(browser, bob);
      await waiting.goto(`${platform.url}/launch/licensed/latest`);
      await waiting.getByText('place 1 of 1, 1 of 1 taken').waitFor();

      const page = await pageOf(browser, admin);
      await page.goto(`${platform.url}/licences`);
      await page.getByRole('table', { name: 'The line for data seats' }).getByText('Bob').waitFor();
      await page.getByRole('table', { name: 'Seats that are taken' }).getByText('Ada').waitFor();
      await waiting.getByRole('button', { name: 'Leave the line' }).click();
      await waiting.getByText('It left the line for licence solver').waitFor();
      await page.getByText('Nobody waits').first().waitFor();

      await waiting.goto(`${platform.url}/launch/licensed/latest`);
      await waiting.getByText('place 1 of 1').waitFor();
      await page.getByRole('button', { name: 'Free…' }).click();
      await page.getByLabel('Reason').fill('lunch');
      await page.getByRole('button', { name: 'Free the seat' }).click();
      await waiting.getByRole('button', { name: 'solve', exact: true }).waitFor(); // his app opens by itself
      await page.getByRole('button', { name: 'Change…' }).click();
      await page.getByRole('dialog').getByLabel('Data seats', { exact: true }).fill('0');
      await page.getByRole('button', { name: 'Change', exact: true }).click();
      await page.getByText('1 of 0 data seats are taken').waitFor();
      await end(bob, waiting.url().split('/').at(-1) ?? '');
      await define({ dataSeats: 1 });
    });
  });

  it('comes back from a server that was killed', async () => {
    const first = await launch(ada);
    const { node } = await ready(ada, first);
    const second = await launch(bob);
    await waits(bob, second, 'place 1');
    const { nodes } = await admin.ask<{ nodes: { nodes: { id: string; name: string }[] } }>(
      '{ nodes { nodes { id name } } }',
    );
    const server = nodes.nodes.find(({ id }) => id === node)!.name;
    const file = (name: string) =>
      path.join(platform.dataDir, name === 'server-1' ? '' : name, 'server.json');
    const about = (name: string) =>
      JSON.parse(readFileSync(file(name), 'utf8')) as { pid: number; url: string };
    const other = about(server === 'server-1' ? 'server-2' : 'server-1');
    process.kill(about(server).pid, 'SIGKILL');
    expect((await ready(new Api(other.url, bob.token), second)).state).toBe('READY');
  });
});
