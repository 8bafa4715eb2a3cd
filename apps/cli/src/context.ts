import type { Command } from 'commander';
import { Api, redeemLink } from './api.js';
import { currentLogin, givenUrl, localLink, type Login, remember } from './credentials.js';
import { EXIT, type ExitCode, Failure } from './failure.js';
import { Screen } from './screen.js';
import { parseSeconds } from './values.js';

/** Seconds to wait for a server that does not answer: for one request, and while following a job. */
const PATIENCE = { request: 5, following: 300 };

/** What every command gets: where to print, and the server. */
export class Context {
  constructor(
    readonly screen: Screen,
    private readonly wait: number | null,
  ) {}

  /** Signs in by the link of a server on this computer when nobody has signed in. */
  async api(): Promise<Api> {
    const login = (await currentLogin()) ?? (await this.signInHere(givenUrl()));
    if (!login)
      throw new Failure(EXIT.notSignedIn, 'You are not signed in', {
        code: 'UNAUTHENTICATED',
        hint: 'Sign in with a one-time link: openpro login "http://HOST/sign-in#…"',
      });
    return new Api(login, {
      wait: this.wait ?? PATIENCE.request,
      onWait: () => this.screen.note(`Waiting for ${login.url} …`),
      renew: () => (process.env['OPENPRO_TOKEN'] ? Promise.resolve(null) : this.signInHere(login.url)),
    });
  }

  /** For what takes long: a restart of the server must not end it. */
  async patientApi(): Promise<Api> {
    return (await this.api()).waiting(this.wait ?? PATIENCE.following);
  }

  /** Signs in with a local link, if there is one to `only`. */
  private async signInHere(only: string | null): Promise<Login | null> {
    const link = await localLink();
    if (!link || (only !== null && link.url !== only)) return null;
    const { token, user } = await redeemLink(link.url, link.token);
    await link.used();
    await remember(link.url, token, user);
    this.screen.note(`Signed in to ${link.url} as ${user.name}.`);
    return { url: link.url, token };
  }
}

/** `--json` and `--wait` of every command, and its work as a commander action. */
export const action = <Given extends unknown[]>(
  command: Command,
  work: (context: Context, ...given: Given) => Promise<ExitCode | void>,
): Command =>
  command
    .option('--json', 'print JSON: one document, or one per line for what streams')
    .option('--wait <time>', 'how long to keep trying while the server does not answer', parseSeconds)
    .action(async (...given: unknown[]) => {
      const { json, wait } = command.opts<{ json?: boolean; wait?: number }>();
      const context = new Context(new Screen(json ?? false), wait ?? null);
      // Commander passes the arguments, the options and then the command itself.
      const code = await work(context, ...(given.slice(0, -1) as Given));
      if (code) process.exitCode = code;
    });
