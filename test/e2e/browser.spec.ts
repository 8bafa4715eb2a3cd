import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { Platform } from './platform.js';

jest.setTimeout(240_000);

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** The machine is shared with the solver. */
const PATIENCE_MS = 60_000;

const there = existsSync(CHROMIUM);
if (!there)
  console.warn(`Skipped: ${CHROMIUM} is not there (apt-get install chromium), so no browser is driven`);

(there ? describe : describe.skip)('a planner in the browser', () => {
  const platform = new Platform();
  const complaints: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    await platform.start();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
  });
  afterAll(async () => {
    await browser?.close();
    await platform.remove();
  });

  it('is told how to sign in, and signs in by the link', async () => {
    await page.goto(`${platform.url}/jobs`);
    await page.getByText('You are not signed in').waitFor();
    complaints.length = 0; // being told 401 is what this was about
    await page.goto(platform.link);
    await page.waitForURL('**/jobs');
    await page.goto(platform.url);
    await page.getByRole('link', { name: 'Launch Supply network' }).waitFor();
  });

  it('launches an app and sees its data in tables and on the map', async () => {
    await page.getByRole('link', { name: 'Launch Supply network' }).click();
    await page
      .getByRole('row', { name: /New York City, NY/ })
      .first()
      .waitFor();
    await page.getByRole('heading', { name: 'Map' }).waitFor();
    await page.locator('canvas').first().waitFor();
    expect(page.url()).toMatch(/\/sessions\/[0-9a-f-]{36}$/);
  });

  it('changes an input, and is told at the cell what is wrong with another', async () => {
    const warehouses = page.getByLabel('Warehouses at most');
    await warehouses.fill('30');
    await warehouses.press('Enter');
    await page.getByRole('button', { name: /undo/i }).and(page.locator(':enabled')).waitFor();
    const demand = page.getByRole('grid', { name: 'Demand' });
    await demand.click({ position: { x: 30, y: 50 } });
    await page.keyboard.type('-5');
    await page.keyboard.press('Enter');
    await page.getByText('is below 0').waitFor();
    await page.keyboard.press('Escape');
  });

  it('runs it, watches it, and finds the result on the page', async () => {
    await page.getByRole('button', { name: 'Optimize', exact: true }).click();
    await page.getByText('Running').first().waitFor();
    await page.getByText('Completed').first().waitFor();
    const opened = `[...document.querySelectorAll('main *')].some((e) => /^Open warehouses\\s+[1-9]\\d?$/.test(e.innerText?.trim()))`;
    expect(await (await page.waitForFunction(opened)).jsonValue()).toBe(true);
    await page.getByRole('row', { name: /Yes/ }).first().waitFor();
  });

  it('reads on the job’s page what happened, and signs out', async () => {
    await page.getByRole('link', { name: 'Job page' }).click();
    await page.getByText('Timeline').first().waitFor();
    for (const text of ['Queued', 'Started', 'Completed']) await page.getByText(text).first().waitFor();
    await page.getByRole('button', { name: 'Administrator' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByText('You are not signed in').waitFor();
    // No error in the console, and so nothing that the content security policy had to stop.
    expect(complaints.filter((text) => !/401|403/.test(text))).toEqual([]);
  });
});
