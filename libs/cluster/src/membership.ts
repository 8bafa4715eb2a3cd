import { type CommandHandler } from '@openpro/eventstore';
import { uuidv7 } from '@openpro/kernel';
import { ConfigError, type ThisNode } from '@openpro/platform';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { authority } from './authority.js';
import { node as nodeAggregate } from './node.js';
import { refusals } from './refusals.js';

export interface NodeDescription {
  readonly name: string;
  readonly roles: readonly string[];
  readonly slots: number;
  readonly version: string;
  readonly isolation: string;
  readonly labels?: readonly string[];
  readonly link?: string;
  readonly memoryMiB?: number;
  readonly cores?: number;
}

/**
 * Every start is a new epoch: whatever an earlier life of this server still had is declared dead in the same append.
 * @throws when it is not let in, which is recorded
 */
export const joinCluster = async (
  handler: CommandHandler,
  id: string,
  description: NodeDescription,
): Promise<ThisNode> => {
  const outcome = await handler.execute(nodeAggregate, id, { type: 'JoinNode', ...description }, metaOf(id));
  if (outcome.is === 'refused') {
    const { refused: code, message: reason } = outcome.refusal;
    const refused = { type: 'RecordRefusal', what: 'link', from: id, node: id, code, reason } as const;
    const day = new Date().toISOString().slice(0, 10);
    await handler.execute(refusals, `${id}:${day}`, refused, metaOf(id));
    throw new ConfigError(`This server cannot join: ${reason}`);
  }
  if (outcome.state.is !== 'joined') throw new Error('This server has joined and yet has not');
  return { id, epoch: outcome.state.epoch, name: description.name, joinedAt: outcome.position };
};

export const leaveCluster = async (handler: CommandHandler, { id, epoch }: ThisNode): Promise<void> => {
  await handler.execute(nodeAggregate, id, { type: 'LeaveNode', epoch }, metaOf(id));
};

/** Storage and database of one cluster belong together: what the first server found there stays. */
export const foundAuthority = async (
  handler: CommandHandler,
  id: string,
  { cluster, certificate }: { readonly cluster: string; readonly certificate: string },
): Promise<void> => {
  const outcome = await handler.execute(
    authority,
    'cluster',
    { type: 'FoundAuthority', cluster, certificate },
    metaOf(id),
  );
  if (outcome.is === 'refused') throw new Error(`This server cannot join: ${outcome.refusal.message}`);
};

const metaOf = (id: string) => ({ commandId: uuidv7(), actor: `node:${id}`, roles: [] });

/** This server's id: kept in its data folder, made at its first start unless it was invited under one. */
export const nodeId = async (dataDir: string): Promise<string> => {
  const file = path.join(dataDir, 'node-id');
  await mkdir(dataDir, { recursive: true });
  await writeFile(file, uuidv7(), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return (await readFile(file, 'utf8')).trim();
};
