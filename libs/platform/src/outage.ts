import type { Logger } from '@nestjs/common';
import { type Report, StoreUnavailable, TooBusy } from '@openpro/eventstore';
import { isNativeError } from 'node:util/types';
import { QueryFailedError } from 'typeorm';

/** SQLSTATE classes of a database that is away, starting, stopping, full or not ours just now. */
const AWAY = /^(08|28|3D|53|57|58|25006)/;
/** What `pg` says without a code, of a pool and of a connection. */
const CONNECTION =
  /Connection terminated|connection error|timeout exceeded when trying to connect|^timeout expired$|^Query read timeout$/;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;

/** The database is away, or too many want the same: nothing is wrong with what was asked, and it may be asked again. */
export const isOutage = (error: unknown): boolean => {
  if (error instanceof StoreUnavailable || error instanceof TooBusy) return true;
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!isNativeError(cause)) return false;
  // By its code and not by its class: TypeORM may load a pg of its own.
  const { code = '', syscall } = cause as NodeJS.ErrnoException;
  return (
    AWAY.test(code) ||
    syscall === 'connect' ||
    /^(ECONNRESET|EPIPE|ETIMEDOUT)$/.test(code) ||
    CONNECTION.test(cause.message)
  );
};

/** Repeats the work for as long as the database is away, until `giveUp` says that nobody waits for it any more. */
export const patiently = async <T>(
  work: () => Promise<T>,
  giveUp: () => boolean = () => false,
  /** What passes by itself. */
  passing: (error: unknown) => boolean = isOutage,
): Promise<T> => {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!passing(error) || giveUp()) throw error;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
};

/** Problems of followers and projections as log lines. */
export const reportTo =
  (log: Logger): Report =>
  ({ level, ...what }) =>
    log[level === 'info' ? 'log' : level](what);
