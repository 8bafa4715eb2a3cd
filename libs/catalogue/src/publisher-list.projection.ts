import type { Projection } from '@openpro/eventstore';
import { idOf } from '@openpro/kernel';
import type { PublisherEvent } from './publisher.js';

export interface PublisherRow {
  readonly key_id: string;
  readonly public_key: string;
  readonly name: string;
  readonly revoked: boolean;
  readonly trusted_at: number;
}

export const publisherList: Projection<PublisherRow, PublisherEvent> = {
  name: 'publisher',
  version: 1,
  columns: { key_id: 'text', public_key: 'text', name: 'text', revoked: 'bool', trusted_at: 'int8' },
  key: 'key_id',
  on: ['KeyTrusted', 'KeyRevoked'],
  keyOf: ({ stream }) => idOf(stream),
  evolve(row, { stream, at, event }) {
    switch (event.type) {
      case 'KeyTrusted': {
        const { publicKey, name } = event;
        return { key_id: idOf(stream), public_key: publicKey, name, revoked: false, trusted_at: at };
      }
      case 'KeyRevoked':
        return row && { ...row, revoked: true };
    }
  },
};
