import { type BadInput, checkText, type Decider, refuse, type Refusal } from '@openpro/kernel';

/** The stream's id is the key's id: the first 16 digits of its SHA-256. */
export type PublisherEvent =
  | { readonly type: 'KeyTrusted'; readonly publicKey: string; readonly name: string }
  | { readonly type: 'KeyRevoked' };

export type PublisherCommand =
  | { readonly type: 'TrustKey'; readonly publicKey: string; readonly name: string }
  | { readonly type: 'RevokeKey' };

export type PublisherRefusal = BadInput | Refusal<'NoSuchKey' | 'KeyIdTaken'>;

export type Publisher =
  | { readonly is: 'new' }
  | { readonly is: 'trusted' | 'revoked'; readonly publicKey: string; readonly name: string };

const decider: Decider<Publisher, PublisherCommand, PublisherEvent, PublisherRefusal> = {
  initial: { is: 'new' },

  decide(command, key) {
    switch (command.type) {
      case 'TrustKey': {
        const { publicKey, name } = command;
        const wrong =
          checkText('name', name, { max: 100 }) ??
          checkText('publicKey', publicKey, { max: 1000, multiline: true });
        if (wrong) return wrong;
        if (key.is !== 'new' && key.publicKey !== publicKey)
          return refuse('KeyIdTaken', 'Another key has the same id: make a new key');
        return key.is === 'trusted' && key.name === name ? [] : [{ type: 'KeyTrusted', publicKey, name }];
      }
      case 'RevokeKey':
        if (key.is === 'new') return refuse('NoSuchKey', 'No such key was ever trusted here');
        return key.is === 'revoked' ? [] : [{ type: 'KeyRevoked' }];
    }
  },

  evolve(key, event) {
    switch (event.type) {
      case 'KeyTrusted':
        return { is: 'trusted', publicKey: event.publicKey, name: event.name };
      case 'KeyRevoked':
        return key.is === 'new' ? key : { ...key, is: 'revoked' };
    }
  },
};

export const publisher = { name: 'publisher', context: 'catalogue', decider } as const;
