import { FRONT_ROLES } from '@openpro/kernel';

/*
 * What a server does for people and programs, by its roles. Whatever it does not do itself it passes on to a
 * server with `pro`, where every command and query runs.
 */

const has = (roles: readonly string[], ...anyOf: readonly string[]): boolean =>
  anyOf.some((role) => roles.includes(role));

/** The portal's own router knows these; not the API's, and no file of the portal's folder. */
const isPageAddress = (path: string): boolean =>
  /^(\/(?!\.)([\w~@.+:-]|%3a)+)*\/?$/i.test(path) &&
  !/^\/((api|graphql|assets)(\/|$)|[^/]*\.\w+$)/i.test(path);

/** `portal` shows every page, `webui` those of open apps and the way to them, `proxy` none. */
export const isPage = (url: string, roles: readonly string[]): boolean => {
  const [path = ''] = url.split('?');
  if (!isPageAddress(path)) return false;
  return (
    has(roles, 'portal') || (has(roles, 'webui') && /^\/(sessions\/[^/]+|launch\/.+|sign-in)\/?$/.test(path))
  );
};

/** Calls of the API, which run on a server with `pro`. */
export const isApi = (url: string): boolean => /^\/(graphql|api)([/?]|$)/.test(url);

/** May this server take calls of the API from people and programs at all? One with only `pro` takes them from other servers. */
export const takesApi = (roles: readonly string[]): boolean => has(roles, ...FRONT_ROLES);

/** A browser's sign-in comes as a cookie; `proxy` alone is for programs, which send a token. */
export const takesCookies = (roles: readonly string[]): boolean => has(roles, 'portal', 'webui');
