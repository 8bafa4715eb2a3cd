import {
  Anchor,
  Badge,
  Button,
  Card,
  Group,
  Menu,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
  ActionIcon,
} from '@mantine/core';
import { useDeferredValue, useEffect } from 'react';
import { useLive } from '../api.js';
import { formatAgo } from '../format.js';
import { AppsDocument, type AppsQuery, SessionsDocument } from '../generated/graphql.js';
import { useMe } from '../me.js';
import { Link, navigate, useFilters } from '../router.js';
import { pathTo } from '../routes.js';
import { Command, Empty, Loading, Page, Problem, StatePill } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';

type AppTile = AppsQuery['apps']['nodes'][number];

const HUES = ['#0c7680', '#3b5bdb', '#7048a8', '#b02a5b', '#a8480b', '#2b7a3b', '#35618e'];

/** The same app has the same colour everywhere and always. */
const hue = (name: string): string =>
  HUES[[...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) % HUES.length] ??
  HUES[0]!;

const initials = (title: string): string =>
  title
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join('');

const Tile = ({ app }: { app: AppTile }) => {
  const others = app.versions.filter(({ hidden, latest }) => !hidden && !latest);
  return (
    <Card className="tile" component="article" aria-label={app.title}>
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <span className="tile-icon" style={{ background: hue(app.name) }} aria-hidden="true">
          {initials(app.title)}
        </span>
        <div style={{ minWidth: 0, flex: 1 }}>
          <Title order={2}>{app.title}</Title>
          <Group gap={6} mt={2}>
            <Text size="xs" c="dimmed">
              {app.latest.version}
            </Text>
            <Badge size="xs" variant="light" tt="none">
              latest
            </Badge>
            {app.category && (
              <Badge size="xs" variant="default" tt="none">
                {app.category}
              </Badge>
            )}
          </Group>
        </div>
      </Group>
      <Text size="sm" c="dimmed" mt="sm" style={{ flex: 1 }} lineClamp={4}>
        {app.description}
      </Text>
      <Text size="xs" c="dimmed" mt="sm">
        {app.latest.engine.title} · published {formatAgo(app.latest.publishedAt, Date.now())}
      </Text>
      <Group mt="sm" gap={6} wrap="nowrap">
        <Button
          component={Link}
          href={pathTo('launch', { app: app.name, version: 'latest' })}
          leftSection={<Icon name="play" size={15} />}
          flex={1}
          aria-label={`Launch ${app.title}`}
        >
          Launch
        </Button>
        {others.length > 0 && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="default" size={36} aria-label={`Other versions of ${app.title}`}>
                <Icon name="down" />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>Launch an earlier version</Menu.Label>
              {others.map(({ id, version, publishedAt }) => (
                <Menu.Item
                  key={id}
                  onClick={() => navigate(pathTo('launch', { app: app.name, version }))}
                  rightSection={
                    <Text size="xs" c="dimmed">
                      {formatAgo(publishedAt, Date.now())}
                    </Text>
                  }
                >
                  {version}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
    </Card>
  );
};

/** Sessions that are still open: one goes on where one left. */
const Open = () => {
  const me = useMe();
  const [{ data }] = useLive(SessionsDocument, { state: 'READY' });
  const mine = data?.sessions.nodes.filter(({ owner }) => owner.id === me.id).slice(0, 4) ?? [];
  return mine.length === 0 ? null : (
    <Card>
      <Group gap="lg">
        <Text size="sm" fw={600}>
          Go on where you left
        </Text>
        {mine.map(({ id, app, requestedAt, state }) => (
          <Group key={id} gap={6}>
            <StatePill state={state} />
            <Anchor component={Link} href={pathTo('session', { id })} size="sm">
              {app.title}
            </Anchor>
            <Text size="xs" c="dimmed">
              {formatAgo(requestedAt, Date.now())}
            </Text>
          </Group>
        ))}
      </Group>
    </Card>
  );
};

const NothingPublished = () => (
  <Empty icon="apps" title="No apps are published here yet">
    <Stack gap="sm" mt="xs">
      An app is a folder with a model and its data. Pack it, publish it, and it appears here:
      <Command>{'npx openpro app pack ./my-app\nnpx openpro app publish my-app.app'}</Command>
    </Stack>
  </Empty>
);

export const Apps = () => {
  const [filters, setFilters] = useFilters();
  const search = filters.get('search') ?? '';
  const [{ data, error }, again] = useLive(AppsDocument, { search: useDeferredValue(search) || null });
  const apps = data?.apps.nodes ?? [];
  useEffect(() => {
    // Whoever looks at the apps will open one: its page is here by then.
    void import('../session/session.js');
    void import('../charts/us-map.js');
  }, []);
  return (
    <Page
      title="Apps"
      help="Open an app, look at its data, change it, and press Run. Nobody else sees your changes until you save a case."
      actions={
        <TextInput
          aria-label="Search apps"
          placeholder="Search apps"
          leftSection={<Icon name="search" size={16} />}
          value={search}
          onChange={({ currentTarget }) => setFilters({ search: currentTarget.value })}
        />
      }
    >
      <Open />
      {error && !data && <Problem error={error} again={again} />}
      {!data && !error && <Loading />}
      {data &&
        apps.length === 0 &&
        (search ? <Empty icon="search" title={`No app matches "${search}"`} /> : <NothingPublished />)}
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 3, xl: 4 }}>
        {apps.map((app) => (
          <Tile key={app.name} app={app} />
        ))}
      </SimpleGrid>
      {data?.apps.pageInfo.hasNextPage && (
        <Text size="sm" c="dimmed">
          These are the first 50 by name: search to find others.
        </Text>
      )}
    </Page>
  );
};
