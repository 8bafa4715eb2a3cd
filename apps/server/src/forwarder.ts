import { asCaller, type Credentials, REFUSED_HEADER, VERSION_HEADER } from '@openpro/link';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Upstream, Upstreams } from './upstreams.js';

/** Bodies up to this are kept until the answer comes, so that another server can be asked. The API takes no larger JSON. */
const MAX_KEPT = 2 * 1024 * 1024;
const CONNECT_MS = 3000;
/** Of one connection only (RFC 9110, 7.6.1); `expect` has been answered by this server. */
const HOP_BY_HOP = [
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

export interface ForwarderNeeds {
  readonly upstreams: Upstreams;
  readonly credentials: Credentials;
  readonly version: string;
  /** Set on every request that is passed on: what only this server knows. */
  readonly headers: (request: IncomingMessage) => OutgoingHttpHeaders;
  /** `proxy` alone is for programs: a browser's cookie is not passed on. */
  readonly cookies: boolean;
}

/** Passes requests on to a server with `pro`, over mutual TLS; to another one when that cannot be reached. */
export class Forwarder {
  private agent: https.Agent;
  private readonly stopRenewing: () => void;

  constructor(private readonly needs: ForwarderNeeds) {
    this.agent = this.newAgent();
    // Requests that run keep the connection they have.
    this.stopRenewing = needs.credentials.onRenewed(() => (this.agent = this.newAgent()));
  }

  close(): void {
    this.stopRenewing();
    this.agent.destroy();
  }

  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const kept = await keptBody(request);
    const tried = new Set<string>();
    for (;;) {
      const upstream = this.needs.upstreams.next(tried);
      if (!upstream) return unavailable(response);
      tried.add(upstream.node);
      const ended = this.needs.upstreams.begin(upstream);
      const outcome = await this.pass(upstream, request, kept, response).finally(ended);
      if (outcome === 'passed') return void this.needs.upstreams.answered(upstream);
      this.needs.upstreams.failed(upstream);
      if (outcome === 'lost' && !mayRepeat(request, kept)) return unavailable(response);
      if (response.destroyed) return;
    }
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const tried = new Set<string>();
    const next = (): void => {
      const upstream = this.needs.upstreams.next(tried);
      if (!upstream || socket.destroyed)
        return void socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n');
      tried.add(upstream.node);
      this.join(upstream, request, socket, head, () => {
        this.needs.upstreams.failed(upstream);
        next();
      });
    };
    next();
  }

  /** One try. `unreached`: it has seen nothing of the request; `lost`: it may have acted. */
  private pass(
    upstream: Upstream,
    request: IncomingMessage,
    kept: Buffer | null,
    response: ServerResponse,
  ): Promise<'passed' | 'unreached' | 'lost'> {
    return new Promise((resolve) => {
      let sent = false;
      const onward = https.request({ ...this.target(upstream, request), agent: this.agent });
      const connecting = setTimeout(() => onward.destroy(), CONNECT_MS);
      const send = (): void => {
        clearTimeout(connecting);
        sent = true;
        if (kept) onward.end(kept);
        else request.pipe(onward);
      };
      onward.once('socket', (socket) => {
        const tls = socket as TLSSocket;
        if (onward.reusedSocket) send();
        else tls.once('secureConnect', send);
      });
      onward.once('response', (answer) => {
        if (answer.headers[REFUSED_HEADER]) {
          answer.resume();
          return resolve('unreached'); // this server was not let in: another one may know better
        }
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedOn(answer.headers));
        answer.pipe(response);
        answer.once('error', () => response.destroy());
        answer.once('close', () => resolve('passed'));
        response.once('close', () => answer.destroy());
      });
      onward.once('error', () => {
        clearTimeout(connecting);
        if (response.headersSent) response.destroy();
        request.unpipe(onward);
        resolve(response.headersSent ? 'passed' : sent ? 'lost' : 'unreached');
      });
      response.once('close', () => response.writableFinished || onward.destroy());
    });
  }

  /** Joins the browser's socket to a server's; from then on bytes go through as they are. */
  private join(
    upstream: Upstream,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    failed: () => void,
  ): void {
    const { headers, ...target } = this.target(upstream, request);
    const onward = https.request({
      ...target,
      headers: { ...headers, connection: 'Upgrade', upgrade: 'websocket' },
      agent: false,
      timeout: CONNECT_MS,
    });
    onward.once('timeout', () => onward.destroy());
    onward.once('error', failed);
    onward.once('upgrade', (answer, far, farHead) => {
      const ended = this.needs.upstreams.begin(upstream);
      this.needs.upstreams.answered(upstream);
      far.setTimeout(0);
      socket.write(rawHead(answer));
      if (farHead.length > 0) socket.write(farHead);
      if (head.length > 0) far.write(head);
      far.on('error', () => socket.destroy());
      far.once('close', () => socket.destroy());
      socket.once('close', () => {
        ended();
        far.destroy();
      });
      far.pipe(socket).pipe(far);
    });
    onward.once('response', (answer) => {
      socket.write(rawHead(answer));
      answer.pipe(socket);
    });
    onward.end();
  }

  private target(upstream: Upstream, request: IncomingMessage) {
    const [host = '', port = ''] = split(upstream.address);
    const headers: OutgoingHttpHeaders = { ...passedOn(request.headers), ...this.needs.headers(request) };
    headers['x-forwarded-for'] = request.socket.remoteAddress ?? '';
    headers[VERSION_HEADER] = this.needs.version;
    if (!this.needs.cookies) delete headers['cookie'];
    return {
      ...asCaller(this.needs.credentials.current, ({ node }) => node === upstream.node),
      host,
      port,
      // Connections are kept by server, not by address: another server may have come to live there.
      servername: `${upstream.node}.openpro.internal`,
      method: request.method,
      path: request.url,
      headers,
    };
  }

  private newAgent(): https.Agent {
    return new https.Agent({ keepAlive: true, maxSockets: 256, scheduling: 'fifo' });
  }
}

/** `host:port`, the host perhaps an IPv6 address in brackets. */
const split = (address: string): readonly string[] => /^\[?(.*?)\]?:(\d+)$/.exec(address)?.slice(1) ?? [];

const passedOn = (headers: IncomingHttpHeaders): OutgoingHttpHeaders => {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name) && !named.includes(name)),
  );
};

const rawHead = ({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string => {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let n = 0; n < rawHeaders.length; n += 2) lines.push(`${rawHeaders[n]}: ${rawHeaders[n + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
};

/** Small bodies of known size; null for what is streamed. */
const keptBody = async (request: IncomingMessage): Promise<Buffer | null> => {
  const length = Number(
    request.headers['content-length'] ?? (request.headers['transfer-encoding'] ? NaN : 0),
  );
  if (!(length <= MAX_KEPT)) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** What may have been done already may be sent again where that is safe: reading is, and commands carry their own ids. */
const mayRepeat = ({ method, url = '' }: IncomingMessage, kept: Buffer | null): boolean =>
  kept !== null && (method === 'GET' || method === 'HEAD' || /^\/graphql([?]|$)/.test(url));

const unavailable = (response: ServerResponse): void => {
  if (response.headersSent) return void response.destroy();
  const message = 'No server of the cluster can be reached just now: try again in a moment';
  const body = { code: 'UNAVAILABLE', message, errors: [{ message, extensions: { code: 'UNAVAILABLE' } }] };
  response
    .writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' })
    .end(JSON.stringify(body));
};
