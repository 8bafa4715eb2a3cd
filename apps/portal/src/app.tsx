import { Button, Center, Group, Loader, Stack, Text } from '@mantine/core';
import { type ComponentType, lazy, Suspense, useEffect } from 'react';
import { goLive, signedOut, useLive } from './api.js';
import { isSignedOut } from './answers.js';
import { MeDocument } from './generated/graphql.js';
import { MeContext } from './me.js';
import { Apps } from './pages/apps.js';
import { Launch } from './pages/launch.js';
import { SignIn, SignInNeeded } from './pages/sign-in.js';
import { usePath } from './router.js';
import { type RouteName, routeOf } from './routes.js';
import { Shell } from './shell.js';
import { useStore } from './store.js';
import { Loading, NotThere } from './ui/bits.js';
import { Icon, Logo } from './ui/icons.js';

type PageProps = { readonly params: Readonly<Record<string, string>> };

const PAGES: Record<Exclude<RouteName, 'signIn'>, ComponentType<PageProps>> = {
  apps: Apps,
  launch: Launch,
  sessions: lazy(() => import('./pages/sessions.js').then((m) => ({ default: m.Sessions }))),
  session: lazy(() => import('./session/session.js').then((m) => ({ default: m.SessionPage }))),
  jobs: lazy(() => import('./pages/jobs.js').then((m) => ({ default: m.Jobs }))),
  job: lazy(() => import('./pages/job.js').then((m) => ({ default: m.JobPage }))),
  batches: lazy(() => import('./pages/batches.js').then((m) => ({ default: m.Batches }))),
  batch: lazy(() => import('./pages/batch.js').then((m) => ({ default: m.BatchPage }))),
  schedules: lazy(() => import('./pages/schedules.js').then((m) => ({ default: m.Schedules }))),
  schedule: lazy(() => import('./pages/schedule.js').then((m) => ({ default: m.SchedulePage }))),
  cases: lazy(() => import('./pages/cases.js').then((m) => ({ default: m.Cases }))),
  case: lazy(() => import('./pages/case.js').then((m) => ({ default: m.CasePage }))),
  storage: lazy(() => import('./pages/storage.js').then((m) => ({ default: m.StoragePage }))),
  engines: lazy(() => import('./pages/engines.js').then((m) => ({ default: m.Engines }))),
  nodes: lazy(() => import('./pages/cluster.js').then((m) => ({ default: m.Cluster }))),
  licences: lazy(() => import('./pages/licences.js').then((m) => ({ default: m.Licences }))),
  queue: lazy(() => import('./pages/queue.js').then((m) => ({ default: m.Queue }))),
  events: lazy(() => import('./pages/events.js').then((m) => ({ default: m.Events }))),
  users: lazy(() => import('./pages/users.js').then((m) => ({ default: m.Users }))),
  statistics: lazy(() => import('./pages/statistics.js').then((m) => ({ default: m.StatisticsPage }))),
};

const RETRY_MS = 3000;

const Unreachable = ({ again }: { again: () => void }) => {
  useEffect(() => {
    const timer = setInterval(again, RETRY_MS);
    return () => clearInterval(timer);
  }, [again]);
  return (
    <Center mih="80vh" p="md">
      <Stack align="center" gap="sm" role="alert">
        <Logo size={48} />
        <Text fw={600}>The server does not answer</Text>
        <Text size="sm" c="dimmed" ta="center">
          This page goes on by itself as soon as it is back. On the server, <b>npm start</b> starts it.
        </Text>
        <Group gap="xs">
          <Loader size="xs" />
          <Button variant="subtle" size="xs" leftSection={<Icon name="redo" size={14} />} onClick={again}>
            Try now
          </Button>
        </Group>
      </Stack>
    </Center>
  );
};

const SignedIn = () => {
  const [{ data, error }, repeat] = useLive(MeDocument, {});
  const path = usePath();
  const out = useStore(signedOut);
  const here = data !== undefined;
  useEffect(() => {
    if (here) goLive();
  }, [here]);
  if (out || isSignedOut(error)) return <SignInNeeded />;
  if (error && !data) return <Unreachable again={() => repeat({ requestPolicy: 'network-only' })} />;
  if (!data) return <Loading what="Opening OpenPRO" />;
  const route = routeOf(path);
  const Shown = route && route.name !== 'signIn' ? PAGES[route.name] : null;
  return (
    <MeContext value={{ ...data.me, platform: data.platform.version }}>
      <Shell current={route?.name ?? null}>
        <Suspense fallback={<Loading />}>
          {Shown && route ? <Shown key={path} params={route.params} /> : <NotThere what="page" />}
        </Suspense>
      </Shell>
    </MeContext>
  );
};

export const App = () => (usePath() === '/sign-in' ? <SignIn /> : <SignedIn />);
