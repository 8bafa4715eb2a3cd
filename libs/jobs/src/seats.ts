import type { Queue } from './lines.js';
import { get, remove, set } from './sorted-map.js';

/** A licence, as far as the queue must know it. */
export interface SeatPool {
  readonly title: string;
  readonly seats: number;
  /** Ids; nobody = everybody. */
  readonly users: readonly string[];
}

/** In `Queue.held`. */
export const licenceKey = (licence: string): string => `licence ${licence}`;

/** Who holds the seat of an attempt, as its licence knows him. */
export const holderOf = (job: string, attempt: number): string => `${job}:${attempt}`;

export const mayUse = ({ users }: SeatPool, user: string): boolean =>
  users.length === 0 || users.includes(user);

const counted = ({ held }: Queue, licence: string, by: 1 | -1): Queue['held'] => {
  const key = licenceKey(licence);
  const count = (get(held, key) ?? 0) + by;
  return count > 0 ? set(held, key, count) : remove(held, key);
};

/** The holder has a seat, or will have as soon as the grant is seen in the log; each counts once. */
export const seated = (queue: Queue, licence: string, holder: string): Queue =>
  get(queue.seated, holder) === undefined
    ? { ...queue, seated: set(queue.seated, holder, licence), held: counted(queue, licence, 1) }
    : queue;

/** It is back: that an attempt has ended does not say so, its licence does. */
export const unseated = (queue: Queue, holder: string): Queue => {
  const licence = get(queue.seated, holder);
  return licence === undefined
    ? queue
    : { ...queue, seated: remove(queue.seated, holder), held: counted(queue, licence, -1) };
};
