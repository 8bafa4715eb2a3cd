import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits for a link, a token or an upload; only its hash is ever stored. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Tells two requests under one command id apart: by what was asked, not by what was made of it. */
export const fingerprintOf = (...request: readonly unknown[]): string => hashSecret(JSON.stringify(request));
