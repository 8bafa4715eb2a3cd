import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from './chromium.js';
import { Platform } from './platform.js';

jest.setTimeout(120_000);

/** \`OPENPRO_PICTURE=docs/figures/supply-network.png\` writes the README's picture on the way. */
const PICTURE = process.env['OPENPRO_PICTURE'];

describeInBrowser('in the browser', () => {
  const platform = new Platform();
  const problems: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    await platform.start();
    browser = await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1400, height: 1400 } });
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
    // Violations of the content security policy are console errors, too.
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('response', (response) => {
      if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
    });
  });

  afterAll(async () => {
    await browser?.close();
    await platform.remove();
  });

  afterEach(() => expect(problems.splice(0)).toEqual([]));

  /** What stands beside a figure's label, for example of "Total cost". */
  const figure = async (region: string, label: string): Promise<string> => {
    const card = page.getByRole('region', { name: region, exact: true });
    const box = card.locator('dl > div', { has: page.getByRole('term').getByText(label, { exact: true }) });
    return box.getByRole('definition').innerText();
  };
  const shows = (label: string, value: string) =>
    page
      .getByLabel(label)
      .and(page.locator(`[value="${value}"]`))
      .waitFor();
  const state = (text: string) =>
    page.getByRole('region', { name: /^Job / }).getByText(text, { exact: true }).first().waitFor();

  it('asks who is not signed in for a link, and leads him where he wanted to go', async () => {
    await page.goto(`${platform.url}/jobs`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto(platform.link);
    await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
    expect(page.url()).toBe(`${platform.url}/jobs`);
    await page.getByRole('link', { name: 'Apps' }).click();
    await page.getByRole('article').first().waitFor();
    expect(await page.getByRole('article').allInnerTexts()).toEqual([
      expect.stringContaining('Solve file'),
      expect.stringContaining('Supply network'),
    ]);
  });

  it('launches an app and shows its inputs, tables and map', async () => {
    await page.getByRole('link', { name: 'Launch Supply network' }).click();
    await page.getByRole('button', { name: 'Optimize', exact: true }).waitFor();
    expect(page.url()).toMatch(/\/sessions\/[0-9a-f-]{36}$/);
    expect(await page.getByLabel('Warehouses at most').inputValue()).toBe('27');
    await page.getByText('New York City, NY').first().waitFor();
    await page.getByRole('region', { name: 'Map' }).locator('canvas').first().waitFor();
    expect(await figure('Result', 'Total cost')).toBe('–');
  });

  it('says what is wrong with an input, and takes it when it is right', async () => {
    const input = page.getByLabel('Warehouses at most');
    await input.fill('many');
    await input.press('Enter');
    await page.getByText('"many" is not a number').waitFor();
    await input.fill('30');
    await input.press('Enter');
    await page.getByText('"many" is not a number').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo the last change' }).click();
    await shows('Warehouses at most', '27');
    await page.getByRole('button', { name: 'Redo' }).click();
    await shows('Warehouses at most', '30');
    await page.getByRole('grid', { name: 'Demand' }).click({ position: { x: 30, y: 50 } });
    await page.keyboard.type('-5');
    await page.keyboard.press('Enter');
    await page.getByText('-5 is below 0').waitFor();
    await page.keyboard.press('Escape');
  });

  it('closes a list of the form alone with Escape, and then the form', async () => {
    const options = page.getByRole('button', { name: 'Options of Optimize' });
    await options.click();
    const form = page.getByRole('dialog');
    const list = form.getByRole('combobox', { name: 'After' });
    await list.click();
    await form.getByRole('combobox', { name: 'After', expanded: true }).waitFor();
    await list.press('Escape');
    await form.getByRole('combobox', { name: 'After', expanded: false }).waitFor();
    expect(await options.getAttribute('aria-expanded')).toBe('true');
    await list.press('Escape');
    await form.waitFor({ state: 'detached' });
  });

  it('runs, shows progress as it comes, and the result in the session', async () => {
    await page.getByRole('button', { name: 'Options of Optimize' }).click();
    await page.getByLabel('Description').fill('Thirty warehouses');
    if (!PICTURE) await page.getByLabel('Stop at a gap of').fill('5');
    await page.getByRole('dialog').getByRole('button', { name: 'Optimize' }).click();
    const job = page.getByRole('region', { name: 'Job Thirty warehouses' });
    await job.waitFor();
    await state('Running');
    await job.getByRole('img').locator('canvas').first().waitFor();
    await state('Completed');
    await page
      .getByRole('region', { name: 'Result', exact: true })
      .getByText(/^[\d,]+(\.\d+)?/)
      .first()
      .waitFor();
    expect(await figure('Result', 'Total cost')).toMatch(/^1,[3-5]\d\d,\d{3}(\.\d+)? USD a week$/);
    expect(Number(await figure('Result', 'Open warehouses'))).toBeLessThanOrEqual(30);
    expect(await page.getByRole('table', { name: 'Runs of this session' }).innerText()).toContain(
      'Thirty warehouses',
    );
    if (PICTURE) await page.screenshot({ path: PICTURE, animations: 'disabled' });
  });

  it('shows the job with its log and what happened to it', async () => {
    await page.getByRole('link', { name: 'Job page' }).click();
    await page.getByRole('heading', { name: 'Thirty warehouses' }).waitFor();
    const timeline = page
      .locator('section', { has: page.getByRole('heading', { name: 'Timeline' }) })
      .getByRole('listitem');
    await timeline.nth(2).waitFor();
    expect(await timeline.allInnerTexts()).toEqual([
      expect.stringMatching(/^Queued\s.*Administrator/s),
      expect.stringMatching(/^Started\n/),
      expect.stringMatching(/^Ended\n/),
    ]);
    await page.locator('.log', { hasText: '80 sites, 400 cities' }).waitFor();
  });

  it('shows every other page', async () => {
    const names = [
      'Apps',
      'Sessions',
      'Jobs',
      'Schedules',
      'Cases',
      'Storage',
      'Engines',
      'Cluster',
      'Users',
      'Events',
    ];
    for (const name of names) {
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
    }
    await page
      .getByText('Signed in')
      .or(page.getByText(/SignedIn/))
      .first()
      .waitFor();
  });

  it('shows what one keeps, and removes it when it has said how much room that makes', async () => {
    await page.getByRole('link', { name: 'Storage' }).click();
    const kept = page.getByRole('table', { name: 'What you keep' });
    const result = kept.getByRole('row', { name: / result / });
    await result.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Remove 1 item' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove 1 case?' });
    await dialog.getByText(/^It makes [\d.]+ [KM]iB of room\./).waitFor();
    await dialog.getByRole('button', { name: 'Remove for ever' }).click();
    await dialog.waitFor({ state: 'detached' });
    await result.waitFor({ state: 'detached' });
  });

  it('puts somebody into a group when it has said what follows', async () => {
    await page.getByRole('link', { name: 'Users' }).click();
    await page.getByRole('button', { name: 'Change the groups of Administrator' }).click();
    const form = page.getByRole('dialog', { name: 'Groups of Administrator' });
    await form.getByLabel('Groups', { exact: true }).first().fill('planners');
    await page.keyboard.press('Enter');
    await form.getByText('What the policy says of planners holds for the next jobs').waitFor();
    await form.getByRole('button', { name: 'Change groups' }).click();
    await form.waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: 'planners' }).waitFor();
  });

  it('makes a schedule, shows its next times before and after, and pauses it with a reason', async () => {
    await page.getByRole('link', { name: 'Schedules' }).click();
    await page.getByText('There are no schedules yet').waitFor();
    await page.getByRole('button', { name: 'New schedule' }).click();
    const form = page.getByRole('dialog', { name: 'New schedule' });
    for (const [name, value] of [
      ['App', 'Supply network'],
      ['Procedure', 'Optimize'],
    ] as const) {
      await form.getByRole('combobox', { name }).click();
      await page.getByRole('option', { name: value }).click();
    }
    await form.getByRole('textbox', { name: 'Name' }).fill('Morning plan');
    await form.getByLabel('Cron expression').fill('0 0 30 2 *');
    await form.getByText(/never comes/).waitFor();
    await form.getByLabel('Cron expression').fill('30 6 * * MON-FRI');
    await form
      .getByText(/, 06:30 GMT/)
      .nth(4)
      .waitFor();
    await form.getByRole('button', { name: 'Make the schedule' }).click();
    await page.getByRole('heading', { name: 'Morning plan' }).waitFor();
    await page.getByText('It has not run yet').waitFor();
    await page
      .getByText(/, 06:30 GMT/)
      .nth(4)
      .waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('holidays');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('alert').getByText('holidays').waitFor();
    await page.getByRole('link', { name: 'All schedules' }).click();
    await page.getByRole('table', { name: 'Schedules' }).getByText('holidays').waitFor();
  });

  it('drains and resumes a server: what is queued meanwhile waits, says why, and then runs', async () => {
    await page.getByRole('link', { name: 'Cluster' }).click();
    const server = page.getByRole('article', { name: 'server-1' });
    await server.getByText('Joined', { exact: true }).waitFor();
    await server.getByRole('button', { name: 'Actions for server-1' }).click();
    await page.getByRole('menuitem', { name: 'Drain…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Drain server-1?' });
    await dialog.getByText(/^No other server takes work: new jobs wait/).waitFor();
    await dialog.getByLabel('Reason').fill('new disk');
    await dialog.getByRole('button', { name: 'Drain', exact: true }).click();
    await server.getByText('Draining', { exact: true }).waitFor();
    const timeline = page.getByRole('list', { name: 'Timeline of the cluster, newest first' });
    await timeline.getByText(/^server-1 takes no new work: new disk/).waitFor();

    const { output } = await platform.cli(
      'job',
      'submit',
      'supply-network',
      'optimize',
      '--gap',
      '5%',
      '--json',
    );
    const { id } = JSON.parse(output) as { id: string };
    await page.goto(`${platform.url}/jobs/${id}`);
    await page.getByText('The only server is draining: it takes no new jobs until it is resumed').waitFor();

    await page.getByRole('link', { name: 'Cluster' }).click();
    await server.getByRole('button', { name: 'Actions for server-1' }).click();
    await page.getByRole('menuitem', { name: 'Resume' }).click();
    await timeline.getByText('server-1 takes work again').waitFor();
    await page.goto(`${platform.url}/jobs/${id}`);
    await state('Completed');
    await page.getByRole('table', { name: 'Attempts' }).getByText('server-1').waitFor();
  });

  it('signs out everywhere it is open, and shows nothing any more', async () => {
    const other = await page.context().newPage();
    await other.goto(`${platform.url}/jobs`);
    await other.getByText('Thirty warehouses').first().waitFor();
    await page.getByRole('button', { name: 'Administrator' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await other.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await other.getByText('Thirty warehouses').count()).toBe(0);
    expect(await page.context().cookies()).toEqual([
      expect.objectContaining({ httpOnly: true, sameSite: 'Strict' }),
    ]);
  });
});
