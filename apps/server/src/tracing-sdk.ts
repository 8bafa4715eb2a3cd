import { context, trace } from '@opentelemetry/api';
import { chosenIds, type ServerConfig, turnOnTracing } from '@openpro/platform';

const SPANS_AT_ONCE = 512;
const EXPORT_EVERY_MS = 1000;

/**
 * The SDK is loaded here, and only when traces are wanted. Spans go by OTLP over HTTP to a collector; where it is and what it wants to see
 * (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, …) the exporter reads itself. One that is away or slow
 * costs spans, never work. Returns how to stop.
 */
export const startTracing = async (
  { nodeName, version }: Pick<ServerConfig, 'nodeName' | 'version'>,
  share: number,
): Promise<() => Promise<void>> => {
  const [
    { BatchSpanProcessor, RandomIdGenerator, TraceIdRatioBasedSampler, TracerProvider },
    { OTLPTraceExporter },
    { resourceFromAttributes },
    { AsyncLocalStorageContextManager },
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/context-async-hooks'),
  ]);
  const random = new RandomIdGenerator();
  // One span takes both ids, in this order.
  let ids: ReturnType<typeof chosenIds> = {};
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'openpro',
      'service.version': version,
      'service.instance.id': nodeName,
    }),
    // By the trace's id alone, so that all servers keep or leave out the same traces.
    sampler: new TraceIdRatioBasedSampler(share),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter(),
        maxExportBatchSize: SPANS_AT_ONCE,
        scheduledDelayMillis: EXPORT_EVERY_MS,
      }),
    ],
    idGenerator: {
      generateSpanId: () => {
        ids = chosenIds();
        return ids.spanId ?? random.generateSpanId();
      },
      generateTraceId: () => ids.traceId ?? random.generateTraceId(),
    },
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  turnOnTracing();
  return () => provider.shutdown();
};
