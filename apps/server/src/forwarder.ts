import { asCaller, type Credentials, REFUSED_HEADER, VERSION_HEADER } from '@openpro/link';
import type {
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type { Upstream, Upstreams } from './upstreams.js';

/** Bodies up to this are kept until the answer comes, so that another server can be asked. The API takes no larger JSON. */
const MAX_KEPT = 2 * 1024 * 1024;
const CONNECT_MS = 3000;
const EMPTY = Buffer.alloc(0);
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

/** How one server is reached, and what is under way there. */
interface Onward {
  readonly address: string;
  settings: https.RequestOptions;
  agent: https.Agent;
  readonly open: Set<{ destroy(): unknown }>;
}

/**
 * How a try ended. `unreached`: the server has seen nothing of the request; `lost`: it may have acted, and has not
 * begun to answer; `cut`: its answer broke off; `left`: the client did not wait.
 */
type Outcome = 'passed' | 'unreached' | 'lost' | 'cut' | 'left';

/** Passes requests on to a server with `pro`, over mutual TLS; to another one when that cannot be reached. */
export class Forwarder {
  private readonly onwards = new Map<string, Onward>();
  private readonly stopRenewing: () => void;

  constructor(private readonly needs: ForwarderNeeds) {
    this.stopRenewing = needs.credentials.onRenewed(() => {
      // Requests that run keep the connection they have; idle ones are closed by the other side after a while.
      for (const [node, onward] of this.onwards)
        Object.assign(onward, this.connections(node, onward.address));
    });
  }

  close(): void {
    this.stopRenewing();
    this.keepOnly([]);
  }

  /** Cuts what is under way to servers that are gone or live elsewhere now: it might wait for ever. */
  keepOnly(upstreams: readonly Upstream[]): void {
    const addresses = new Map(upstreams.map(({ node, address }) => [node, address]));
    for (const [node, { address, agent, open }] of this.onwards) {
      if (addresses.get(node) === address) continue;
      this.onwards.delete(node);
      agent.destroy();
      for (const each of open) each.destroy();
    }
  }

  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { upstreams } = this.needs;
    const kept = await keptBody(request);
    const tried = new Set<string>();
    for (;;) {
      const upstream = upstreams.next(tried);
      if (!upstream) return unavailable(response);
      tried.add(upstream.node);
      const ended = upstreams.begin(upstream);
      const outcome = await this.pass(upstream, request, kept, response).finally(ended);
      if (outcome === 'left') return;
      if (outcome === 'passed') return upstreams.answered(upstream);
      upstreams.failed(upstream);
      if (outcome === 'cut') return;
      if (outcome === 'lost' && !mayRepeat(request, kept)) return unavailable(response);
    }
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const tried = new Set<string>();
    const next = (): void => {
      if (socket.destroyed) return;
      const upstream = this.needs.upstreams.next(tried);
      if (!upstream) return void socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n');
      tried.add(upstream.node);
      this.join(upstream, request, socket, head, () => {
        if (!socket.destroyed) this.needs.upstreams.failed(upstream);
        next();
      });
    };
    socket.on('error', () => socket.destroy());
    next();
  }

  /** One try. */
  private pass(
    upstream: Upstream,
    request: IncomingMessage,
    kept: Buffer | null,
    response: ServerResponse,
  ): Promise<Outcome> {
    const { settings, agent, open } = this.onwardTo(upstream);
    return new Promise((resolve) => {
      let sent = false;
      const onward = https.request({
        ...settings,
        method: request.method,
        path: request.url,
        headers: this.headers(request, kept),
        // A kept connection may just be closing: no harm where the request can be sent again.
        agent: mayRepeat(request, kept) ? agent : false,
      });
      const end = (outcome: Outcome): void => {
        open.delete(onward);
        request.unpipe(onward);
        response.off('close', left);
        resolve(outcome);
      };
      const left = (): void => {
        if (response.writableFinished) return; // the end of the answer that was passed on
        onward.destroy();
        end('left');
      };
      open.add(onward);
      response.once('close', left);
      whenConnected(onward, () => {
        sent = true;
        if (kept) onward.end(kept);
        else request.pipe(onward);
      });
      onward.once('response', (answer) => {
        if (answer.headers[REFUSED_HEADER]) {
          onward.destroy();
          return end(kept ? 'unreached' : 'lost'); // this server was not let in: another one may know better
        }
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedOn(answer.headers));
        answer.pipe(response);
        answer.on('error', () => undefined); // its end says so
        answer.once('close', () => {
          if (answer.complete) return end('passed');
          response.destroy();
          end('cut');
        });
      });
      onward.on('error', () => response.headersSent || end(sent ? 'lost' : 'unreached'));
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
    const { upstreams } = this.needs;
    const { settings, open } = this.onwardTo(upstream);
    const ended = upstreams.begin(upstream);
    const headers = { ...this.headers(request, EMPTY), connection: 'Upgrade', upgrade: 'websocket' };
    delete headers['content-length']; // what follows the head are frames
    const onward = https.request({ ...settings, path: request.url, headers, agent: false });
    // Read, to see that the browser leaves. It has nothing to say before it is answered.
    const leave = (): void => {
      socket.destroy();
      onward.destroy();
    };
    const signs = ['close', 'end', 'data'];
    let answered = false;
    const over = (): void => {
      answered = true;
      open.delete(onward);
      for (const sign of signs) socket.off(sign, leave);
    };
    open.add(onward);
    for (const sign of signs) socket.on(sign, leave);
    whenConnected(onward, () => onward.end());
    onward.on('error', () => {
      if (answered) return;
      over();
      ended();
      failed();
    });
    onward.once('upgrade', (answer, far, farHead) => {
      over();
      upstreams.answered(upstream);
      open.add(far);
      socket.write(rawHead(answer));
      if (farHead.length > 0) socket.write(farHead);
      if (head.length > 0) far.write(head);
      far.on('error', () => socket.destroy());
      far.once('close', () => {
        open.delete(far);
        ended();
        socket.destroy();
      });
      socket.once('close', () => far.destroy());
      if (socket.destroyed) far.destroy();
      far.pipe(socket).pipe(far);
    });
    onward.once('response', (answer) => {
      over();
      ended();
      if (answer.headers[REFUSED_HEADER]) {
        onward.destroy();
        return failed();
      }
      upstreams.answered(upstream);
      socket.write(rawHead(answer));
      answer.on('error', () => socket.destroy());
      answer.pipe(socket);
    });
  }

  /** The body is framed by this server and never as somebody has written it: two readings of one body smuggle requests. */
  private headers(request: IncomingMessage, kept: Buffer | null): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = { ...passedOn(request.headers), ...this.needs.headers(request) };
    headers['x-forwarded-for'] = request.socket.remoteAddress ?? '';
    headers[VERSION_HEADER] = this.needs.version;
    if (!this.needs.cookies) delete headers['cookie'];
    const { host, 'content-length': length } = request.headers;
    headers['host'] = host ?? '';
    delete headers['content-length'];
    if (!kept && length === undefined) headers['transfer-encoding'] = 'chunked';
    else if (length !== undefined) headers['content-length'] = length;
    else if (kept && kept.length > 0) headers['content-length'] = kept.length;
    return headers;
  }

  private onwardTo({ node, address }: Upstream): Onward {
    const known = this.onwards.get(node);
    if (known?.address === address) return known;
    const onward = { address, open: new Set<{ destroy(): unknown }>(), ...this.connections(node, address) };
    this.onwards.set(node, onward);
    return onward;
  }

  private connections(node: string, address: string): Pick<Onward, 'settings' | 'agent'> {
    const [host = '', port = ''] = split(address);
    const settings = {
      ...asCaller(this.needs.credentials.current, (identity) => identity.node === node),
      host,
      port,
      // By server and not by address: another one may have come to live there.
      servername: `${node}.openpro.internal`,
    };
    return { settings, agent: new https.Agent({ keepAlive: true }) };
  }
}

/** In this time; otherwise the request fails. */
const whenConnected = (onward: ClientRequest, connected: () => void): void => {
  onward.once('socket', (socket) => {
    if (onward.reusedSocket) return connected();
    const timer = setTimeout(() => onward.destroy(), CONNECT_MS);
    onward.once('close', () => clearTimeout(timer));
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      connected();
    });
  });
};

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

/** As it came, but for the framing: an answer that is no upgrade ends with its connection. */
const rawHead = ({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string => {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  const upgraded = statusCode === 101;
  for (let n = 0; n < rawHeaders.length; n += 2)
    if (upgraded || !/^(connection|keep-alive|transfer-encoding)$/i.test(rawHeaders[n] ?? ''))
      lines.push(`${rawHeaders[n]}: ${rawHeaders[n + 1]}`);
  if (!upgraded) lines.push('Connection: close');
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
