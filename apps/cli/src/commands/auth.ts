import type { Command } from 'commander';
import { redeemLink } from '../api.js';
import { action } from '../context.js';
import { currentLogin, forget, localLink, parseLink, remember } from '../credentials.js';
import { EXIT, Failure } from '../failure.js';
import { fields, time } from '../format.js';
import { IssueSignInLinkDocument, SignOutDocument, WhoAmIDocument } from '../generated/graphql.js';

export const addAuth = (program: Command): void => {
  action(
    program
      .command('login')
      .description('sign in with a one-time link, as npm start prints it and the portal gives it')
      .argument('[link]', 'http://HOST/sign-in#TOKEN; without it, the link of a server on this computer')
      .option('--link', 'print a new link instead, which signs you in in a browser or on another device'),
    async (context, text: string | undefined, options: { link?: boolean }) => {
      const { screen } = context;
      if (options.link) {
        const issued = await (await context.api()).mutate(IssueSignInLinkDocument, {});
        screen.note(`Works once, until ${time(issued.expiresAt)}:`);
        screen.result(issued, () => issued.url);
        return;
      }
      const local = text === undefined ? await localLink() : null;
      const link = text === undefined ? local : parseLink(text);
      if (!link)
        throw new Failure(EXIT.usage, 'There is no link of a server on this computer', {
          code: 'NoLink',
          field: 'link',
          hint: 'Give one: openpro login "http://HOST/sign-in#…"',
        });
      const { token, user } = await redeemLink(link.url, link.token);
      await local?.used();
      await remember(link.url, token, user);
      screen.result(
        { url: link.url, user },
        () => `Signed in to ${link.url} as ${user.name} (${user.environment}).`,
      );
    },
  );

  action(
    program.command('logout').description('end this sign-in, here and on the server'),
    async (context) => {
      const login = await currentLogin();
      if (!login) {
        context.screen.result({ signedOut: null }, () => 'You were not signed in.');
        return;
      }
      try {
        await (await context.api()).mutate(SignOutDocument, {});
      } catch (error) {
        // Signed out is what it was to become.
        if (!(error instanceof Failure) || error.exit !== EXIT.notSignedIn) throw error;
      } finally {
        await forget(login.url);
      }
      context.screen.result({ signedOut: login.url }, () => `Signed out of ${login.url}.`);
    },
  );

  action(program.command('whoami').description('show who you are, and where'), async (context) => {
    const api = await context.api();
    const { me } = await api.query(WhoAmIDocument, {});
    context.screen.result({ url: api.url, user: me }, () =>
      fields([
        ['name', me.name],
        ['environment', me.environment],
        ['roles', me.roles.join(', ')],
        ['groups', me.groups.join(', ') || 'none'],
        ['id', me.id],
        ['server', api.url],
      ]),
    );
  });
};
