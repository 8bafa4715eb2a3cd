import { Badge, Group, Stack, Text, Tooltip } from '@mantine/core';
import { formatBytes } from '../format.js';
import { EnginesDocument } from '../generated/graphql.js';
import { Ago, Command, Empty, Page, Pill } from '../ui/bits.js';
import { List } from '../ui/list.js';
import { usePages } from './pages.js';

export const Engines = () => (
  <Page
    title="Engines"
    help="The signed runtimes that open apps and solve their models. A version never changes its bytes."
  >
    <List
      label="Engines"
      pages={usePages(EnginesDocument, {}, ({ engines }) => engines)}
      empty={
        <Empty icon="engines" title="No engine is published yet">
          <Stack gap="sm" mt="xs">
            Apps need one to run on. Publish a signed engine package:
            <Command>npx openpro engine publish my-engine.engine</Command>
          </Stack>
        </Empty>
      }
      columns={[
        {
          title: 'Engine',
          cell: ({ title, name, version, retired }) => (
            <>
              <Text size="sm" fw={600}>
                {title} {retired && <Pill color="gray">Retired</Pill>}
              </Text>
              <Text size="xs" c="dimmed" className="mono">
                {name} {version}
              </Text>
            </>
          ),
        },
        {
          title: 'Solvers',
          cell: ({ solvers }) => (
            <Group gap={4}>
              {solvers.map(({ id, version, license, classes }) => (
                <Tooltip key={id} label={`Solves ${classes.join(', ')}; licence ${license}`}>
                  <Badge variant="default" tt="none" tabIndex={0}>
                    {id} {version}
                  </Badge>
                </Tooltip>
              ))}
            </Group>
          ),
        },
        {
          title: 'Vendor, licence',
          cell: ({ vendor, license }) => (
            <>
              {vendor}
              <Text size="xs" c="dimmed">
                {license}
              </Text>
            </>
          ),
        },
        { title: 'Size', number: true, cell: ({ size }) => formatBytes(size) },
        {
          title: 'SHA-256',
          cell: ({ digest }) => (
            <Tooltip label={digest}>
              <span className="mono" tabIndex={0}>
                {digest.slice(0, 12)}…
              </span>
            </Tooltip>
          ),
        },
        { title: 'Published', cell: ({ publishedAt }) => <Ago at={publishedAt} /> },
      ]}
    />
  </Page>
);
