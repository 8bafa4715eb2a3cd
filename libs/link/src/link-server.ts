import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import type { Credential, Credentials } from './credential.js';
import { type Identity, identityIn } from './identity.js';
import { answerLine, type LinkReport, MAX_MESSAGE, told } from './line.js';
import { type LinkCaller, LinkError, type LocalLink } from './link.js';
import { areCompatible, VERSION_HEADER } from './tls-link.js';

const MAX_JOIN_BYTES = 16_384;
/** A stranger has so long for the handshake, for the head of a request and for the body of one to join. */
const STRANGER_MS = 10_000;
/** Told to front servers, so that they use no connection which is about to end. */
const KEEP_ALIVE_MS = 60_000;

/** Tells a front server that it was refused itself, and not what it passed on. */
export const REFUSED_HEADER = 'x-openpro-link-refused';

/** Somebody who was not let in: what the log keeps of it. */
export interface LinkRefusal {
  /** The caller's address, and who it says it is where its certificate is the cluster's own. */
  readonly from: string;
  readonly node: string | null;
  readonly code: string;
  readonly reason: string;
}

export interface LinkServerNeeds {
  readonly credentials: Credentials;
  readonly local: LocalLink;
  readonly version: string;
  /** Why a server is not served although its certificate is sound: it was removed, say. Null when it is served. */
  refuses(identity: Identity): string | null;
  /** Who has no certificate yet shows a token instead. */
  join(body: unknown): Promise<object>;
  /** What front servers pass on for browsers and programs. */
  forward: {
    readonly accepts: readonly string[];
    /** Is this an address of the API? Nothing else is passed on. */
    takes(url: string): boolean;
    request(request: IncomingMessage, response: ServerResponse): void;
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  };
  onRefused(refusal: LinkRefusal): void;
  readonly report: LinkReport;
}

class NotLetIn extends LinkError {
  constructor(
    code: string,
    message: string,
    readonly status = 403,
    readonly node: string | null = null,
  ) {
    super(code, message);
  }
}

/** Why TLS did not believe a certificate, in words. */
const DISTRUST: { readonly [code: string]: string } = {
  CERT_HAS_EXPIRED: 'The certificate has expired',
  CERT_NOT_YET_VALID: 'The certificate is not valid yet: does the clock of one of the servers go wrong?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate was made by its holder, not by this cluster',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The certificate was made by another cluster',
  SELF_SIGNED_CERT_IN_CHAIN: 'The certificate was made by another cluster',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'The certificate was made by another cluster',
  INVALID_PURPOSE: 'The certificate was not made for this purpose',
  CERT_SIGNATURE_FAILURE: 'The certificate is forged: its signature is not the cluster’s',
};

const forwarded = new WeakMap<Duplex, LinkCaller>();

/** The front server that passed this request on; undefined for who came directly. */
export const forwardedBy = ({ socket }: { readonly socket?: Duplex }): LinkCaller | undefined =>
  socket && forwarded.get(socket);

/**
 * The one door for other servers of the cluster: mutual TLS, each caller known by its certificate. Who is not let in
 * is told why, and it is recorded.
 */
