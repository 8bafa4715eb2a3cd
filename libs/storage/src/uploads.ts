import { Inject, Injectable } from '@nestjs/common';
import { type EventStore, fold, streamOf } from '@openpro/eventstore';
import { clip, isRefusal, isUuid, refuse, type Refusal, uuidv7 } from '@openpro/kernel';
import {
  type Actor,
  Commands,
  CONFIG,
  EVENT_STORE,
  fingerprintOf,
  has,
  hashSecret,
  metaOf,
  newSecret,
  type ServerConfig,
} from '@openpro/platform';
import type { Readable } from 'node:stream';
import { BlobTooLarge, FolderBlobStore } from './blob-store.js';
import { type FileKind, file, type StoredFile, wrongInFile } from './file.js';
import { StorageQuotas } from './storage-quotas.js';
import { ForFile } from './storage.commands.js';

const UPLOAD_LIFE_MS = 60 * 60_000;

/** Who may not publish a thing may not fill the disk with it either. */
const ROLE_FOR = { engine: 'engine-publisher', app: 'app-publisher', file: 'user' } as const;

/** One-time places for bytes: asked for by mutation, filled by one PUT, used by the command that names the id. */
@Injectable()
export class Uploads {
  constructor(
    private readonly commands: Commands,
    private readonly blobs: FolderBlobStore,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIG) private readonly config: ServerConfig,
    private readonly quotas: StorageQuotas,
  ) {}

  async request(
    actor: Actor,
    kind: FileKind,
    name: string,
    size: number,
    commandId: string,
    publicUrl = this.config.publicUrl,
  ) {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    if (!has(actor, ROLE_FOR[kind]))
      return refuse('NotAllowed', `Uploads of kind ${kind} need the role ${ROLE_FOR[kind]}`, {
        field: 'kind',
      });
    const wrong = wrongInFile({ kind, name, maxBytes: size });
    if (wrong) return wrong;
    // Asked for again it is answered as it was, however much he keeps by now, and counts once.
    const before = await this.store.readStream(streamOf(file, commandId), 0, 1);
    const full = before.length > 0 ? undefined : await this.quotas.refusal(actor, commandId, size, 'size');
    if (full) return full;
    const secret = newSecret();
    const expiresAt = Date.now() + UPLOAD_LIFE_MS;
    const outcome = await this.commands.execute(
      new ForFile(
        commandId,
        {
          type: 'RequestFile',
          environment: actor.environment,
          owner: actor.id,
          kind,
          name,
          maxBytes: size,
          secretHash: hashSecret(secret),
          expiresAt,
        },
        meta,
        fingerprintOf(actor.id, kind, name, size),
      ),
    );
    if (outcome.is === 'refused') return outcome.refusal;
    if (outcome.repeated)
      return refuse(
        'UploadAlreadyRequested',
        'This upload was asked for before and its address is not shown twice: ask for a new one',
      );
    return {
      id: commandId,
      url: `${publicUrl}/api/uploads/${commandId}?secret=${secret}`,
      maxBytes: size,
      expiresAt,
    };
  }

  /** Streams the body to the blob store and records it. The secret is checked before a byte is read. */
  async receive(
    id: string,
    secret: string,
    body: Readable,
  ): Promise<{ digest: string; size: number } | Refusal> {
    const state = await fold(this.store, file, id);
    const secretHash = hashSecret(secret);
    const actor = 'owner' in state ? state.owner : 'system';
    const meta = { commandId: uuidv7(), actor, roles: [] };
    const check = file.decider.decide(
      { type: 'StoreFile', secretHash, digest: '', size: 0, now: Date.now() },
      state,
    );
    if (isRefusal(check)) return check;
    if (state.is !== 'requested') return refuse('AlreadyUploaded', 'This upload is complete already');
    try {
      const { digest, size } = await this.blobs.put(body, { maxBytes: state.maxBytes });
      const outcome = await this.commands.execute(
        new ForFile(id, { type: 'StoreFile', secretHash, digest, size, now: Date.now() }, meta),
      );
      return outcome.is === 'refused' ? outcome.refusal : { digest, size };
    } catch (error) {
      if (error instanceof BlobTooLarge)
        return refuse(
          'TooLarge',
          `The upload is larger than the ${state.maxBytes} bytes that were announced`,
          {
            field: 'size',
            limit: `${state.maxBytes} bytes`,
          },
        );
      throw error;
    }
  }

  /** The bytes behind an upload of the actor, of the kind that the command needs. */
  async stored(actor: Actor, id: string, kind: FileKind, field: string): Promise<StoredFile | Refusal> {
    const state = isUuid(id) ? await fold(this.store, file, id) : file.decider.initial;
    if (!('owner' in state) || state.owner !== actor.id || state.environment !== actor.environment)
      return refuse('NoSuchUpload', `There is no upload ${clip(id, 60)} of yours`, { field });
    if (state.is !== 'stored')
      return refuse('NotUploadedYet', 'Nothing was uploaded to this address yet', { field });
    if (state.kind !== kind)
      return refuse('WrongKind', `The upload is of kind ${state.kind}, not ${kind}`, { field, limit: kind });
    return state;
  }
}
