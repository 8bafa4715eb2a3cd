import { TooBusy } from '@openpro/eventstore';
import { DiskFull } from '@openpro/kernel';
import { isOutage } from '@openpro/platform';

/** What is nobody's fault and passes: said in words, with what to do. */
export interface Operational {
  readonly code: 'UNAVAILABLE';
  readonly status: 503 | 507;
  readonly message: string;
}

const AWAY: Operational = {
  code: 'UNAVAILABLE',
  status: 503,
  message:
    'The database is away just now. Nothing is lost: send the same request (with its commandId) again.',
};
const FULL: Operational = {
  code: 'UNAVAILABLE',
  status: 507,
  message:
    "The server's disk is full, and nothing of this was kept. Once your administrator has freed space, send the same request again.",
};

export const operational = (error: unknown): Operational | null => {
  if (error instanceof DiskFull) return FULL;
  if (error instanceof TooBusy) return { ...AWAY, message: error.message };
  return isOutage(error) ? AWAY : null;
};