export class LinkServer {
  private readonly server: https.Server;
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    perMessageDeflate: false,
  });
  /** Connections whose certificate has been found to be sound. */
  private readonly open = new Map<TLSSocket, Identity>();
  private readonly stopRenewing: () => void;

  constructor(private readonly needs: LinkServerNeeds) {
    const { credentials } = needs;
    // Strangers get through the handshake, so that they can be told what is wrong, and no further.
    this.server = https.createServer({
      ...tlsOf(credentials.current),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: STRANGER_MS,
      headersTimeout: STRANGER_MS,
      requestTimeout: 0, // an upload takes as long as it takes
      keepAliveTimeout: KEEP_ALIVE_MS,
    });
    this.server.on('request', (request, response) => void this.request(request, response));
    this.server.on('upgrade', (request, socket, head: Buffer) =>
      this.upgrade(request, socket as TLSSocket, head),
    );
    this.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const plain = error.code === 'ERR_SSL_HTTP_REQUEST';
      if (plain) this.record(socket, 'PlainText', 'Plain text on a port that speaks TLS only', null);
      else if (error.code !== 'ECONNRESET')
        this.record(socket, 'BadHandshake', error.message.slice(0, 200), null);
    });
    this.stopRenewing = credentials.onRenewed((credential) =>
      this.server.setSecureContext(tlsOf(credential)),
    );
  }

  /** @returns the port */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, resolve);
    });
    this.server.on('error', (error) => this.needs.report(error));
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts every connection of a server that is not served any more. */
  drop(node: string): void {
    for (const [socket, who] of this.open) if (who.node === node) socket.destroy();
  }

  async close(): Promise<void> {
    this.stopRenewing();
    for (const socket of this.open.keys()) socket.destroy();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.method === 'POST' && request.url === '/link/join') {
        const answer = await this.needs.join(await bodyOf(request));
        return void response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify(answer));
      }
      this.letThrough(request);
      this.needs.forward.request(request, response);
    } catch (error) {
      if (request.socket.destroyed) return; // nobody is there to be told
      const { code, message, status } = this.refusal(request, error);
      if (response.headersSent) return void response.destroy();
      response.writeHead(status, {
        'content-type': 'application/json',
        connection: 'close',
        [REFUSED_HEADER]: code,
      });
      response.end(JSON.stringify({ code, message }));
    }
  }

  private upgrade(request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    try {
      if (request.url !== '/link') {
        this.letThrough(request);
        return this.needs.forward.upgrade(request, socket, head);
      }
      const caller = this.identify(request);
      this.sockets.handleUpgrade(request, socket, head, (opened) =>
        answerLine(opened, caller, this.needs.local, this.needs.report),
      );
    } catch (error) {
      const { code, message, status } = this.refusal(request, error);
      const body = JSON.stringify({ code, message });
      socket.end(
        `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${REFUSED_HEADER}: ${code}\r\nconnection: close\r\n\r\n${body}`,
      );
    }
  }

  /** For what a front server passes on. */
  private letThrough(request: IncomingMessage): void {
    const caller = this.identify(request);
    const { accepts, takes } = this.needs.forward;
    if (!takes(request.url ?? ''))
      throw new NotLetIn('NotForwarded', 'Only calls of the API are passed on', 404, caller.node);
    if (!caller.roles.some((role) => accepts.includes(role)))
      throw new NotLetIn(
        'NotAllowed',
        `Only a server with ${accepts.join(' or ')} may pass requests on`,
        403,
        caller.node,
      );
    forwarded.set(request.socket, caller);
  }

  private identify({ socket, headers }: IncomingMessage): LinkCaller {
    const identity = this.identityOf(socket as TLSSocket);
    const refused = this.needs.refuses(identity);
    if (refused) throw new NotLetIn('NotServed', refused, 403, identity.node);
    const version = String(headers[VERSION_HEADER] ?? 'unknown');
    if (!areCompatible(version, this.needs.version))
      throw new NotLetIn(
        'OtherVersion',
        `This server is of version ${this.needs.version}, the caller of ${version.slice(0, 40)}: they do not fit together`,
        403,
        identity.node,
      );
    return identity;
  }

  /** Whose certificate it is that was shown; looked at once for each connection. */
  private identityOf(tls: TLSSocket): Identity {
    const known = this.open.get(tls);
    if (known) return known;
    const certificate: X509Certificate | undefined = tls.getPeerX509Certificate();
    if (!certificate) throw new NotLetIn('NoCertificate', 'A server shows its certificate here', 401);
    if (!tls.authorized) {
      const why = String(tls.authorizationError);
      throw new NotLetIn('BadCertificate', DISTRUST[why] ?? `The certificate is not accepted: ${why}`, 401);
    }
    const identity = identityIn(certificate);
    if (!identity)
      throw new NotLetIn('BadCertificate', 'The certificate names no server of this cluster', 401);
    this.open.set(tls, identity);
    // A connection must not outlive the certificate that it was let in with.
    const expiry = setTimeout(() => tls.destroy(), Date.parse(certificate.validTo) - Date.now()).unref();
    tls.once('close', () => {
      clearTimeout(expiry);
      this.open.delete(tls);
    });
    return identity;
  }

  private refusal(
    { socket }: IncomingMessage,
    error: unknown,
  ): { code: string; message: string; status: number } {
    if (!(error instanceof LinkError)) return { ...told(error, this.needs.report), status: 500 };
    const { status, node } = error instanceof NotLetIn ? error : { status: 403, node: null };
    this.record(socket, error.code, error.message, node);
    return { code: error.code, message: error.message, status };
  }

  private record(
    socket: Pick<TLSSocket, 'remoteAddress'>,
    code: string,
    reason: string,
    node: string | null,
  ): void {
    this.needs.onRefused({ from: socket.remoteAddress ?? 'unknown', node, code, reason });
  }
}

const tlsOf = ({ authority, certificate, privateKey }: Credential) => ({
  ca: authority,
  // With the authority's own: who joins by a token has nothing but its digest to go by.
  cert: `${certificate}\n${authority}`,
  key: privateKey,
  minVersion: 'TLSv1.3' as const,
});

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const late = setTimeout(() => request.destroy(), STRANGER_MS);
  request.once('close', () => clearTimeout(late));
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_JOIN_BYTES)
      throw new LinkError('TooLarge', `A request to join has at most ${MAX_JOIN_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new LinkError('BadInput', 'A request to join is JSON');
  }
};
