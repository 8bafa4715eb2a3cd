import {
  type Attributes,
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import type { CommandMeta } from '@openpro/eventstore';

/**
 * Traces across servers without a field of their own: every event already says which command began it all. The
 * correlation id is the trace's id, and the last half of a command's id is the id of its span, so that whoever meets
 * an event in the log, on whichever server, continues the trace at the command that appended it.
 */
const tracer = trace.getTracer('openpro');
let on = false;

/** Ids for the span that is started next; the generator takes them at once. */
let chosen: { readonly traceId?: string; readonly spanId?: string } = {};

export const chosenIds = (): typeof chosen => {
  const taken = chosen;
  chosen = {};
  return taken;
};

/** Told by who has set up the exporter. Before that no span is ever made. */
export const turnOnTracing = (): void => void (on = true);

export const traceIdOf = (correlation: string): string => correlation.replaceAll('-', '');
export const spanIdOf = (commandId: string): string => commandId.replaceAll('-', '').slice(16);

/** Where a span stands that does not just continue the active one. */
interface Place {
  readonly parent: Context;
  readonly ids?: typeof chosen;
  readonly links?: readonly Link[];
}

const below = (traceId: string, spanId: string): Context =>
  trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });

/** Tells the span how it ended; nothing when tracing is off. */
type Note = (attributes: Attributes) => void;
const silent: Note = () => undefined;

/** @param attributes no payloads and no names of people: traces leave the platform */
const run = async <T>(
  name: string,
  attributes: Attributes,
  work: (note: Note) => Promise<T>,
  { parent, ids, links }: Place = { parent: context.active() },
): Promise<T> => {
  chosen = ids ?? {};
  const span = tracer.startSpan(name, { attributes, ...(links ? { links: [...links] } : {}) }, parent);
  chosen = {};
  try {
    return await context.with(trace.setSpan(parent, span), () =>
      work((more) => void span.setAttributes(more)),
    );
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'Error' });
    throw error;
  } finally {
    span.end();
  }
};

/** Does the work as a part of what is being traced just now. */
export const traced = <T>(
  name: string,
  attributes: Attributes,
  work: (note: Note) => Promise<T>,
): Promise<T> => (on ? run(name, attributes, work) : work(silent));

/** A user's operation, at the root of its trace; `commandId` is the command that it will give. */
export const tracedOperation = <T>(
  name: string,
  attributes: Attributes,
  { commandId, traceparent }: { readonly commandId: string | null; readonly traceparent: string | null },
  work: (note: Note) => Promise<T>,
): Promise<T> => {
  if (!on) return work(silent);
  const [, traceId, spanId, flags] =
    /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
  const caller = traceId && spanId ? { traceId, spanId, traceFlags: parseInt(flags ?? '0', 16) } : null;
  return run(name, attributes, work, {
    parent: ROOT_CONTEXT,
    ...(commandId ? { ids: { traceId: traceIdOf(commandId) } } : {}),
    ...(caller ? { links: [{ context: caller }] } : {}),
  });
};

/** A command: below what asks for it, if that is of the same trace; else below the command that began it all. */
export const tracedCommand = <T>(
  name: string,
  attributes: Attributes,
  { commandId, correlation = commandId }: CommandMeta,
  work: (note: Note) => Promise<T>,
): Promise<T> => {
  if (!on) return work(silent);
  const traceId = traceIdOf(correlation);
  const active = trace.getActiveSpan()?.spanContext();
  const spanId = spanIdOf(commandId);
  const place: Place =
    active?.traceId === traceId
      ? { parent: context.active(), ids: { spanId } }
      : correlation === commandId
        ? {
            parent: ROOT_CONTEXT,
            ids: { traceId, spanId },
            ...(active ? { links: [{ context: active }] } : {}),
          }
        : { parent: below(traceId, spanIdOf(correlation)), ids: { spanId } };
  return run(name, attributes, work, place);
};

/** What an event in the log has set off, below the command that appended it. */
export const tracedEffect = <T>(
  name: string,
  attributes: Attributes,
  { correlation, commandId }: { readonly correlation: string; readonly commandId: string },
  work: (note: Note) => Promise<T>,
): Promise<T> =>
  on
    ? run(name, attributes, work, {
        parent: below(traceIdOf(correlation), spanIdOf(commandId)),
      })
    : work(silent);

/**
 * A time that is over: below the command that appended an event, or below what is being traced just now.
 * @param span milliseconds since 1970
 */
export const tracePast = (
  name: string,
  attributes: Attributes,
  cause: { readonly correlation: string; readonly commandId: string } | null,
  span: { readonly from: number; readonly to: number },
): void => {
  if (!on) return;
  const parent = cause ? below(traceIdOf(cause.correlation), spanIdOf(cause.commandId)) : context.active();
  // As dates: a number before the start of this process would count as milliseconds since then.
  tracer.startSpan(name, { attributes, startTime: new Date(span.from) }, parent).end(new Date(span.to));
};
