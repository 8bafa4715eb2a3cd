import { uuidv7 } from '@openpro/kernel';
import { ForLicence, type LicenceCommand } from '@openpro/licensing';
import type { Commands } from '@openpro/platform';
import { ForJob } from './jobs.commands.js';
import type { Placement } from './placement.js';
import { holderOf } from './seats.js';

/**
 * How the leader starts an attempt: first its seat, where it needs one, by an append of its licence, and only then the
 * start. Whatever happens between them, the seat comes back (`seat-attempts`). False: there was no seat.
 */
export const startWith =
  (commands: Pick<Commands, 'insist' | 'succeeds'>) =>
  async ({ job, seat, ...start }: Placement, epoch: number): Promise<boolean> => {
    // A job has the id of the command that submitted it: all that is done for it belongs to that.
    const meta = () => ({ commandId: uuidv7(), actor: 'system', roles: [], correlation: job, epoch });
    if (seat) {
      const { environment, licence, user } = seat;
      const holder = holderOf(job, start.attempt);
      const request: LicenceCommand = {
        type: 'RequestSeat',
        kind: 'optimization',
        ...{ holder, user, device: null },
      };
      if (!(await commands.succeeds(new ForLicence(`${environment}:${licence}`, request, meta()))))
        return false;
    }
    const licence = seat ? { licence: seat.licence } : {};
    await commands.insist(new ForJob(job, { type: 'StartJob', ...start, ...licence }, meta()));
    return true;
  };
