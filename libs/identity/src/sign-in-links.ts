import { Inject, Injectable } from '@nestjs/common';
import { isRefusal, refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import { Commands, CONFIG, hashSecret, newSecret, type ServerConfig } from '@openpro/platform';
import type { CommandMeta } from '@openpro/eventstore';
import { ForUser } from './identity.commands.js';
import { signInList } from './sign-in.projection.js';

const LINK_LIFE_MS = 15 * 60_000;
const SIGN_IN_LIFE_MS = { browser: 12 * 3_600_000, cli: 30 * 24 * 3_600_000 };
export type Client = keyof typeof SIGN_IN_LIFE_MS;

export interface SignedInNow {
  readonly token: string;
  readonly userId: string;
  readonly maxAgeS: number;
}

/** One-time links: `<user id>.<secret>` behind the `#`, so that no server log ever holds one. */
@Injectable()
export class SignInLinks {
  constructor(
    private readonly commands: Commands,
    @Inject(CONFIG) private readonly config: ServerConfig,
  ) {}

  async issue(
    userId: string,
    meta: CommandMeta,
    {
      lifeMs = LINK_LIFE_MS,
      publicUrl = this.config.publicUrl,
    }: { lifeMs?: number; publicUrl?: string } = {},
  ): Promise<{ url: string; expiresAt: number } | Refusal> {
    const secret = newSecret();
    const expiresAt = Date.now() + lifeMs;
    // The fingerprint leaves the fresh secret out: a repeated request is the same request.
    const outcome = await this.commands.execute(
      new ForUser(
        userId,
        { type: 'IssueSignInLink', linkHash: hashSecret(secret), expiresAt },
        meta,
        `link:${userId}`,
      ),
    );
    if (outcome.is === 'refused') return outcome.refusal;
    if (outcome.repeated)
      return refuse(
        'LinkAlreadyIssued',
        'This link was issued before and is not shown twice: ask for a new one',
      );
    return { url: `${publicUrl}/sign-in#${userId}.${secret}`, expiresAt };
  }

  /** Trades a link for a sign-in token. Every way to be wrong gets the same answer. */
  async redeem(link: string, client: Client): Promise<SignedInNow | Refusal> {
    const [userId, secret] = /^([0-9a-f-]{36})\.([\w-]{43})$/.exec(link)?.slice(1) ?? [];
    if (!userId || !secret)
      return refuse('LinkNotValid', 'This link is unknown, was used before or has expired');
    const token = newSecret();
    const now = Date.now();
    const signedIn = { token, userId, maxAgeS: SIGN_IN_LIFE_MS[client] / 1000 };
    const outcome = await this.commands.change(
      new ForUser(
        userId,
        {
          type: 'SignIn',
          linkHash: hashSecret(secret),
          tokenHash: hashSecret(token),
          client,
          expiresAt: now + SIGN_IN_LIFE_MS[client],
          now,
        },
        { commandId: uuidv7(), actor: userId, roles: [] },
      ),
      signInList.name,
      () => Promise.resolve(signedIn),
    );
    // The link is used up: a token that works in a moment is better than none.
    return isRefusal(outcome) && outcome.refused === 'NotYetVisible' ? signedIn : outcome;
  }
}
