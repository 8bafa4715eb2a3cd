import { describe, expect, it } from '@jest/globals';
import type { DomainEvent } from '@openpro/kernel';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app } from '../libs/catalogue/src/app.js';
import { engine } from '../libs/catalogue/src/engine.js';
import { publisher } from '../libs/catalogue/src/publisher.js';
import { authority } from '../libs/cluster/src/authority.js';
import { leadership } from '../libs/cluster/src/leadership.js';
import { node } from '../libs/cluster/src/node.js';
import { refusals } from '../libs/cluster/src/refusals.js';
import { environment } from '../libs/identity/src/environment.js';
import { user } from '../libs/identity/src/user.js';
import { batch } from '../libs/jobs/src/batch.js';
import { tariff } from '../libs/jobs/src/tariff.js';
import { job } from '../libs/jobs/src/job.js';
import { schedule } from '../libs/jobs/src/schedule.js';
import { queuePolicy } from '../libs/jobs/src/queue-policy.js';
import { licence } from '../libs/licensing/src/licence.js';
import { session } from '../libs/sessions/src/session.js';
import { caseAggregate } from '../libs/storage/src/case.js';
import { file } from '../libs/storage/src/file.js';

interface AnyAggregate {
  readonly name: string;
  readonly context: string;
  readonly decider: { readonly initial: object; evolve(state: unknown, event: DomainEvent): object };
}

const AGGREGATES: ReadonlyMap<string, AnyAggregate> = new Map(
  (
    [
      app,
      authority,
      batch,
      tariff,
      caseAggregate,
      engine,
      environment,
      file,
      job,
      leadership,
      licence,
      node,
      publisher,
      queuePolicy,
      refusals,
      schedule,
      session,
      user,
    ] as readonly AnyAggregate[]
  ).map((aggregate) => [aggregate.name, aggregate]),
);

/** A stream as a released version wrote it, and the state that it led to. */
interface History {
  readonly stream: string;
  readonly endsAs: object;
  readonly events: readonly DomainEvent[];
}

type Shape = string | readonly [Shape] | { readonly [field: string]: Shape };

const root = fileURLToPath(new URL('..', import.meta.url));
const read = <T>(file: string): T => JSON.parse(readFileSync(path.join(root, file), 'utf8')) as T;

const histories = readdirSync(path.join(root, 'test/histories'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => [name, read<History>(`test/histories/${name}`)] as const);

const aggregateOf = ({ stream }: History): AnyAggregate => {
  const aggregate = AGGREGATES.get(stream.slice(0, stream.indexOf('-')));
  if (!aggregate) throw new Error(`${stream} is of no known aggregate`);
  return aggregate;
};

describe('the events of released versions', () => {
  it.each(histories)('fold as they did: %s', (_, history) => {
    const { initial, evolve } = aggregateOf(history).decider;
    let state: object = initial;
    for (const event of history.events) {
      state = evolve(state, event);
      expect(state).toBeDefined();
    }
    expect(state).toMatchObject(history.endsAs);
  });

  it.each(histories)('are still known, with all their fields: %s', (_, history) => {
    const shapes = read<{ [type: string]: { [field: string]: Shape } }>(
      `schema/events/${aggregateOf(history).context}.json`,
    );
    for (const { type, ...data } of history.events) {
      const fields = Object.keys(shapes[type] ?? {});
      const known = fields.map((field) => field.replace(/\?$/, ''));
      const required = fields.filter((field) => !field.endsWith('?'));
      expect(Object.keys(shapes)).toContain(type);
      expect(Object.keys(data)).toEqual(expect.arrayContaining(required));
      expect(known).toEqual(expect.arrayContaining(Object.keys(data)));
    }
  });

  it('are recorded for every type that there is', () => {
    const types = readdirSync(path.join(root, 'schema/events')).flatMap((file) =>
      Object.keys(read<object>(`schema/events/${file}`)),
    );
    const recorded = new Set(histories.flatMap(([, { events }]) => events.map(({ type }) => type)));
    expect([...recorded].sort()).toStrictEqual(types.sort());
  });
});

describe('schema/events', () => {
  it('says what the types say', () => {
    const { status, stderr } = spawnSync(process.execPath, ['schema/events.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  }, 60_000);
});
