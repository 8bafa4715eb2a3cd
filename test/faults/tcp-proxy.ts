import { once } from 'node:events';
import net from 'node:net';

/** How long bytes take from one side to the other. A hole keeps everything until it ends, as a network does. */
export type Weather =
  | { readonly is: 'fair' }
  | { readonly is: 'hole' }
  /** Whoever is connected or connects is reset. */
  | { readonly is: 'refuse' }
  /** Each way. */
  | { readonly is: 'delay'; readonly ms: number }
  /** What is read trickles. */
  | { readonly is: 'slow'; readonly bytesPerSecond: number };

const FAIR: Weather = { is: 'fair' };
/** A side that is not read from any more holds this much back. */
const MAX_WAITING = 1024 * 1024;
/** The end of an answer in PostgreSQL's protocol: ReadyForQuery, outside a transaction. By then the commit is done. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

interface Trap {
  readonly text: string;
  /** `reply`: the answer is swallowed and the connection cut. `hold`: neither it nor anything else passes from now on. */
  readonly does: 'reply' | 'hold';
  readonly sprung: () => void;
}

/** A door to PostgreSQL that only one server uses, and all the ways in which its network may fail. */
export class TcpProxy {
  private readonly connections = new Set<Connection>();
  /** Also those whose end has not been heard. */
  private readonly sockets = new Set<net.Socket>();
  private readonly server: net.Server;
  /** Several faults may lie in wait at once. */
  private readonly traps = new Set<Trap>();
  weather: Weather = FAIR;

  /** @param dial to whom, for example a unix socket */
  constructor(private readonly dial: () => net.Socket) {
    this.server = net.createServer((client) => this.accept(client));
  }

  async listen(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  get open(): number {
    return this.connections.size;
  }

  async close(): Promise<void> {
    this.server.close();
    this.cut();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  /** Resets every connection; new ones are welcome. */
  cut(): void {
    for (const connection of this.connections) connection.reset();
  }

  change(weather: Weather): void {
    this.weather = weather;
    if (weather.is === 'refuse') this.cut();
    for (const connection of this.connections) connection.weatherChanged();
  }

  /** PostgreSQL sees every connection end, the server none, until the returned function is called. */
  halfOpen(): () => void {
    const orphans = [...this.connections];
    for (const connection of orphans) connection.orphan();
    return () => orphans.forEach((connection) => connection.reset());
  }

  /**
   * The next request with this text is forwarded, but its answer never arrives: the connection is cut between the
   * commit and the reply. False when there was none in time.
   */
  cutBeforeReply(text: string, withinMs: number): Promise<boolean> {
    return this.set('reply', text, withinMs);
  }

  /** From the next request with this text on nothing passes, that request included, until the weather changes. */
  holdFrom(text: string, withinMs: number): Promise<boolean> {
    return this.set('hold', text, withinMs);
  }

  private set(does: Trap['does'], text: string, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.traps.delete(trap);
        resolve(false);
      }, withinMs);
      const sprung = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const trap: Trap = { text, does, sprung };
      this.traps.add(trap);
    });
  }

  /** Called with everything that goes to PostgreSQL. */
  trapped(chunk: Buffer): Trap | null {
    const trap = [...this.traps].find(({ text }) => chunk.includes(text));
    if (!trap) return null;
    this.traps.delete(trap);
    if (trap.does === 'hold') this.change({ is: 'hole' });
    return trap;
  }

  private accept(client: net.Socket): void {
    this.sockets.add(client);
    client.once('close', () => this.sockets.delete(client));
    if (this.weather.is === 'refuse') {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const connection = new Connection(this, client, this.dial);
    this.connections.add(connection);
    connection.ended = () => this.connections.delete(connection);
  }
}

