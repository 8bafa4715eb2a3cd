import { Group, Select, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useLive } from '../api.js';
import { count, formatBytes } from '../format.js';
import { CasePageDocument, type CasePageQuery } from '../generated/graphql.js';
import { caseTable } from '../tables.js';
import { Loading, NotThere, Problem } from './bits.js';
import { TableView } from './table-view.js';

type CaseIdentifier = NonNullable<CasePageQuery['case']>['identifiers'][number];

const CaseTable = ({
  id,
  identifier: { name, type, domain },
}: {
  id: string;
  identifier: CaseIdentifier;
}) => {
  const source = useMemo(() => caseTable(id, name), [id, name]);
  return (
    <TableView
      name={name}
      label={name}
      source={source}
      cell={{ type, domain, min: null, max: null }}
      csvHref={`/api/cases/${id}/${encodeURIComponent(name)}.csv`}
    />
  );
};

/** The data of a case, one identifier at a time. */
export const CaseTables = ({ id }: { id: string }) => {
  const [{ data, error }, again] = useLive(CasePageDocument, { id });
  const [chosen, setChosen] = useState<string | null>(null);
  if (error && !data) return <Problem error={error} again={again} />;
  if (!data) return <Loading />;
  if (!data.case) return <NotThere what="case" />;
  const { identifiers } = data.case;
  const shown =
    identifiers.find(({ name }) => name === chosen) ??
    identifiers.find(({ domain, count: tuples }) => domain.length > 0 && tuples > 0) ??
    identifiers[0];
  if (!shown) return <Text size="sm">This case has no data.</Text>;
  return (
    <>
      <Group align="flex-end" mb="sm">
        <Select
          label="Identifier"
          searchable
          allowDeselect={false}
          value={shown.name}
          onChange={setChosen}
          data={identifiers.map(({ name, domain }) => ({
            value: name,
            label: domain.length > 0 ? `${name}(${domain.join(', ')})` : name,
          }))}
          miw={260}
        />
        <Text size="xs" c="dimmed" pb={8}>
          {count(identifiers.length, 'identifier')} · {shown.name}: {count(shown.count, 'tuple')},{' '}
          {formatBytes(shown.size)}
        </Text>
      </Group>
      <CaseTable key={shown.name} id={id} identifier={shown} />
    </>
  );
};
