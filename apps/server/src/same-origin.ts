import type { ServerConfig } from '@openpro/platform';
import type { IncomingHttpHeaders } from 'node:http';

/** A browser says where the page is from that sends something: only this portal's own may. */
export const sameOrigin = (
  { origin, host }: IncomingHttpHeaders,
  { publicUrl }: Pick<ServerConfig, 'publicUrl'>,
): boolean =>
  origin === undefined || origin === publicUrl || origin === `${new URL(publicUrl).protocol}//${host}`;
