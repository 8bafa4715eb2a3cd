import { areCompatible } from '@openpro/link';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** A server that beats at all does so within this time. */
const BEATS_WITHIN_MS = 2500;
const NO_SUCH_TABLE = '42P01';

const OTHERS = `
  SELECT id, name, version, beat FROM node_list JOIN node_beat ON node = id AND node_beat.epoch = node_list.epoch
   WHERE state = 'joined' AND id IS DISTINCT FROM $1`;

/**
 * Servers of versions that do not fit together must not work on one log, nor may a new version migrate it under an old
 * one. Only those count that beat: after all were killed, the first of a new version may start. For a database of any
 * version, also an empty one.
 * @param self this server's id, where it has one already
 * @throws when another server of another version runs
 */
export const mustFitTogether = async (url: string, self: string | null, version: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const others = async () => {
    type Row = {
      readonly id: string;
      readonly name: string;
      readonly version: string;
      readonly beat: string;
    };
    const { rows } = await client.query<Row>(OTHERS, [self]);
    return rows.filter((other) => !areCompatible(other.version, version));
  };
  try {
    const foreign = await others();
    if (foreign.length === 0) return;
    await delay(BEATS_WITHIN_MS);
    const beats = new Map(foreign.map(({ id, beat }) => [id, beat]));
    const running = (await others()).find(({ id, beat }) => beats.get(id) !== beat);
    if (running)
      throw new Error(
        `This server cannot join: it is of version ${version}, and ${running.name} of version ${running.version} runs. Stop the servers of the other version first.`,
      );
  } catch (error) {
    if ((error as { code?: unknown }).code !== NO_SUCH_TABLE) throw error;
  } finally {
    await client.end();
  }
};
