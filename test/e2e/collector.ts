import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** As OTLP's JSON has it: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
export interface CollectedSpan {
  /** The server that it is of. */
  readonly server: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly {
        readonly key: string;
        readonly value: { readonly stringValue?: string };
      }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<CollectedSpan, 'server'>[] }[];
  }[];
}

/** A receiver of OTLP over HTTP that keeps what it is sent. */
export class Collector {
  readonly spans: CollectedSpan[] = [];
  private look = (): void => undefined;
  private readonly server = http.createServer((request, response) => {
    void text(request).then((body) => {
      const { resourceSpans } = JSON.parse(body) as Export;
      for (const { resource, scopeSpans } of resourceSpans) {
        const instance = resource.attributes.find(({ key }) => key === 'service.instance.id');
        const server = instance?.value.stringValue ?? '';
        for (const { spans } of scopeSpans) this.spans.push(...spans.map((span) => ({ ...span, server })));
      }
      response.setHeader('content-type', 'application/json').end('{}');
      this.look();
    });
  });

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The spans of a trace, once all of these names are among them. */
  trace(traceId: string, names: readonly string[]): Promise<readonly CollectedSpan[]> {
    return new Promise((resolve) => {
      this.look = () => {
        const found = this.spans.filter((span) => span.traceId === traceId);
        if (names.every((name) => found.some((span) => span.name === name))) resolve(found);
      };
      this.look();
    });
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
