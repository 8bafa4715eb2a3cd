import { readFile } from 'node:fs/promises';
import os from 'node:os';
import type { Command } from 'commander';
import { action } from '../context.js';
import { badInput } from '../failure.js';
import { bytes, fields, table, time } from '../format.js';
import {
  AppsDocument,
  type AppVersionFieldsFragment,
  type EngineFieldsFragment,
  EnginesDocument,
  HideAppDocument,
  KeysDocument,
  MoveLatestDocument,
  PublishAppDocument,
  PublishEngineDocument,
  RetireEngineDocument,
  RevokeKeyDocument,
  TrustKeyDocument,
} from '../generated/graphql.js';
import { addLimit, allPages, type PageOptions } from '../pages.js';
import { checkPublicKey, explainTrust, packApp, publisher, withPackage } from '../publisher.js';
import { upload } from '../upload.js';
import { parseExactVersion } from '../values.js';

const keyCommands = (program: Command): void => {
  const key = program.command('key').description('your publisher key, and the keys the platform trusts');

  action(
    key.command('show').description('show your publisher key; it is made on first use'),
    async ({ screen }) => {
      const own = await publisher();
      screen.result(
        own,
        () =>
          `${fields([
            ['id', own.id],
            ['private key', own.file],
          ])}\n\n${own.publicKey.trim()}`,
      );
    },
  );

  action(
    key
      .command('trust')
      .description('accept packages signed with a key from now on (for administrators)')
      .argument('[file]', 'public key in PEM; yours without it')
      .option('--name <name>', 'whose key it is', `${os.userInfo().username}@${os.hostname()}`),
    async (context, file: string | undefined, { name }: { name: string }) => {
      const pem =
        file &&
        (await readFile(file, 'utf8').catch((error: Error) => {
          throw badInput('file', error.message);
        }));
      const publicKey = pem && file ? await checkPublicKey(pem, file) : (await publisher()).publicKey;
      const trusted = await (await context.api()).mutate(TrustKeyDocument, { publicKey, name });
      context.screen.result(trusted, () => `Key ${trusted.id} of ${trusted.name} is trusted.`);
    },
  );

  action(key.command('list').description('list the keys the platform trusts'), async (context) => {
    const { publisherKeys } = await (await context.api()).query(KeysDocument, {});
    context.screen.result(publisherKeys, () =>
      table(
        ['key', 'name', 'trusted', 'state'],
        publisherKeys.map((each) => [
          each.id,
          each.name,
          time(each.trustedAt),
          each.revoked ? 'revoked' : 'trusted',
        ]),
      ),
    );
  });

  action(
    key.command('revoke').description('accept nothing new of a key (for administrators)').argument('<key>'),
    async (context, id: string) => {
      const revoked = await (await context.api()).mutate(RevokeKeyDocument, { id });
      context.screen.result(
        revoked,
        () => `Key ${revoked.id} of ${revoked.name} is revoked; what was published stays.`,
      );
    },
  );
};

const engineLine = (engine: EngineFieldsFragment): string =>
  `${engine.id} (${bytes(engine.size)}, ${engine.solvers.map(({ id }) => id).join(', ')})`;

const engineCommands = (program: Command): void => {
  const engine = program.command('engine').description('optimization engines');

  action(
    engine
      .command('publish')
      .description('upload an engine; a folder is packed and signed with your key first')
      .argument('<place>', 'a *.engine file, or a folder with engine.json'),
    async (context, place: string) => {
      const api = await context.api();
      const published = await withPackage(api, 'engine', place, async (file) =>
        api
          .mutate(PublishEngineDocument, { upload: await upload(api, context.screen, 'ENGINE', file) })
          .catch(explainTrust),
      );
      context.screen.result(published, () => `Published ${engineLine(published)}.`);
    },
  );

  action(
    addLimit(engine.command('list').description('list engines, newest first')).option(
      '--all',
      'retired ones too',
    ),
    async (context, options: PageOptions & { all?: boolean }) => {
      const api = await context.api();
      const engines = await allPages(options.limit, async (page) => {
        const result = await api.query(EnginesDocument, { ...page, includeRetired: options.all ?? false });
        return result.engines;
      });
      context.screen.result(engines, () =>
        table(
          ['engine', 'title', 'solvers', 'size', 'published', 'state'],
          engines.map((each) => [
            each.id,
            each.title,
            each.solvers.map(({ id, version }) => `${id} ${version}`).join(', '),
            bytes(each.size),
            time(each.publishedAt),
            each.retired ? 'retired' : 'active',
          ]),
        ),
      );
    },
  );

  action(
    engine
      .command('retire')
      .description('let no new app use an engine; what uses it keeps running')
      .argument('<name:version>'),
    async (context, id: string) => {
      const retired = await (await context.api()).mutate(RetireEngineDocument, parseExactVersion(id));
      context.screen.result(retired, () => `Engine ${retired.id} is retired.`);
    },
  );
};