/** One way of a connection: what has been said and not yet been heard. */
class Lane {
  private waiting: { readonly chunk: Buffer; due: number }[] = [];
  private bytes = 0;
  private last = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly proxy: TcpProxy,
    private readonly from: net.Socket,
    private readonly to: () => net.Socket | null,
    private readonly answers: boolean,
  ) {}

  push(chunk: Buffer): void {
    this.waiting.push({ chunk, due: this.due(chunk) });
    this.bytes += chunk.length;
    this.flush();
    if (this.bytes > MAX_WAITING) this.from.pause();
  }

  /** What still waits is due by the new weather. */
  weatherChanged(): void {
    this.last = 0;
    for (const entry of this.waiting) entry.due = this.due(entry.chunk);
    this.flush();
  }

  get empty(): boolean {
    return this.waiting.length === 0;
  }

  close(): void {
    clearTimeout(this.timer);
    this.waiting = [];
  }

  private due({ length }: Buffer): number {
    const now = performance.now();
    const { weather } = this.proxy;
    const after = (ms: number): number => (this.last = Math.max(this.last, now) + ms);
    switch (weather.is) {
      case 'fair':
      case 'refuse':
        return now;
      case 'hole':
        return Infinity;
      case 'delay':
        return (this.last = Math.max(this.last, now + weather.ms));
      case 'slow':
        return this.answers ? after((length / weather.bytesPerSecond) * 1000) : now;
    }
  }

  private flush(): void {
    clearTimeout(this.timer);
    const to = this.to();
    if (!to) return;
    for (let next = this.waiting[0]; next && next.due <= performance.now(); next = this.waiting[0]) {
      this.waiting.shift();
      this.bytes -= next.chunk.length;
      if (!to.write(next.chunk)) {
        this.from.pause();
        to.once('drain', () => this.from.resume());
      } else if (this.from.isPaused() && this.bytes < MAX_WAITING) this.from.resume();
    }
    const [next] = this.waiting;
    if (next && next.due < Infinity)
      this.timer = setTimeout(() => this.flush(), Math.max(1, next.due - performance.now()));
  }
}

class Connection {
  ended: () => void = () => undefined;
  private upstream: net.Socket | null = null;
  private readonly up: Lane;
  private down: Lane | null = null;
  /** PostgreSQL has gone, and the server does not know. */
  private orphaned = false;
  private swallowing: Trap | null = null;
  /** One side has gone; the other learns of it when the network works again. */
  private over = false;

  constructor(
    private readonly proxy: TcpProxy,
    private readonly client: net.Socket,
    private readonly dial: () => net.Socket,
  ) {
    client.setNoDelay();
    this.up = new Lane(proxy, client, () => this.upstream, false);
    client.on('data', (chunk) => {
      if (this.orphaned) return;
      const trap = proxy.trapped(chunk);
      if (trap?.does === 'reply') this.swallowing = trap;
      this.up.push(chunk);
      if (trap?.does === 'hold') trap.sprung();
    });
    client.on('error', () => undefined);
    client.on('close', () => this.finish());
    this.weatherChanged();
  }

  weatherChanged(): void {
    if (this.proxy.weather.is === 'hole') return;
    if (!this.upstream && !this.over) this.connect();
    this.up.weatherChanged();
    this.down?.weatherChanged();
    if (this.over) this.finish();
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.upstream?.destroy();
    this.gone();
  }

  orphan(): void {
    this.orphaned = true;
    this.upstream?.destroy();
  }

  private connect(): void {
    const upstream = this.dial();
    this.upstream = upstream;
    this.down = new Lane(this.proxy, upstream, () => this.client, true);
    upstream.on('data', (chunk) => this.answered(chunk));
    upstream.on('error', () => undefined);
    upstream.on('close', () => this.finish());
  }

  private answered(chunk: Buffer): void {
    if (this.orphaned) return;
    if (!this.swallowing) return this.down?.push(chunk);
    if (!chunk.subarray(-READY.length).equals(READY)) return;
    const { sprung } = this.swallowing;
    this.swallowing = null;
    this.reset();
    sprung();
  }

  /** What was said before the end arrives before it. */
  private finish(): void {
    this.over = true;
    if (this.orphaned && !this.client.destroyed) return;
    if (this.proxy.weather.is === 'hole') return;
    if (this.upstream && !this.upstream.destroyed && !this.up.empty) {
      setTimeout(() => this.finish(), 20);
      return;
    }
    // One that was not read from, because the other side was slow, would never hear of the end.
    if (this.client.destroyed) this.upstream?.end().resume();
    else this.client.end().resume();
    this.gone();
  }

  private gone(): void {
    this.up.close();
    this.down?.close();
    this.ended();
  }
}
