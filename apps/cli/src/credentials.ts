import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { badInput, EXIT, Failure } from './failure.js';

export interface Login {
  readonly url: string;
  readonly token: string;
}

export interface StoredUser {
  readonly id: string;
  readonly name: string;
  readonly environment: string;
  readonly roles: readonly string[];
}

interface Stored {
  /** The server of the last sign-in. */
  readonly current: string | null;
  readonly servers: { readonly [url: string]: { readonly token: string; readonly user: StoredUser } };
}

const NOBODY: Stored = { current: null, servers: {} };

/** Folder of credentials and publisher key. */
export const home = (): string =>
  process.env['OPENPRO_HOME'] ||
  path.join(process.env['XDG_CONFIG_HOME'] || path.join(os.homedir(), '.config'), 'openpro');

const file = (): string => path.join(home(), 'credentials.json');

const load = async (): Promise<Stored> => {
  try {
    return JSON.parse(await readFile(file(), 'utf8')) as Stored;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOBODY;
    throw new Failure(EXIT.usage, `${file()} cannot be read: ${(error as Error).message}`, {
      code: 'BadCredentialsFile',
      hint: 'Delete the file and sign in again: openpro login LINK',
    });
  }
};

/** Written beside and renamed: a crash leaves the old file or the new one, never half of one. */
const save = async (stored: Stored): Promise<void> => {
  await mkdir(home(), { recursive: true, mode: 0o700 });
  const part = `${file()}.${process.pid}.part`;
  await writeFile(part, `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600 });
  await rename(part, file());
};

export const parseServerUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw badInput('url', `"${text}" is not the address of a server`, 'for example http://127.0.0.1:4600');
  return url.origin;
};

/** The server that the environment names. */
export const givenUrl = (): string | null => {
  const { OPENPRO_URL: given } = process.env;
  return given ? parseServerUrl(given) : null;
};

/** Whom the environment or the last sign-in names; null when nobody has signed in. */
export const currentLogin = async (): Promise<Login | null> => {
  const { OPENPRO_TOKEN: givenToken } = process.env;
  const stored = await load();
  const url = givenUrl() ?? stored.current;
  const token = givenToken || (url && stored.servers[url]?.token);
  return url && token ? { url, token } : null;
};

export const remember = async (url: string, token: string, user: StoredUser): Promise<void> => {
  const { servers } = await load();
  await save({ current: url, servers: { ...servers, [url]: { token, user } } });
};

export const forget = async (url: string): Promise<void> => {
  const { current, servers } = await load();
  const { [url]: _gone, ...others } = servers;
  await save({ current: current === url ? (Object.keys(others)[0] ?? null) : current, servers: others });
};

export interface SignInLink {
  readonly url: string;
  readonly token: string;
}

export const parseLink = (text: string): SignInLink => {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  const token = url?.hash.slice(1);
  if (!url || !token || !url.pathname.endsWith('/sign-in'))
    throw badInput('link', 'This is not a sign-in link', 'http://HOST/sign-in#TOKEN, whole and in quotes');
  return { url: parseServerUrl(url.href), token };
};

/** Where `npm start` leaves a link for whoever can read the server's own folder. */
const linkFiles = (): string[] => {
  const { OPENPRO_LINK_FILE: named, OPENPRO_DATA: data } = process.env;
  if (named) return [named];
  const project = path.resolve(import.meta.dirname, '../..');
  const folders = [process.cwd(), project].map((folder) => path.join(folder, '.openpro'));
  return [...(data ? [data] : []), ...folders].map((folder) => path.join(folder, 'cli-link'));
};

export interface LocalLink extends SignInLink {
  /** It opens once: called after use, so that nobody tries it again. */
  readonly used: () => Promise<void>;
}

/**
 * The link of a server on this computer. Only one of the user's own files counts, and one that nobody named must
 * lead to this computer: a folder from elsewhere must not sign anyone in to a server of its choice.
 */
export const localLink = async (): Promise<LocalLink | null> => {
  const place = linkFiles().find((each) => existsSync(each));
  if (!place) return null;
  const { uid } = await stat(place);
  if (process.getuid && uid !== process.getuid()) return null;
  const link = parseLink(await readFile(place, 'utf8'));
  const { OPENPRO_LINK_FILE: named } = process.env;
  const { hostname } = new URL(link.url);
  if (!named && !['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) return null;
  return { ...link, used: () => rm(place, { force: true }) };
};
