/* Bundled into every server of the fault harness; see failpoints.ts for what is written into its data folder. */
import { appendFileSync, readFileSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';

/** So soon after it was written an order is heard. */
const LOOK_MS = 50;

interface Order {
  readonly point: string;
  readonly action: string;
  readonly seconds: number;
  left: number;
}

const folder = isMainThread ? process.env['OPENPRO_DATA'] : undefined;
const orders: Order[] = [];

const hear = (file: string): void => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
    unlinkSync(file);
  } catch {
    return; // nothing to do: as almost always
  }
  for (const line of text.split('\n').filter(Boolean)) {
    const [point = '', hits = '1', action = 'kill', seconds = '0'] = line.split(' ');
    if (point === 'forget') orders.length = 0;
    else orders.push({ point, action, seconds: Number(seconds), left: Number(hits) });
  }
};

const concerns = ({ point }: Order, name: string): boolean =>
  point.endsWith('*') ? name.startsWith(point.slice(0, -1)) : point === name;

const act = ({ action, seconds }: Order, name: string): Promise<void> | undefined => {
  appendFileSync(path.join(folder ?? '', 'failpoint.fired'), `${name} ${action} ${Date.now()}\n`);
  switch (action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return undefined;
    case 'block':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
      return undefined;
    case 'hold':
      return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    default:
      throw new Error(`failpoint ${name}: ${action}`);
  }
};

/** Passed by the code at every point; does nothing unless it was told to. */
const failpoint = (name: string): Promise<void> | undefined => {
  for (const order of orders) {
    if (!concerns(order, name) || --order.left > 0) continue;
    orders.splice(orders.indexOf(order), 1);
    return act(order, name);
  }
  return undefined;
};

Object.assign(globalThis, { failpoint });

if (folder !== undefined)
  setInterval(() => {
    hear(path.join(folder, 'failpoint'));
    void failpoint('tick');
  }, LOOK_MS).unref();
