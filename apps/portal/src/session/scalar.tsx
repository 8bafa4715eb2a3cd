import { Switch, Text, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { parseCell, tupleKey } from '../cells.js';
import { useStore } from '../store.js';
import { showValue } from '../ui/data-grid.js';
import type { Identifier, SessionData } from './data.js';

export interface Props {
  readonly identifier: Identifier;
  readonly data: SessionData;
}

const rangeOf = ({ min, max }: Identifier): string => {
  if (min !== null && max !== null) return `${showValue(min)} to ${showValue(max)}`;
  if (min !== null) return `at least ${showValue(min)}`;
  return max !== null ? `at most ${showValue(max)}` : '';
};

/** A longer unit would leave no room for the number. */
const SHORT_UNIT = 8;

/** The one value of an identifier without index. */
export const useScalar = ({ identifier, data }: Props) => {
  const source = data.source(identifier.name);
  const { columns, problem, tick } = useStore(source);
  useEffect(() => source.need(0, 1), [source]);
  const value = source.row(0)?.at(-1) ?? identifier.default ?? null;
  return { value, ready: columns !== null, problem, tick };
};

/** A number, text or switch that writes itself when it is left. */
export const Scalar = ({ identifier, data }: Props) => {
  const { value, ready, problem } = useScalar({ identifier, data });
  const rejected = useStore(data.rejected(identifier.name)).get(tupleKey([]));
  const [draft, setDraft] = useState<string | null>(null);
  const shown = draft ?? (value === null ? '' : String(value));
  const change = (next: unknown) => data.edit(identifier, [{ tuple: [], value: next }], identifier.label);
  const commit = () => {
    if (draft === null) return;
    const parsed = parseCell(draft, identifier);
    if ('problem' in parsed) return data.reject(identifier.name, [{ tuple: [], reason: parsed.problem }]);
    if (parsed.value !== value) void change(parsed.value).then(() => setDraft(null));
    else {
      data.rejected(identifier.name).set(new Map());
      setDraft(null);
    }
  };
  const unit = identifier.unit ?? '';
  const short = unit.length <= SHORT_UNIT;
  const description = [short ? '' : unit, identifier.text, rangeOf(identifier)].filter(Boolean).join(' · ');
  if (identifier.type === 'bool')
    return (
      <Switch
        mt={26}
        label={identifier.label}
        description={description}
        checked={value === true || value === 1}
        disabled={!ready || identifier.readOnly}
        error={rejected ?? problem}
        onChange={({ currentTarget }) => void change(currentTarget.checked)}
      />
    );
  return (
    <TextInput
      label={identifier.label}
      description={description}
      inputWrapperOrder={['label', 'input', 'error', 'description']}
      value={shown}
      disabled={!ready}
      readOnly={identifier.readOnly}
      inputMode={identifier.type === 'f64' || identifier.type === 'i64' ? 'decimal' : 'text'}
      error={rejected ?? problem}
      rightSection={
        short &&
        unit && (
          <Text size="xs" c="dimmed" pr={8}>
            {unit}
          </Text>
        )
      }
      rightSectionWidth={short && unit ? 18 + 8 * unit.length : 0}
      rightSectionPointerEvents="none"
      onChange={({ currentTarget }) => setDraft(currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit();
        if (event.key === 'Escape') setDraft(null);
      }}
    />
  );
};
