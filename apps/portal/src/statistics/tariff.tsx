import { Alert, Button, Group, Modal, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import { formatNumber, formatTime } from '../format.js';
import { SetTariffDocument, type TariffFieldsFragment as Tariff } from '../generated/graphql.js';

const PRICES = [
  ['job', 'Each job that ran'],
  ['coreHour', 'Each core kept for an hour'],
  ['gibHour', 'Each GiB of memory kept for an hour'],
  ['cpuHour', 'Each hour of CPU time used'],
] as const;

/** The tariff in a sentence. */
export const TariffLine = ({ tariff }: { tariff: Tariff }) => {
  const parts = PRICES.filter(([price]) => tariff[price] > 0).map(
    ([price, label]) => `${label.toLowerCase()}: ${formatNumber(tariff[price])} ${tariff.currency}`,
  );
  return (
    <Text size="sm" c="dimmed">
      {parts.length === 0
        ? 'Running is free: no price is set.'
        : `Tariff ${tariff.version}, ${parts.join('; ')}.`}{' '}
      {tariff.setAt !== null &&
        `Set ${formatTime(tariff.setAt, Date.now())} by ${tariff.setBy?.name}: ${tariff.reason}`}
    </Text>
  );
};

export const TariffDialog = ({
  tariff,
  onClose,
}: {
  tariff: Tariff;
  onClose: (changed: boolean) => void;
}) => {
  const [currency, setCurrency] = useState(tariff.currency);
  const [prices, setPrices] = useState<Record<string, number>>(() =>
    Object.fromEntries(PRICES.map(([price]) => [price, tariff[price]])),
  );
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    const changed = await command(SetTariffDocument, {
      tariff: { currency: currency.trim(), ...prices },
      reason: reason.trim(),
      basedOn: tariff.version,
    });
    setBusy(false);
    if (changed) onClose(true);
  };
  return (
    <Modal opened onClose={() => onClose(false)} title={<Text fw={600}>What running costs</Text>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Stack gap="sm">
          <Alert variant="light">
            It holds for what ends from now on; what has ended keeps its price. What a server lost or gave
            back costs nothing.
          </Alert>
          <TextInput
            label="Currency"
            placeholder="EUR"
            maxLength={12}
            required
            value={currency}
            onChange={({ currentTarget }) => setCurrency(currentTarget.value)}
            data-autofocus
          />
          {PRICES.map(([price, label]) => (
            <NumberInput
              key={price}
              label={label}
              min={0}
              max={1_000_000}
              decimalScale={6}
              value={prices[price] ?? 0}
              onChange={(value) => setPrices({ ...prices, [price]: Number(value) })}
            />
          ))}
          <TextInput
            label="Reason"
            description="For the record."
            maxLength={500}
            required
            value={reason}
            onChange={({ currentTarget }) => setReason(currentTarget.value)}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={() => onClose(false)}>
              Keep as it is
            </Button>
            <Button type="submit" loading={busy}>
              Set the tariff
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
};
