import { hash, randomUUID } from 'node:crypto';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A new time-ordered id (RFC 9562, version 7): 48 bits of milliseconds, 74 random bits. */
export const uuidv7 = (now: number = Date.now()): string => {
  const time = now.toString(16).padStart(12, '0');
  // The random half of a version 4: Node keeps random bytes in store for it.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
};

/** The id that belongs to `name` within `namespace` (RFC 9562, version 5): the same input, the same id. */
export const uuidv5 = (namespace: string, name: string): string => {
  const bytes = Buffer.concat([Buffer.from(namespace.replaceAll('-', ''), 'hex'), Buffer.from(name)]);
  const hex = hash('sha1', bytes, 'hex');
  const variant = (8 | (Number.parseInt(hex[16]!, 16) & 3)).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

/** True for a UUID in lower-case canonical form, of any version. Ids are parsed once, at the edge. */
export const isUuid = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);

/** The part of a stream's name behind the aggregate's: `0198…` of `job-0198…`, `ROOT:cutting` of `app-ROOT:cutting`. */
export const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);
