import { checkText, refuse, type Refusal, writeOnce } from '@openpro/kernel';
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Environment } from './attempts.js';
import type { Policy, WorkerProfile } from './queue-policy.js';

const PREFIX = 'sealed:';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MAX_VALUE = 4096;

/**
 * Keeps the variables of worker profiles from whoever reads the log or the database: their values are encrypted with a
 * key that only the servers have, in the storage that they share. The same value of the same name is sealed alike, so
 * that a policy that is set again is the same.
 */
export class Sealing {
  private readonly key: Buffer;

  constructor(storageDir: string) {
    const file = path.join(storageDir, 'keys', 'profiles.key');
    if (!existsSync(file)) writeOnce(file, randomBytes(KEY_BYTES).toString('base64url'));
    this.key = Buffer.from(readFileSync(file, 'utf8'), 'base64url');
  }

  seal(name: string, value: string): string {
    const iv = createHmac('sha256', this.key).update(`${name}\0${value}`).digest().subarray(0, IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(name));
    const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
    return PREFIX + Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url');
  }

  /** Null when it was altered, moved to another name, or sealed with another key than the one that is there now. */
  open(name: string, sealed: string): string | null {
    try {
      return this.opened(name, sealed);
    } catch {
      return null;
    }
  }

  private opened(name: string, sealed: string): string {
    const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, IV_BYTES))
      .setAAD(Buffer.from(name))
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  }

  /** Of what an administrator has sent, which nobody has checked yet: what is no variable stays as it is. */
  sealed(policy: Partial<Policy>): Partial<Policy> | Refusal {
    const { profiles } = policy as { readonly profiles?: unknown };
    if (!Array.isArray(profiles)) return policy;
    const sealed: unknown[] = [];
    for (const [index, profile] of (profiles as unknown[]).entries()) {
      const { environment } = (profile ?? {}) as { readonly environment?: unknown };
      if (typeof environment !== 'object' || environment === null || Array.isArray(environment)) {
        sealed.push(profile);
        continue;
      }
      for (const [name, value] of Object.entries(environment)) {
        const field = `profiles[${index}].environment.${name.slice(0, 60)}`;
        const wrong = checkText(field, value, { min: 0, max: MAX_VALUE });
        if (wrong) return wrong;
        if (value === HIDDEN || value === UNREADABLE)
          return refuse(
            'BadInput',
            `${field} is the sign for a hidden or unreadable value: it must be the value itself`,
            { field, limit: 'the value itself' },
          );
        if (this.key.length !== KEY_BYTES)
          return refuse(
            'KeyDamaged',
            `${field} cannot be sealed: keys/profiles.key in the storage is damaged`,
            { field, limit: `a key of ${KEY_BYTES} bytes` },
          );
      }
      const seal = (name: string, value: string): string => this.seal(name, value);
      sealed.push(withVariables(profile as WorkerProfile, seal));
    }
    return { ...policy, profiles: sealed as WorkerProfile[] };
  }

  environmentOf({
    name: profile,
    environment = {},
  }: WorkerProfile): Environment | Refusal<'ProfileUnreadable'> {
    const variables: { [name: string]: string } = {};
    for (const [name, sealed] of Object.entries(environment)) {
      const value = this.open(name, sealed);
      if (value === null)
        return refuse(
          'ProfileUnreadable',
          `${name} of worker profile ${profile} cannot be read any more: an administrator must set it again`,
        );
      variables[name] = value;
    }
    return { variables };
  }

  /** As an administrator sees it, or as somebody does who may not know the values. */
  shown(policy: Policy, mayKnow: boolean): Policy {
    const show = (name: string, value: string): string =>
      mayKnow ? (this.open(name, value) ?? UNREADABLE) : HIDDEN;
    const { rules, limits, profiles, fair, quotas } = policy; // in the order of the docs, whatever jsonb made of it
    return { rules, limits, profiles: profiles.map((one) => withVariables(one, show)), fair, quotas };
  }
}

const HIDDEN = '••••••';
/** For who may know it, when nobody can read it any more. */
const UNREADABLE = '(cannot be read: set it again)';

const withVariables = (
  profile: WorkerProfile,
  change: (name: string, value: string) => string,
): WorkerProfile =>
  profile.environment
    ? {
        ...profile,
        environment: Object.fromEntries(
          Object.entries(profile.environment).map(([name, value]) => [name, change(name, value)]),
        ),
      }
    : profile;
