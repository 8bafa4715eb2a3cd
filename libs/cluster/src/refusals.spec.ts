import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { specFor } from '@openpro/kernel/testing';
import type { ForRefusals } from './cluster.commands.js';
import { RefusalLog } from './refusal-log.js';
import { refusals, type Refused } from './refusals.js';

const stranger: Refused = {
  what: 'link',
  from: '10.0.0.9',
  node: null,
  code: 'BadCertificate',
  reason: 'The certificate has expired',
};

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(true));

describe('refusals', () => {
  it('are recorded, long words cut', () => {
    const given = specFor(refusals.decider);
    given()
      .when({ type: 'RecordRefusal', ...stranger })
      .then({ type: 'RefusalRecorded', ...stranger });
    given()
      .when({ type: 'RecordRefusal', ...stranger, code: '' })
      .thenRefused('BadInput');
  });

  it('become one event a minute for each kind, so that nobody can fill the log', () => {
    const sent: ForRefusals[] = [];
    let now = Date.parse('2026-11-25T23:59:30Z');
    const log = new RefusalLog(
      { insist: (command) => Promise.resolve(void sent.push(command as ForRefusals)) },
      { id: 'n1' },
      () => now,
    );
    for (let n = 0; n < 50; n++) log.record(stranger);
    log.record({ ...stranger, code: 'PlainText' });
    expect(sent.map(({ command }) => command.code)).toEqual(['BadCertificate', 'PlainText']);
    now += 60_000;
    log.record(stranger);
    expect(sent.map(({ id }) => id)).toEqual([...Array<string>(3).fill('n1:2026-11-25'), 'n1:2026-11-26']);
    expect(sent[2]?.command).toMatchObject({ code: 'More', reason: expect.stringContaining('and 49 more') });
    for (let n = 0; n < 500; n++) log.record({ ...stranger, from: `10.0.1.${n}` });
    expect(sent.length).toBe(103);
  });

  it('tell apart what a person asked for, and let nobody hide the others by what he tries', () => {
    const sent: ForRefusals[] = [];
    const log = new RefusalLog(
      { insist: (command) => Promise.resolve(void sent.push(command as ForRefusals)) },
      { id: 'n1' },
    );
    const person: Refused = { what: 'command', from: 'u1', node: null, code: 'BadInput', reason: 'no' };
    for (const command of ['submitJob', 'prioritizeJob', 'submitJob']) log.record({ ...person, command });
    expect(sent.map(({ command }) => command.command)).toEqual(['submitJob', 'prioritizeJob']);
    for (let n = 0; n < 100; n++) log.record({ ...person, code: `Code${n}` });
    expect(sent.length).toBe(20);
    log.record({ ...person, from: 'u2' });
    expect(sent.length).toBe(21);
  });

  it('are bounded per day as well, and the rest is a number when the day or the server ends', async () => {
    const sent: ForRefusals[] = [];
    let now = Date.parse('2026-11-25T00:00:00Z');
    const log = new RefusalLog(
      { insist: (command) => Promise.resolve(void sent.push(command as ForRefusals)) },
      { id: 'n1' },
      () => now,
    );
    for (let n = 0; n < 3000; n++, now += 1000) log.record({ ...stranger, from: `10.0.1.${n}` });
    expect(sent.length).toBe(2000);
    for (let n = 0; n < 300; n++, now += 60_000) log.record({ ...stranger, what: 'command', from: 'u1' });
    expect(sent.length).toBe(2200);
    log.record({ ...stranger, what: 'command', from: 'u2' });
    expect(sent.length).toBe(2201);
    await log.onModuleDestroy();
    expect(sent.at(-1)?.command).toMatchObject({
      code: 'More',
      reason: expect.stringContaining('and 1100 more'),
    });
  });
});
