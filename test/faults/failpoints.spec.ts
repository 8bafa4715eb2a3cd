import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transformSync } from '@swc/core';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { order } from './failpoints.js';

/* The failpoints in a process of their own, as they are in a server. */

const folder = mkdtempSync(path.join(os.tmpdir(), 'openpro-failpoints-'));

beforeAll(() => {
  const file = path.join(process.cwd(), 'test/faults/failpoint-runtime.ts');
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'es6' },
  });
  writeFileSync(path.join(folder, 'runtime.mjs'), code);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs this script after it has heard the orders; `pass` passes a point and says so. */
const heard = async (script: string) => {
  const file = path.join(folder, 'script.mjs');
  writeFileSync(
    file,
    `import './runtime.mjs';
     import { existsSync } from 'node:fs';
     const pass = async (name) => { await failpoint(name); console.log(name); };
     while (existsSync(process.env.OPENPRO_DATA + '/failpoint')) await new Promise((r) => setTimeout(r, 5));
     ${script}`,
  );
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, NODE_OPTIONS: '', OPENPRO_DATA: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  const [output, errors, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  const fired = path.join(folder, 'failpoint.fired');
  const log = existsSync(fired) ? readFileSync(fired, 'utf8') : '';
  rmSync(fired, { force: true });
  return {
    passed: output.split('\n').filter(Boolean),
    errors,
    code,
    signal,
    fired: log.replaceAll(/ \d+\n/g, ';'),
  };
};

describe('a failpoint', () => {
  it('does nothing unless it was told to', async () => {
    const { passed, code, fired } = await heard(`await pass('renew'); await pass('drain');`);
    expect({ passed, code, fired }).toEqual({ passed: ['renew', 'drain'], code: 0, fired: '' });
  });

  it('kills when it is passed so many times', async () => {
    order(folder, 'renew 2 kill');
    const { passed, signal, fired } = await heard(
      `await pass('renew'); await pass('drain'); await pass('renew');`,
    );
    expect({ passed, signal, fired }).toEqual({
      passed: ['renew', 'drain'],
      signal: 'SIGKILL',
      fired: 'renew kill;',
    });
  });

  it('holds one piece of work, once, while others go on', async () => {
    order(folder, 'before-report 1 hold 0.2');
    const { passed } = await heard(
      `await Promise.all([pass('before-report'), pass('drain')]); await pass('before-report');`,
    );
    expect(passed).toEqual(['drain', 'before-report', 'before-report']);
  });

  it('blocks everything', async () => {
    order(folder, 'before-report 1 block 0.2');
    const { passed } = await heard(
      `const other = new Promise((r) => setTimeout(r, 1)).then(() => pass('drain'));
       await pass('before-report'); await other;`,
    );
    expect(passed).toEqual(['before-report', 'drain']);
  });

  it('fails there', async () => {
    order(folder, 'after-commit 1 fail');
    const { passed, errors, code } = await heard(`await pass('after-commit');`);
    expect({ passed, code }).toEqual({ passed: [], code: 1 });
    expect(errors).toContain('failpoint after-commit: fail');
  });

  it('is whichever of a kind', async () => {
    order(folder, 'projection:* 1 kill');
    const { passed, signal } = await heard(
      `await pass('process:a:after'); await pass('projection:job_list:during');`,
    );
    expect({ passed, signal }).toEqual({ passed: ['process:a:after'], signal: 'SIGKILL' });
  });

  it('is forgotten when it is told so', async () => {
    order(folder, 'renew 1 kill', 'forget', 'drain 2 kill');
    const { passed, code } = await heard(`await pass('renew'); await pass('drain');`);
    expect({ passed, code }).toEqual({ passed: ['renew', 'drain'], code: 0 });
  });

  it('is passed all the time by the ticks', async () => {
    order(folder, 'tick 1 kill');
    expect(await heard(`await new Promise(() => setTimeout(() => undefined, 1e6));`)).toMatchObject({
      signal: 'SIGKILL',
      fired: 'tick kill;',
    });
  });
});
