import { describe, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Api } from './platform.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** We download no browser: where none is installed these tests are skipped, and the run says so. `.ci/run` installs one. */
const there = existsSync(CHROMIUM);
if (!there) console.warn(`Skipped: there is no browser at ${CHROMIUM} (set CHROMIUM to yours)`);

export const describeInBrowser = there ? describe : describe.skip;
export const itInBrowser = there ? it : it.skip;

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });

/** A page in which this person is signed in. */
export const pageOf = async (browser: Browser, api: Api): Promise<Page> => {
  const { url } = await api.change<{ url: string }>('issueSignInLink', '', {}, '... on SignInLink { url }');
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  return page;
};
