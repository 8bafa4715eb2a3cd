import { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import { WebSocket } from 'ws';
import type { Credential, Credentials } from './credential.js';
import { type Identity, identityIn } from './identity.js';
import { Line, type LinkReport, MAX_MESSAGE } from './line.js';
import { type LinkCaller, LinkError, LinkUnavailable, type LocalLink, type ProLink } from './link.js';

const CONNECT_MS = 5000;

/** Where a server's own version stands in what it sends: a server of another one is refused with words, not with nonsense. */
export const VERSION_HEADER = 'x-openpro-version';

/** The same major version; before 1.0 the same minor one, too. */
export const areCompatible = (one: string, other: string): boolean => {
  const parts = [one, other].map((version) => version.split('.', 2));
  const [a, b] = parts;
  return a?.[0] === b?.[0] && (a?.[0] !== '0' || a[1] === b?.[1]);
};

const clusters = new WeakMap<Credential, string | undefined>();

/** Of its certificate; read once, because settings are asked for with every request that is passed on. */
const clusterIn = (credential: Credential): string | undefined => {
  if (!clusters.has(credential))
    clusters.set(credential, identityIn(new X509Certificate(credential.certificate))?.cluster);
  return clusters.get(credential);
};

/** TLS settings of a caller: its own certificate, and trust in nobody but this cluster's `expected` server. */
export const asCaller = (credential: Credential, expected: (identity: Identity) => boolean) => {
  const { authority, certificate, privateKey } = credential;
  return {
    ca: authority,
    cert: certificate,
    key: privateKey,
    minVersion: 'TLSv1.3' as const,
    // Servers are known by what they are, not by where they are: the name in the address proves nothing here.
    checkServerIdentity: (_host: string, { subjectaltname }: PeerCertificate): Error | undefined => {
      const identity = identityIn({ subjectAltName: subjectaltname });
      const right = identity && identity.cluster === clusterIn(credential) && expected(identity);
      return right
        ? undefined
        : new Error('This address belongs to another server than the one expected there');
    },
  };
};

/** Opens a line to the server at this address. @throws LinkUnavailable, LinkError with the reason of a refusal */
export const openLine = (
  address: string,
  credential: Credential,
  version: string,
  expected: (identity: Identity) => boolean,
  report?: LinkReport,
): Promise<Line> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://${address}/link`, {
      ...asCaller(credential, expected),
      handshakeTimeout: CONNECT_MS,
      maxPayload: MAX_MESSAGE,
      perMessageDeflate: false,
      headers: { [VERSION_HEADER]: version },
    });
    socket.once('open', () => {
      socket.removeAllListeners('error');
      resolve(new Line(socket, address, report));
    });
    socket.once('unexpected-response', (request, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body = (body + chunk.toString()).slice(0, 4000)));
      // Also when it breaks off in the middle.
      response.on('error', ignore).once('close', () => {
        request.destroy();
        reject(refusalIn(body, response.statusCode ?? 0));
      });
    });
    socket.on('error', (error) => reject(new LinkUnavailable(`${address}: ${error.message}`)));
  });

const refusalIn = (body: string, status: number): LinkError => {
  try {
    const { code, message } = JSON.parse(body) as { code: string; message: string };
    return new LinkError(String(code), String(message));
  } catch {
    return new LinkError('Refused', `The server answered ${status}`);
  }
};

/** Where the other servers are. */
export interface Directory {
  /** `host:port` of a server's link; null when it is not known or not there. */
  address(node: string): Promise<string | null>;
}

interface OpenLine {
  readonly node: string;
  readonly address: string;
  readonly line: Promise<Line>;
}

/** The link to every server of the cluster: function calls to itself, lines to the others, opened when needed. */
export class TlsLink implements ProLink {
  /** For new calls. */
  private readonly lines = new Map<string, OpenLine>();
  /** And those with a former certificate: used up by who has them, until the other side cuts them when it expires. */
  private readonly open = new Set<OpenLine>();
  private readonly stopRenewing: () => void;
  private closed = false;

  constructor(
    private readonly self: LinkCaller,
    private readonly local: LocalLink,
    private readonly credentials: Pick<Credentials, 'current' | 'onRenewed'>,
    private readonly directory: Directory,
    private readonly version: string,
    private readonly report: LinkReport,
  ) {
    this.stopRenewing = credentials.onRenewed(() => this.lines.clear());
  }

  serve(...route: Parameters<ProLink['serve']>): void {
    this.local.serve(...route);
  }

  async call<T>(node: string, method: string, params: unknown): Promise<T> {
    if (node === this.self.node) return this.local.call<T>(node, method, params);
    return (await this.lineTo(node)).call<T>(method, params);
  }

  listen(
    node: string,
    method: string,
    params: unknown,
    onMessage: (message: unknown) => void,
    onEnd: (error: Error) => void,
  ): () => void {
    if (node === this.self.node) return this.local.listen(node, method, params, onMessage, onEnd);
    let stop = (): void => undefined;
    let stopped = false;
    this.lineTo(node).then(
      (line) => {
        if (!stopped) stop = line.listen(method, params, onMessage, onEnd);
      },
      (error: Error) => stopped || onEnd(error),
    );
    return () => {
      stopped = true;
      stop();
    };
  }

  /** Whoever waits for an answer of that server learns at once that none will come. */
  async drop(node: string): Promise<void> {
    await this.hangUp([...this.open].filter((line) => line.node === node));
  }

  async close(): Promise<void> {
    this.closed = true;
    this.stopRenewing();
    await this.hangUp([...this.open]);
  }

  private async hangUp(lines: readonly OpenLine[]): Promise<void> {
    await Promise.all(lines.map(({ line }) => line.then((open) => open.close(), ignore)));
  }

  private async lineTo(node: string): Promise<Line> {
    const address = await this.directory.address(node);
    if (address === null || this.closed) throw new LinkUnavailable(`Server ${node} is not there`);
    const known = this.lines.get(node);
    if (known?.address === address) {
      const line = await known.line;
      if (line.isOpen) return line;
    }
    // Somebody who waited for the same broken line may have opened the next one meanwhile.
    const now = this.lines.get(node);
    if (now && now !== known) return now.line;
    const line = openLine(
      address,
      this.credentials.current,
      this.version,
      (identity) => identity.node === node,
      this.report,
    );
    const entry = { node, address, line };
    const gone = (): void => {
      this.open.delete(entry);
      if (this.lines.get(node) === entry) this.lines.delete(node);
    };
    this.open.add(entry);
    this.lines.set(node, entry);
    line.then((opened) => opened.onClose(gone), gone);
    return line;
  }
}

const ignore = (): void => undefined;
