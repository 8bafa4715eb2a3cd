/** What a script can rely on; `openpro --help` shows the same table. */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  refused: 3,
  notFound: 4,
  notSignedIn: 5,
  unreachable: 6,
  noSolution: 10,
  stoppedEarly: 11,
  detached: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `
Exit codes:
    0  done
    1  something unexpected: a bug, here or on the server
    2  wrong use or wrong input
    3  refused: your rights or the thing's state do not permit it
    4  not found
    5  not signed in
    6  the server cannot be reached
   10  the job ended without a solution (infeasible, unbounded, failed, cancelled …)
   11  the job was stopped early (interrupted, time limit) with a solution
  130  ended by Ctrl-C; a job that was watched goes on

Environment:
  OPENPRO_URL        the server to use instead of the one last signed in to
  OPENPRO_TOKEN      the token to use, for scripts
  OPENPRO_LINK_FILE  file with a one-time link to sign in with when nobody has (default .openpro/cli-link)
  OPENPRO_HOME       folder of credentials and publisher key (default ~/.config/openpro)
`;

export interface FailureDetails {
  readonly code?: string | undefined;
  /** The input that is wrong. */
  readonly field?: string | null | undefined;
  /** What would be right. */
  readonly limit?: string | null | undefined;
  /** What to do next. */
  readonly hint?: string | undefined;
}

/** An end that is nobody's bug: it has a message for people, a code for scripts and an exit code. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly exit: ExitCode,
    message: string,
    readonly details: FailureDetails = {},
  ) {
    super(message);
  }
}

export const badInput = (field: string, message: string, limit?: string): Failure =>
  new Failure(EXIT.usage, message, { code: 'BadInput', field, limit });
