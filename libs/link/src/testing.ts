import { told } from './line.js';
import { LinkError, LinkUnavailable, LocalLink, type ProLink } from './link.js';

interface OpenLine {
  readonly from: string;
  readonly to: string;
  end(): void;
}

const carried = (message: unknown): unknown => JSON.parse(JSON.stringify(message ?? null)) as unknown;

/** Servers in one process whose links carry JSON to each other, as real ones do; and can be cut off. */
export class Wires {
  private readonly servers = new Map<string, LocalLink>();
  private readonly lines = new Set<OpenLine>();
  private readonly away = new Set<string>();

  /** The link of a server that has this id. */
  link(self: string): ProLink {
    const own = new LocalLink({ node: self, roles: ['pro'] });
    this.servers.set(self, own);
    const caller = { node: self, roles: ['pro'] };
    return {
      serve: (method, route) => own.serve(method, route),
      call: async <T>(node: string, method: string, params: unknown): Promise<T> => {
        if (node === self) return own.call(node, method, params);
        const answer = await this.reach(self, node)
          .answer(method, carried(params), caller)
          .catch((error: unknown) => {
            const { code, message } = told(error, () => undefined);
            throw new LinkError(code, message);
          });
        this.reach(self, node); // cut off meanwhile: the answer does not arrive
        return carried(answer) as T;
      },
      listen: (node, method, params, onMessage, onEnd) => {
        if (node === self) return own.listen(node, method, params, onMessage, onEnd);
        const push = (message: unknown): void => onMessage(carried(message));
        const stop = this.reach(self, node).stream(method, carried(params), push, caller);
        const line = {
          from: self,
          to: node,
          end: () => {
            stop();
            onEnd(new LinkUnavailable(`The line to ${node} broke`));
          },
        };
        this.lines.add(line);
        return () => {
          if (this.lines.delete(line)) stop();
        };
      },
    };
  }

  /** Nobody reaches the server, and it reaches nobody: open lines break. */
  cut(node: string): void {
    this.away.add(node);
    for (const line of [...this.lines])
      if (line.from === node || line.to === node) {
        this.lines.delete(line);
        line.end();
      }
  }

  mend(node: string): void {
    this.away.delete(node);
  }

  private reach(from: string, to: string): LocalLink {
    const server = this.servers.get(to);
    if (!server || this.away.has(from) || this.away.has(to))
      throw new LinkUnavailable(`Server ${to} cannot be reached`);
    return server;
  }
}
