import { hashSecret, type ServerConfig } from '@openpro/platform/front';
import type { IncomingHttpHeaders } from 'node:http';
import { timingSafeEqual } from 'node:crypto';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const LOOPBACK_NAME = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
/** Who asks what only administrators learn must be known by then; otherwise he is a stranger. */
const KNOWN_WITHIN_MS = 2000;

/** A request as far as it says who sent it. */
export interface Asking {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** Who may read what operators read: metrics, and the details of health. */
export class Readers {
  /** @param administrator does this sign-in belong to one? A server without a database knows none. */
  constructor(
    private readonly config: Pick<ServerConfig, 'behindTlsProxy' | 'metricsToken' | 'publicUrl'>,
    private readonly administrator: (headers: IncomingHttpHeaders) => Promise<boolean>,
  ) {}

  /** Never fails and never hangs: without the database nobody can be recognised whom this server does not remember. */
  async isAdministrator(headers: IncomingHttpHeaders): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const unknown = new Promise<false>((resolve) => (timer = setTimeout(resolve, KNOWN_WITHIN_MS, false)));
    const found = await Promise.race([this.administrator(headers).catch(() => false), unknown]);
    clearTimeout(timer);
    return found;
  }

  async mayReadMetrics(request: Asking): Promise<boolean> {
    return (
      this.isLocal(request) || this.hasToken(request.headers) || (await this.isAdministrator(request.headers))
    );
  }

  /**
   * From this machine, and from nobody through it: behind a proxy every request is. The Host must be this machine as
   * well, else a page whose name was made to lead here could read it.
   */
  private isLocal({ headers, socket }: Asking): boolean {
    const { behindTlsProxy, publicUrl } = this.config;
    const passedOn = ['forwarded', 'x-forwarded-for', 'via'].some((name) => headers[name] !== undefined);
    const host = headers.host ?? '';
    const here = LOOPBACK_NAME.test(host) || host === new URL(publicUrl).host;
    return !behindTlsProxy && !passedOn && here && LOOPBACK.test(socket.remoteAddress ?? '');
  }

  private hasToken({ authorization = '' }: IncomingHttpHeaders): boolean {
    const { metricsToken } = this.config;
    if (metricsToken === null) return false;
    const given = /^Bearer (\S{1,1000})$/.exec(authorization)?.[1] ?? '';
    // Digests have one length, and comparing them tells nothing about what they are of.
    return timingSafeEqual(Buffer.from(hashSecret(given)), Buffer.from(hashSecret(metricsToken)));
  }
}
