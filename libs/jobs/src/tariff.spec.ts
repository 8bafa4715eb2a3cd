import { describe, it } from '@jest/globals';
import { specFor } from '@openpro/kernel/testing';
import { type Tariff, tariff, type TariffCommand, type TariffEvent } from './tariff.js';

const given = specFor(tariff.decider);
const prices: Tariff = { currency: 'EUR', job: 0.1, coreHour: 0.5, gibHour: 0.05, cpuHour: 0 };
const set = (changed: object = {}, basedOn = 0, reason = 'new year'): TariffCommand => ({
  type: 'SetTariff',
  tariff: { ...prices, ...changed },
  reason,
  basedOn,
});
const wasSet: TariffEvent = { type: 'TariffSet', tariff: prices, reason: 'new year' };

describe('a tariff', () => {
  it('is set with a reason', () => given().when(set()).then(wasSet));

  it('follows the one that was looked at', () => given(wasSet).when(set({}, 1)).then(wasSet));

  it('does not overwrite one that somebody else has set meanwhile', () =>
    given(wasSet).when(set({}, 0)).thenRefused('TariffChanged', {
      message:
        'Your change is based on version 0 of the tariff, but version 1 holds by now: look at that one and change it',
      field: 'basedOn',
      limit: 'version 1',
    }));

  it.each([
    [{ coreHour: '0.5' }, 'tariff.coreHour'],
    [{ gibHour: -1 }, 'tariff.gibHour'],
    [{ job: Number.NaN }, 'tariff.job'],
    [{ cpuHour: 1_000_001 }, 'tariff.cpuHour'],
    [{ currency: '' }, 'tariff.currency'],
    [{ currency: 'a very long currency' }, 'tariff.currency'],
  ])('with %j is refused: %s is wrong', (changed, field) =>
    given().when(set(changed)).thenRefused('BadInput', { field }),
  );

  it('needs a reason', () =>
    given()
      .when(set({}, 0, ''))
      .thenRefused('BadInput', { field: 'reason' }));
});
