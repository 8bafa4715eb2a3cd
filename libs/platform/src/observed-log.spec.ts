import { beforeEach, describe, expect, it } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemorySpanExporter,
  RandomIdGenerator,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { type Aggregate, type CommandMeta, MemoryEventStore } from '@openpro/eventstore';
import { refuse, uuidv5, uuidv7 } from '@openpro/kernel';
import { Metrics } from './metrics.js';
import { ObservedCommandHandler, ObservedStore } from './observed-log.js';
import {
  chosenIds,
  spanIdOf,
  traced,
  tracedEffect,
  tracedOperation,
  traceIdOf,
  turnOnTracing,
} from './tracing.js';

type Event = { readonly type: 'Counted' };
type Command = { readonly type: 'Count' };
const counter: Aggregate<number, Command, Event> = {
  name: 'counter',
  context: 'tests',
  decider: {
    initial: 0,
    decide: (_, count) => (count < 2 ? [{ type: 'Counted' }] : refuse('Full', 'It is full')),
    evolve: (count) => count + 1,
  },
};

const exporter = new InMemorySpanExporter();
const exported = () =>
  exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    trace: span.spanContext().traceId,
    id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId,
    links: span.links.map((link) => link.context.traceId),
    outcome: span.attributes['openpro.outcome'],
  }));

/** As two servers would: each with a handler of its own, on one log. */
const given = async () => {
  const metrics = new Metrics();
  const store = await ObservedStore.open(metrics, () => Promise.resolve(new MemoryEventStore()));
  const count = (meta: Partial<CommandMeta> = {}) =>
    new ObservedCommandHandler(store).execute(
      counter,
      'c',
      { type: 'Count' },
      {
        commandId: uuidv7(),
        actor: 'ada',
        roles: [],
        ...meta,
      },
    );
  return { metrics, store, count };
};

it('makes no span before tracing is turned on', async () => {
  const { count } = await given();
  await count();
  await traced('anything', {}, () => Promise.resolve());
  expect(exported()).toEqual([]);
});

describe('a trace', () => {
  beforeEach(() => {
    exporter.reset();
    if (exporter.getFinishedSpans().length === 0 && trace.getTracerProvider() instanceof TracerProvider)
      return;
    const random = new RandomIdGenerator();
    let ids: ReturnType<typeof chosenIds> = {};
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(
      new TracerProvider({
        spanProcessors: [new SimpleSpanProcessor({ exporter })],
        idGenerator: {
          generateSpanId: () => (ids = chosenIds()).spanId ?? random.generateSpanId(),
          generateTraceId: () => ids.traceId ?? random.generateTraceId(),
        },
      }),
    );
    turnOnTracing();
  });

  it('has the id of the command that began it, and below that everything that came of it, on any server', async () => {
    const { count, store } = await given();
    const commandId = uuidv7();
    await tracedOperation('mutation count', {}, { commandId, traceparent: null }, () => count({ commandId }));
    const [event] = await store.readAll('' as never, 1);
    await tracedEffect('work', {}, event!, () =>
      count({ commandId: uuidv5(commandId, 'x'), correlation: commandId }),
    );

    const spans = exported();
    expect(new Set(spans.map((span) => span.trace))).toEqual(new Set([traceIdOf(commandId)]));
    const parents = spans.map(({ name, parent }) => [name, spans.find(({ id }) => id === parent)?.name]);
    expect(parents).toEqual([
      ['append', 'counter Count'],
      ['counter Count', 'mutation count'],
      ['mutation count', undefined],
      ['append', 'counter Count'], // meets what the other server wrote
      ['append', 'counter Count'],
      ['counter Count', 'work'],
      ['work', 'counter Count'],
    ]);
  });

  it('holds what a process commands, though nothing of it runs there just now', async () => {
    const { count } = await given();
    const correlation = uuidv7();
    await count({ correlation });
    expect(exported().find(({ name }) => name === 'counter Count')).toMatchObject({
      trace: traceIdOf(correlation),
      parent: spanIdOf(correlation),
    });
  });

  it('is another one for a command of its own, with a link to what asked for it', async () => {
    const { count } = await given();
    await tracedOperation('mutation other', {}, { commandId: null, traceparent: null }, () => count());
    const spans = exported();
    const command = spans.find(({ name }) => name === 'counter Count');
    const operation = spans.find(({ name }) => name === 'mutation other');
    expect(command?.parent).toBeUndefined();
    expect(command?.links).toEqual([operation?.trace]);
  });

  it.each([
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', ['4bf92f3577b34da6a3ce929d0e0e4736']],
    ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', []],
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01', []],
    ["01-x'; DROP TABLE spans", []],
  ])('links to the caller of %s: %j', async (traceparent, links) => {
    await tracedOperation('query x', {}, { commandId: null, traceparent }, () => Promise.resolve());
    expect(exported()[0]?.links).toEqual(links);
  });

  it('says how it ended, and of an error no more than its name', async () => {
    const { count } = await given();
    for (let n = 0; n < 3; n++) await count();
    await traced('fails', {}, () => Promise.reject(new TypeError('secret'))).catch(() => undefined);
    expect(
      exported()
        .filter(({ name }) => name === 'counter Count')
        .map(({ outcome }) => outcome),
    ).toEqual(['done', 'done', 'refused: Full']);
    const failed = exporter.getFinishedSpans().find(({ name }) => name === 'fails');
    expect(failed?.status).toEqual({ code: 2, message: 'TypeError' });
  });
});

it('counts appends by what became of them', async () => {
  const { metrics, store, count } = await given();
  await count();
  const [recorded] = await store.readStream('counter-c');
  const { event, context: of, ...meta } = recorded!;
  const append = { stream: 'counter-c', expected: 0, context: of, events: [event], meta, fingerprint: 'f' };
  await store.append({ ...append, meta: { ...meta, commandId: uuidv7() } });
  await expect(store.append({ ...append, events: [] })).rejects.toThrow();
  const text = await metrics.text();
  for (const outcome of ['appended', 'conflict', 'failed'])
    expect(text).toContain(`openpro_log_append_duration_seconds_count{outcome="${outcome}"} 1\n`);
});
