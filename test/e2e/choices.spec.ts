import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { Author, ENDLESS } from './apps.js';
import { describeInBrowser, launchBrowser, pageOf } from './chromium.js';
import { People } from './people.js';
import { type Api, Platform } from './platform.js';

jest.setTimeout(120_000);

describeInBrowser('who submits a job in the browser', () => {
  const platform = new Platform();
  let people: People;
  let admin: Api;
  let ada: Api;
  let browser: Browser;
  let page: Page;

  const submit = async (): Promise<string> => {
    const input = { app: 'runs', procedure: 'solve', description: 'the data' };
    const job = await ada.change<{ id: string }>(
      'submitJob',
      '$input: SubmitJob!',
      { input },
      '... on Job { id }',
    );
    return job.id;
  };
  const choose = async (field: string, option: RegExp): Promise<void> => {
    await page.getByRole('combobox', { name: field }).or(page.getByLabel(field)).first().click();
    await page.getByRole('option', { name: option }).click();
  };

  /** Opens a list and closes it again: the form must stay. */
  const escape = async (field: string): Promise<void> => {
    const list = page.getByRole('combobox', { name: field });
    await list.click();
    await page.getByRole('combobox', { name: field, expanded: true }).waitFor();
    await list.press('Escape');
    await page.getByRole('combobox', { name: field, expanded: false }).waitFor();
  };

  beforeAll(async () => {
    await platform.start();
    admin = await platform.signIn();
    people = new People(platform);
    ada = await people.add('Ada', ['user']);
    const author = await Author.of(admin);
    await author.trust();
    await author.app('runs', ENDLESS);
    const policy = {
      rules: [{ app: 'runs', priority: 50 }],
      profiles: [
        { name: 'Large', capacity: 4, memoryMiB: 1024, for: [{ user: 'Ada' }] },
        { name: 'Secret', capacity: 4, for: [{ user: 'Bob' }] },
      ],
    };
    await admin.change(
      'setQueuePolicy',
      '$policy: JSON!, $reason: String!, $basedOn: Int!',
      { policy, reason: 'a test', basedOn: 0 },
      '',
    );
    browser = await launchBrowser();
    page = await pageOf(browser, ada);
  });
  afterAll(async () => {
    await browser?.close();
    await people.close();
    await platform.remove();
  });

  it('chooses a profile of his own, what it waits for, and a worse priority', async () => {
    const first = await submit();
    await page.goto(`${platform.url}/launch/runs/latest`);
    await page.getByRole('button', { name: 'Options of Solve' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Description').fill('the report');
    await form.getByLabel('Priority').fill('70');
    await form.getByLabel('Worker profile').first().click();
    expect(await page.getByRole('option').allInnerTexts()).toEqual(['Large: 1 GiB, 4 at once']);
    await page.getByRole('option', { name: 'Large' }).click();
    await choose('After', /the data \((waiting|running)\)/i);
    await form.getByLabel('Description').click(); // closes the list
    await form.getByText('have ended').click();
    await form.getByRole('button', { name: 'Solve' }).click();
    await page
      .getByText(/waits for job the data/)
      .first()
      .waitFor();

    const { jobs } = await ada.ask<{ jobs: { nodes: object[] } }>(
      '{ jobs(first: 1) { nodes { description priority profile dependsOn { job on } } } }',
    );
    expect(jobs.nodes).toEqual([
      { description: 'the report', priority: 70, profile: 'Large', dependsOn: [{ job: first, on: 'ANY' }] },
    ]);
    await ada.change('terminateJob', '$id: ID!', { id: first }, '');
    await page.getByRole('region', { name: /^Job / }).getByText('Running', { exact: true }).first().waitFor();
  });

  it('clones a job under another profile, and reads what differs', async () => {
    await page.goto(`${platform.url}/jobs?search=data`);
    await page.getByRole('link', { name: 'the data' }).click();
    await page.getByRole('button', { name: 'Clone…' }).click();
    await escape('Worker profile');
    await escape('After');
    await choose('Worker profile', /^Large/);
    await page.getByRole('button', { name: 'Submit the job' }).click();
    await page.getByText('profile Large instead of none').waitFor();
  });

  it('gives the runs of a schedule a profile', async () => {
    await page.goto(`${platform.url}/schedules`);
    await page
      .getByRole('button', { name: /schedule/i })
      .first()
      .click();
    await choose('App', /^runs$/);
    await choose('Procedure', /^Solve$/);
    await escape('Worker profile');
    await choose('Worker profile', /^Large/);
    await page.getByLabel('Name').fill('nightly');
    await page.getByRole('button', { name: 'Make the schedule' }).click();
    await page.getByText('nightly').first().waitFor();
    const { output } = await platform.cli('schedule', 'list');
    expect(output).toContain('nightly');
  });
});
