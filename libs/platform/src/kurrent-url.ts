import { existsSync } from 'node:fs';

/** Which options a KurrentDB URL may have, and what is wrong with a value. Names as the client writes them. */
const OPTIONS: Readonly<Record<string, (value: string) => string | undefined>> = {
  tls: (value) => (/^(true|false)$/.test(value) ? undefined : 'must be true or false'),
  tlsCAFile: (value) => (existsSync(value) ? undefined : `is "${value}": there is no such file`),
  userCertFile: (value) => (existsSync(value) ? undefined : `is "${value}": there is no such file`),
  userKeyFile: (value) => (existsSync(value) ? undefined : `is "${value}": there is no such file`),
  // A follower may not know yet what a server has written: every call asks for the leader anyway.
  nodePreference: (value) => (/^leader$/i.test(value) ? undefined : 'must be leader'),
  connectionName: (value) => (value ? undefined : 'is empty'),
  ...Object.fromEntries(
    [
      'maxDiscoverAttempts',
      'discoveryInterval',
      'gossipTimeout',
      'keepAliveInterval',
      'keepAliveTimeout',
      'defaultDeadline',
    ].map((name) => [
      name,
      (value: string) => (/^\d{1,9}$/.test(value) ? undefined : 'must be a whole number'),
    ]),
  ),
};

const SHAPE =
  /^(?<scheme>esdb|kurrentdb)(?<discover>\+discover)?:\/\/(?:(?<user>[^/?]*)@)?(?<hosts>[^/?@]*)\/?(?:\?(?<options>.*))?$/;
/** Undefined for what is no percent-encoded text. */
const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};
const HOST = /^[\w.-]+(:\d{1,5})?$/;

/**
 * The URL as the client takes it, or what is wrong with it. Nothing of it is repeated in the problem but names of
 * options and files: it holds a password.
 */
export const readKurrentUrl = (url: string): { readonly url: string } | { readonly problem: string } => {
  const parts = SHAPE.exec(url)?.groups;
  if (!parts) return { problem: 'must look like esdb://user:password@host:2113 or esdb+discover://…' };
  const { user, hosts = '', discover = '', options = '' } = parts;
  if (user !== undefined && !(/^[^:@]+:[^:@]+$/.test(user) && decoded(user)))
    return { problem: 'must have user:password before the @, with : and @ within them as %3A and %40' };
  if (!hosts.split(',').every((host) => HOST.test(host)))
    return { problem: 'must name hosts as host:port, several of them with commas between' };
  const given = new Map<string, string>();
  for (const pair of options ? options.split('&') : []) {
    const [name = '', value = ''] = pair.split('=');
    const wrong = Object.hasOwn(OPTIONS, name) ? OPTIONS[name]?.(decoded(value) ?? '') : 'is not known';
    if (wrong) return { problem: `has the option ${name}, which ${wrong}` };
    given.set(name, value);
  }
  if (given.has('userCertFile') !== given.has('userKeyFile'))
    return { problem: 'must have userCertFile and userKeyFile both, or neither' };
  return { url: url.replace(/^\w+(\+discover)?/, `esdb${discover}`) };
};
