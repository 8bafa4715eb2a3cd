import { type BadInput, checkNumber, checkText, type Decider, refuse, type Refusal } from '@openpro/kernel';

const MAX_PRICE = 1_000_000;
const PRICES = ['job', 'coreHour', 'gibHour', 'cpuHour'] as const;

/** What runs cost; what is missing costs nothing. */
export interface Tariff {
  /** Three letters (ISO 4217), or any short word such as "points". */
  readonly currency: string;
  /** Each job that ran to an end of its own. */
  readonly job: number;
  /** Each core kept for an attempt, for an hour. */
  readonly coreHour: number;
  /** Each GiB of memory kept for an attempt, for an hour. */
  readonly gibHour: number;
  /** Each hour of CPU time used. */
  readonly cpuHour: number;
}

export type TariffEvent = { readonly type: 'TariffSet'; readonly tariff: Tariff; readonly reason: string };

export interface TariffCommand {
  readonly type: 'SetTariff';
  readonly tariff: Tariff;
  readonly reason: string;
  /** The version that was changed; 0 = there was none. */
  readonly basedOn: number;
}

export type TariffRefusal = BadInput | Refusal<'TariffChanged'>;

/** How many there have been. */
export interface Tariffs {
  readonly version: number;
}

const wrongIn = (tariff: Tariff): BadInput | undefined =>
  checkText('tariff.currency', tariff.currency, { max: 12 }) ??
  PRICES.map((price) => checkNumber(`tariff.${price}`, tariff[price], { min: 0, max: MAX_PRICE })).find(
    (wrong) => wrong !== undefined,
  );

const decider: Decider<Tariffs, TariffCommand, TariffEvent, TariffRefusal> = {
  initial: { version: 0 },

  decide({ tariff, reason, basedOn }, { version }) {
    const wrong = wrongIn(tariff) ?? checkText('reason', reason, { max: 500 });
    if (wrong) return wrong;
    return basedOn === version
      ? [{ type: 'TariffSet', tariff, reason }]
      : refuse(
          'TariffChanged',
          `Your change is based on version ${basedOn} of the tariff, but version ${version} holds by now: look at that one and change it`,
          { field: 'basedOn', limit: `version ${version}` },
        );
  },

  evolve: ({ version }) => ({ version: version + 1 }),
};

/** The cluster has one: the stream is `tariff-all`. What ended before it was set keeps its price. */
export const tariff = { name: 'tariff', context: 'jobs', decider } as const;
export const TARIFF_ID = 'all';
