import { forwardedBy } from '@openpro/link';
import type { IncomingMessage } from 'node:http';

/** Set by a front server on what it passes on; from anybody else it means nothing. */
export const PUBLIC_URL_HEADER = 'x-openpro-public-url';

/** The address that the person behind this request uses: of the front server it came through, or of this one. */
export const publicUrlOf = (request: IncomingMessage, own: string): string => {
  const passedOn = forwardedBy(request) && request.headers[PUBLIC_URL_HEADER];
  return typeof passedOn === 'string' && passedOn !== '' ? passedOn : own;
};
