/** Who calls, as its certificate says: a server of this cluster and the roles it was admitted with. */
export interface LinkCaller {
  readonly node: string;
  readonly roles: readonly string[];
}

/** What a server does for others. Parameters come from another machine: check them. */
export interface LinkRoute {
  /** The roles that may call it; a caller needs one of them. */
  readonly accepts: readonly string[];
  /** Answers once. What it throws reaches the caller as a `LinkError` with the same code and message. */
  readonly call?: (params: unknown, caller: LinkCaller) => Promise<unknown>;
  /** Goes on pushing messages until the returned function is called: the caller went, or the line broke. */
  readonly listen?: (params: unknown, push: (message: unknown) => void, caller: LinkCaller) => () => void;
}

/**
 * How servers talk to each other, besides the log: about what lives in one server's memory, such as the data of a
 * session. Within one server it is a function call, to another one JSON over mutual TLS.
 */
export interface ProLink {
  serve(method: string, route: LinkRoute): void;
  /** @throws LinkUnavailable when that server cannot be reached now; LinkError with what it answered. */
  call<T>(node: string, method: string, params: unknown): Promise<T>;
  /** Messages until the returned function is called; `onEnd` once when the line breaks or the other side refuses. */
  listen(
    node: string,
    method: string,
    params: unknown,
    onMessage: (message: unknown) => void,
    onEnd: (error: Error) => void,
  ): () => void;
}

/** The other server cannot be reached, or went before it answered: whether it has acted is unknown. */
export class LinkUnavailable extends Error {
  override readonly name = 'LinkUnavailable';
}

/** What the other server answered instead of a result. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The link of a server that is alone, and what any server answers to itself. */
export class LocalLink implements ProLink {
  private readonly routes = new Map<string, LinkRoute>();

  /** @param self this server, which may call whatever it serves */
  constructor(private readonly self: LinkCaller) {}

  serve(method: string, route: LinkRoute): void {
    if (this.routes.has(method)) throw new Error(`Two parts of the server serve ${method}`);
    this.routes.set(method, route);
  }

  async call<T>(node: string, method: string, params: unknown): Promise<T> {
    this.mustBeSelf(node);
    return (await this.answer(method, params, this.self)) as T;
  }

  listen(
    node: string,
    method: string,
    params: unknown,
    onMessage: (message: unknown) => void,
    _onEnd: (error: Error) => void,
  ): () => void {
    this.mustBeSelf(node);
    return this.stream(method, params, onMessage, this.self);
  }

  /** For a caller whose identity has been proven. */
  async answer(method: string, params: unknown, caller: LinkCaller): Promise<unknown> {
    const { call } = this.route(method, caller);
    if (!call) throw new LinkError('NoSuchMethod', `${method} is listened to, not called`);
    return call(params, caller);
  }

  stream(method: string, params: unknown, push: (message: unknown) => void, caller: LinkCaller): () => void {
    const { listen } = this.route(method, caller);
    if (!listen) throw new LinkError('NoSuchMethod', `${method} is called, not listened to`);
    return listen(params, push, caller);
  }

  private route(method: string, caller: LinkCaller): LinkRoute {
    const route = this.routes.get(method);
    if (!route) throw new LinkError('NoSuchMethod', `This server does not know ${method}`);
    if (!caller.roles.some((role) => route.accepts.includes(role)))
      throw new LinkError('NotAllowed', `${method} is for servers with ${route.accepts.join(' or ')}`);
    return route;
  }

  private mustBeSelf(node: string): void {
    if (node !== this.self.node) throw new LinkUnavailable(`Server ${node} cannot be reached from here`);
  }
}