const appLine = (app: AppVersionFieldsFragment): string =>
  `${app.id} on ${app.engine.id}${app.latest ? ', latest' : ''}${app.hidden ? ', hidden' : ''}`;

const appCommands = (program: Command): void => {
  const app = program.command('app').description('published models');

  action(
    app
      .command('pack')
      .description('encrypt an app for this platform and sign it with your key')
      .argument('<folder>', 'a folder with app.json')
      .option('-o, --output <file>', 'where to (default NAME-VERSION.app)'),
    async (context, folder: string, { output }: { output?: string }) => {
      const packed = await packApp(
        await context.api(),
        folder,
        ({ name, version }) => output ?? `${name}-${version}.app`,
      );
      const { file, digest, size, manifest } = packed;
      const { name, version } = manifest;
      context.screen.result({ file, digest, size, name, version }, () => `Packed ${file} (${bytes(size)}).`);
    },
  );

  action(
    app
      .command('publish')
      .description('upload an app; a folder is packed first. It becomes the latest version')
      .argument('<place>', 'an *.app file, or a folder with app.json'),
    async (context, place: string) => {
      const api = await context.api();
      const published = await withPackage(api, 'app', place, async (file) =>
        api
          .mutate(PublishAppDocument, { upload: await upload(api, context.screen, 'APP', file) })
          .catch(explainTrust),
      );
      context.screen.result(published, () => `Published ${appLine(published)}.`);
    },
  );

  action(
    addLimit(app.command('list').description('list apps by name')).option(
      '--search <text>',
      'in name, title, description',
    ),
    async (context, options: PageOptions & { search?: string }) => {
      const api = await context.api();
      const apps = await allPages(options.limit, async (page) => {
        const result = await api.query(AppsDocument, { ...page, search: options.search });
        return result.apps;
      });
      context.screen.result(apps, () =>
        table(
          ['app', 'latest', 'title', 'category', 'engine', 'procedures', 'versions'],
          apps.map((each) => [
            each.name,
            each.latest.version,
            each.title,
            each.category,
            each.latest.engine.id,
            each.latest.procedures.map(({ name }) => name).join(', '),
            each.versions.map(({ version, hidden }) => (hidden ? `(${version})` : version)).join(' '),
          ]),
        ),
      );
    },
  );

  action(
    app
      .command('hide')
      .description('take a version out of the catalogue; queued jobs and open sessions keep it')
      .argument('<name:version>')
      .option('--show', 'put it back'),
    async (context, id: string, { show }: { show?: boolean }) => {
      const changed = await (
        await context.api()
      ).mutate(HideAppDocument, { ...parseExactVersion(id), hidden: !show });
      context.screen.result(changed, () => `${appLine(changed)}.`);
    },
  );

  action(
    app
      .command('latest')
      .description('make a version the latest; users inside a session stay on theirs')
      .argument('<name:version>'),
    async (context, id: string) => {
      const changed = await (await context.api()).mutate(MoveLatestDocument, parseExactVersion(id));
      context.screen.result(changed, () => `${appLine(changed)}.`);
    },
  );
};

export const addCatalogue = (program: Command): void => {
  keyCommands(program);
  engineCommands(program);
  appCommands(program);
};
