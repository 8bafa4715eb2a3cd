import { Inject, Injectable } from '@nestjs/common';
import { type CommandMeta, type EventStore, streamOf } from '@openpro/eventstore';
import { clip, isRefusal, refuse, type Refusal, uuidv5 } from '@openpro/kernel';
import {
  type Actor,
  Commands,
  EVENT_STORE,
  fingerprintOf,
  mayChange,
  maySee,
  metaOf,
} from '@openpro/platform';
import { caseAggregate } from './case.js';
import { file } from './file.js';
import { type Kept, KeptQueries, MAX_AT_ONCE } from './kept.queries.js';
import { StorageQuotas } from './storage-quotas.js';
import { ForCase, ForFile } from './storage.commands.js';

type Named = Pick<Kept, 'type' | 'id'>;

const keyOf = ({ type, id }: Named): string => `${type} ${id}`;
const ownId = (one: Named, commandId: string): string => uuidv5(commandId, keyOf(one));

const commandFor = (thing: Kept, meta: CommandMeta): ForCase | ForFile => {
  const { type, id, job } = thing;
  const own = { ...meta, commandId: ownId(thing, meta.commandId), correlation: meta.commandId };
  const request = fingerprintOf(meta.actor, 'remove', type, id);
  return type === 'upload'
    ? new ForFile(id, { type: 'RemoveFile' }, own, request)
    : new ForCase(id, { type: 'RemoveCase', ...(job === null ? {} : { job }) }, own, request);
};

/**
 * Makes room in the quotas of whoever kept it. The bytes stay on the disk, because equal ones are kept once for all:
 * what somebody runs with them at the same time, or runs again, finds them.
 */
@Injectable()
export class Removing {
  constructor(
    private readonly kept: KeptQueries,
    private readonly quotas: StorageQuotas,
    private readonly commands: Commands,
    @Inject(EVENT_STORE) private readonly store: Pick<EventStore, 'readLast'>,
  ) {}

  /** All of them, or none and why. */
  async remove(
    actor: Actor,
    { cases, uploads }: { readonly cases: readonly string[]; readonly uploads: readonly string[] },
    commandId: string,
  ): Promise<Refusal | undefined> {
    const meta = metaOf(actor, commandId);
    if (isRefusal(meta)) return meta;
    const asked: readonly Named[] = [
      ...[...new Set(cases)].map((id) => ({ type: 'case' as const, id })),
      ...[...new Set(uploads)].map((id) => ({ type: 'upload' as const, id })),
    ];
    if (asked.length < 1 || asked.length > MAX_AT_ONCE)
      return refuse('BadInput', `These are ${asked.length} cases and uploads`, {
        field: 'cases',
        limit: `1 to ${MAX_AT_ONCE} at once`,
      });
    const things = await this.chosen(actor, asked, commandId);
    if (isRefusal(things)) return things;
    const uses = things.length > 0 ? await this.kept.usesOf(things) : undefined;
    if (uses) return refuse('InUse', `${uses}: nothing was removed`);
    const done = await Promise.all(things.map((thing) => this.commands.execute(commandFor(thing, meta))));
    const refused = done.find((outcome) => outcome.is === 'refused');
    if (refused) return refused.refusal;
    const granted = things.map(({ type, id, owner, what }) => ({
      owner,
      what: type === 'upload' ? id : what,
    }));
    return (await this.quotas.removed(granted))
      ? undefined
      : refuse('NotYetVisible', 'It is removed, but the lists are behind just now: look again in a moment');
  }

  /** Those that are there still, of which the actor may remove every one. */
  private async chosen(
    actor: Actor,
    asked: readonly Named[],
    commandId: string,
  ): Promise<readonly Kept[] | Refusal> {
    const ids = (type: Named['type']) => asked.filter((one) => one.type === type).map(({ id }) => id);
    const found = await this.kept.these(ids('case'), ids('upload'));
    const byKey = new Map(found.map((thing) => [keyOf(thing), thing]));
    const removed = await this.removedBefore(
      asked.filter((one) => !byKey.has(keyOf(one))),
      commandId,
    );
    for (const one of asked) {
      const thing = byKey.get(keyOf(one));
      if (thing && mayChange(actor, thing)) continue;
      if (thing && maySee(actor, thing))
        return refuse(
          'NotAllowed',
          `Only its owner or an administrator may remove “${clip(thing.name, 60)}”`,
        );
      if (thing || !removed.has(one)) return noSuch(one);
    }
    return found;
  }

  /** By this very command, whose answer was lost. */
  private async removedBefore(missing: readonly Named[], commandId: string): Promise<ReadonlySet<Named>> {
    const streams = missing.map(({ type, id }) => streamOf(type === 'case' ? caseAggregate : file, id));
    const ends = streams.length > 0 ? await this.store.readLast(streams, 1) : [];
    return new Set(missing.filter((one, n) => ends[n]?.[0]?.commandId === ownId(one, commandId)));
  }
}

const noSuch = ({ type, id }: Named): Refusal =>
  type === 'case'
    ? refuse('NoSuchCase', `There is no case ${clip(id, 60)}`, { field: 'cases' })
    : refuse('NoSuchUpload', `There is no upload ${clip(id, 60)}`, { field: 'uploads' });
