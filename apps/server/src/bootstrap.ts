import { ForEnvironment, ForUser, type SignInLinks } from '@openpro/identity';
import { isRefusal, uuidv5, uuidv7 } from '@openpro/kernel';
import { type Commands } from '@openpro/platform';
import type { LinkFor } from './messages.js';

const ROOT = 'ROOT';
const FILE_LINK_LIFE_MS = 30 * 24 * 3_600_000;
/** The first administrator's id is the same on every server of a platform, so that two first starts make one. */
const ADMINISTRATOR = uuidv5('6f70656e-7072-4f00-8000-000000000001', 'administrator');

const asSystem = () => ({ commandId: uuidv7(), actor: 'system', roles: [] });

/** What must exist before anyone can do anything: ROOT and its administrator. Repeating it changes nothing. */
export const bootstrap = async (commands: Commands): Promise<void> => {
  await commands.execute(new ForEnvironment(ROOT, { type: 'CreateEnvironment', name: ROOT }, asSystem()));
  const outcome = await commands.execute(
    new ForUser(
      ADMINISTRATOR,
      { type: 'CreateUser', environment: ROOT, name: 'Administrator', roles: ['administrator'] },
      asSystem(),
    ),
  );
  if (outcome.is === 'refused' && outcome.refusal.refused !== 'UserExists')
    throw new Error(outcome.refusal.message);
};

/** A fresh one-time sign-in link for the administrator: whoever can start the server may use it. */
export const administratorLink = async (links: SignInLinks, use: LinkFor): Promise<string> => {
  const link = await links.issue(
    ADMINISTRATOR,
    asSystem(),
    use === 'file' ? { lifeMs: FILE_LINK_LIFE_MS } : {},
  );
  if (isRefusal(link)) throw new Error(link.message);
  return link.url;
};
