import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  CopyButton,
  Group,
  Menu,
  Modal,
  Stack,
  Text,
  TextInput,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type ReactNode, useEffect, useState } from 'react';
import { connection, signedOut } from './api.js';
import { command } from './commands.js';
import { formatTime } from './format.js';
import { IssueSignInLinkDocument, SignOutDocument } from './generated/graphql.js';
import { isOverseer, useMe } from './me.js';
import { Link, usePath } from './router.js';
import { pathTo, type RouteName } from './routes.js';
import { useStore } from './store.js';
import { Icon, type IconName, Logo } from './ui/icons.js';

interface Entry {
  readonly to: RouteName;
  readonly label: string;
  readonly icon: IconName;
  /** Pages that belong under it. */
  readonly also?: RouteName;
  readonly overseersOnly?: boolean;
}

const NAVIGATION: readonly { readonly heading: string; readonly entries: readonly Entry[] }[] = [
  {
    heading: 'Use',
    entries: [
      { to: 'apps', label: 'Apps', icon: 'apps', also: 'launch' },
      { to: 'sessions', label: 'Sessions', icon: 'sessions', also: 'session' },
      { to: 'jobs', label: 'Jobs', icon: 'jobs', also: 'job' },
      { to: 'batches', label: 'Batches', icon: 'batches', also: 'batch' },
      { to: 'schedules', label: 'Schedules', icon: 'clock', also: 'schedule' },
      { to: 'cases', label: 'Cases', icon: 'cases', also: 'case' },
      { to: 'storage', label: 'Storage', icon: 'save' },
    ],
  },
  { heading: 'Build', entries: [{ to: 'engines', label: 'Engines', icon: 'engines' }] },
  {
    heading: 'Run',
    entries: [
      { to: 'nodes', label: 'Cluster', icon: 'nodes' },
      { to: 'licences', label: 'Licences', icon: 'licences', overseersOnly: true },
      { to: 'queue', label: 'Queue', icon: 'queue', overseersOnly: true },
      { to: 'statistics', label: 'Statistics', icon: 'statistics' },
      { to: 'users', label: 'Users', icon: 'users', overseersOnly: true },
      { to: 'events', label: 'Events', icon: 'events', overseersOnly: true },
    ],
  },
];

const Navigation = ({ current, onGo }: { current: RouteName | null; onGo: () => void }) => {
  const me = useMe();
  return (
    <Stack gap={2} component="nav" aria-label="Main">
      {NAVIGATION.map(({ heading, entries }) => {
        const shown = entries.filter(({ overseersOnly }) => !overseersOnly || isOverseer(me));
        return shown.length === 0 ? null : (
          <div key={heading}>
            <div className="nav-heading">{heading}</div>
            {shown.map(({ to, label, icon, also }) => (
              <Link
                key={to}
                href={pathTo(to)}
                className="nav-link"
                onClick={onGo}
                {...(current === to || current === also ? { 'aria-current': 'page' as const } : {})}
              >
                <Icon name={icon} />
                {label}
              </Link>
            ))}
          </div>
        );
      })}
    </Stack>
  );
};

const SchemeToggle = () => {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const label = dark ? 'Light colours' : 'Dark colours';
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(dark ? 'light' : 'dark')}
      >
        <Icon name={dark ? 'sun' : 'moon'} />
      </ActionIcon>
    </Tooltip>
  );
};

type SignInLink = { readonly url: string; readonly expiresAt: number };

const DeviceLink = ({ link, onClose }: { link: SignInLink; onClose: () => void }) => (
  <Modal opened onClose={onClose} title={<Text fw={600}>Sign in on another device</Text>}>
    <Stack gap="sm">
      <Text size="sm">
        Open this link there. It signs in as you, once, until {formatTime(link.expiresAt, Date.now())}.
        Whoever has it is you: do not pass it on.
      </Text>
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <TextInput
          flex={1}
          label="One-time link"
          readOnly
          value={link.url}
          onFocus={(event) => event.target.select()}
        />
        <CopyButton value={link.url}>
          {({ copied, copy }) => (
            <Button onClick={copy} leftSection={<Icon name={copied ? 'check' : 'copy'} size={16} />}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Stack>
  </Modal>
);

const UserMenu = () => {
  const me = useMe();
  const [link, setLink] = useState<SignInLink | null>(null);
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button variant="subtle" color="gray" leftSection={<Icon name="user" />} px="xs">
            {me.name}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {[me.environment, me.roles.join(', '), me.groups.join(', ')].filter(Boolean).join(' · ')}
          </Menu.Label>
          <Menu.Item
            leftSection={<Icon name="link" size={16} />}
            onClick={async () => setLink(await command(IssueSignInLinkDocument, {}))}
          >
            Sign-in link for another device
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            leftSection={<Icon name="exit" size={16} />}
            onClick={async () => {
              if (await command(SignOutDocument, {})) signedOut.set(true);
            }}
          >
            Sign out
          </Menu.Item>
          <Menu.Label>OpenPRO {me.platform}</Menu.Label>
        </Menu.Dropdown>
      </Menu>
      {link && <DeviceLink link={link} onClose={() => setLink(null)} />}
    </>
  );
};

const ConnectionBanner = () =>
  useStore(connection).state !== 'offline' ? null : (
    <div className="banner" role="alert">
      <Icon name="warning" />
      <span>
        <b>No connection to the server.</b> Trying again by itself; what you see may be out of date.
      </span>
    </div>
  );

export const Shell = ({ current, children }: { current: RouteName | null; children: ReactNode }) => {
  const [opened, { toggle, close }] = useDisclosure(false);
  const path = usePath();
  useEffect(() => close(), [path, close]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
      transitionDuration={0}
    >
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Link
              href="/"
              style={{
                display: 'flex',
                alignItems: 'center',
                gap: 10,
                color: 'inherit',
                textDecoration: 'none',
              }}
            >
              <Logo />
              <Text fw={700} size="lg">
                OpenPRO
              </Text>
            </Link>
          </Group>
          <Group gap={4} wrap="nowrap">
            <SchemeToggle />
            <UserMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        <Navigation current={current} onGo={close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} style={{ outline: 'none' }}>
        <ConnectionBanner />
        {children}
      </AppShell.Main>
    </AppShell>
  );
};
