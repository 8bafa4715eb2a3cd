import { ActionIcon, Anchor, Button, Card, Grid, Group, Stack, Text, Title, Tooltip } from '@mantine/core';
import { useEffect, useMemo, useState } from 'react';
import { command } from '../commands.js';
import { EndSessionDocument, type SessionPageQuery, type SessionRowFragment } from '../generated/graphql.js';
import { Link, navigate, useFilters } from '../router.js';
import { pathTo } from '../routes.js';
import { useStore } from '../store.js';
import { Confirm, Loading, NotThere, Problem, StatePill } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';
import { CasesMenu, loadCase } from './cases-menu.js';
import type { SessionData } from './data.js';
import { InputGroup } from './inputs.js';
import { LaunchSteps } from './launch-steps.js';
import { OpenAgain, useCanOpenAgain } from './open-again.js';
import { endReasonText, groupsOf, inputsOf, resultsOf } from './layout.js';
import { mapLayers } from './map-data.js';
import { MapCard } from './map.js';
import { Details, Figures } from './results.js';
import { DataButton, RunButton } from './run.js';
import { PastJobs, ShownJob, useSessionJobs } from './session-jobs.js';
import { useSession } from './use-session.js';

type Interface = NonNullable<NonNullable<SessionPageQuery['session']>['interface']>;

const UndoButtons = ({ data }: { data: SessionData }) => {
  const { done, undone } = useStore(data.history);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // Inside a text field the browser's own undo is meant.
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
      event.preventDefault();
      void data.step(event.shiftKey ? 1 : -1);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [data]);
  const button = (name: 'undo' | 'redo', direction: -1 | 1, last: { label: string } | undefined) => (
    <Tooltip label={last ? `${name === 'undo' ? 'Undo' : 'Redo'}: ${last.label}` : `Nothing to ${name}`}>
      <ActionIcon
        variant="default"
        size={36}
        aria-label={name === 'undo' ? 'Undo the last change' : 'Redo'}
        aria-disabled={!last}
        {...(last ? {} : { 'data-disabled': true })}
        onClick={() => void data.step(direction)}
      >
        <Icon name={name} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <Group gap={4} wrap="nowrap">
      {button('undo', -1, done.at(-1))}
      {button('redo', 1, undone.at(-1))}
    </Group>
  );
};

const EndButton = ({ session }: { session: SessionRowFragment }) => {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Tooltip label="End this session">
        <ActionIcon variant="default" size={36} aria-label="End this session" onClick={() => setAsking(true)}>
          <Icon name="exit" />
        </ActionIcon>
      </Tooltip>
      {asking && (
        <Confirm
          title={`End ${session.app.title}?`}
          consequence="Its data is kept as it was a moment ago: you can open it again from the list of sessions. Jobs that were submitted from it go on."
          yes="End the session"
          danger
          onClose={() => setAsking(false)}
          onYes={() => command(EndSessionDocument, { id: session.id })}
        />
      )}
    </>
  );
};

/** The case that the launch address named, loaded once the session is ready. */
const useWantedCase = (session: string, data: SessionData) => {
  const [filters, setFilters] = useFilters();
  const wanted = filters.get('case');
  useEffect(() => {
    if (wanted === null) return;
    setFilters({ case: null });
    void loadCase(session, wanted, 'The case is what this session shows now', data);
  }, [wanted, session, data, setFilters]);
};

/** The page of an app, made from what its interface says of itself. */
const AppPage = ({
  session,
  app,
  data,
}: {
  session: SessionRowFragment;
  app: Interface;
  data: SessionData;
}) => {
  const jobs = useSessionJobs(session.id);
  const [chosen, setChosen] = useState<string | null>(null);
  useWantedCase(session.id, data);
  const inputs = useMemo(() => groupsOf(inputsOf(app.identifiers), 'Inputs'), [app]);
  const results = useMemo(() => resultsOf(app.identifiers), [app]);
  const layers = useMemo(() => mapLayers(app.identifiers), [app]);
  const procedures = (where: string) => app.procedures.filter((procedure) => procedure.where === where);
  const [newest] = jobs.rows;
  const shown = chosen ?? newest?.id;
  return (
    <>
      <div className="bar">
        <Group justify="space-between" gap="xs">
          <Group gap="xs">
            <Title order={1}>{session.app.title}</Title>
            <Text size="sm" c="dimmed">
              {session.app.version}
            </Text>
            <Tooltip label={`Waited ${session.waited}`} disabled={session.waited === null}>
              <span>
                <StatePill state={session.state} />
              </span>
            </Tooltip>
          </Group>
          <Group gap="xs">
            <UndoButtons data={data} />
            {procedures('data').map((procedure) => (
              <DataButton key={procedure.name} session={session.id} procedure={procedure} data={data} />
            ))}
            <CasesMenu session={session.id} app={session.app.name} data={data} />
            {procedures('optimization').map((procedure) => (
              <RunButton
                key={procedure.name}
                session={session.id}
                app={session.app}
                procedure={procedure}
                data={data}
                onJob={(id) => {
                  setChosen(id);
                  jobs.again();
                }}
              />
            ))}
            <EndButton session={session} />
          </Group>
        </Group>
      </div>
      <Grid>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack>
            {inputs.map((group) => (
              <InputGroup key={group.title} group={group} data={data} />
            ))}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack>
            {shown && <ShownJob key={shown} id={shown} />}
            <Figures identifiers={results.filter(({ kind }) => kind === 'output')} data={data} />
            {layers && <MapCard layers={layers} data={data} />}
            <Figures identifiers={results.filter(({ kind }) => kind === 'derived')} data={data} />
            <Details identifiers={results} data={data} />
            {jobs.rows.length > 0 && <PastJobs session={session.id} jobs={jobs.rows} data={data} />}
          </Stack>
        </Grid.Col>
      </Grid>
    </>
  );
};

/** What is left of a session, and how to go on. */
const Ended = ({ session }: { session: SessionRowFragment }) => {
  const canOpenAgain = useCanOpenAgain(session);
  return (
    <Card maw={560} mx="auto" mt="xl">
      <Stack gap="sm">
        <Title order={1}>{session.app.title}: this session has ended</Title>
        {session.endReason && <Text size="sm">{endReasonText(session.endReason)}</Text>}
        {session.waited && (
          <Text size="sm" c="dimmed">
            Waited {session.waited}.
          </Text>
        )}
        <Text size="sm" c="dimmed">
          Its jobs and saved cases are still there.
        </Text>
        {canOpenAgain && <OpenAgain session={session} />}
        <Group>
          <Button
            variant={canOpenAgain ? 'default' : 'filled'}
            onClick={() => navigate(pathTo('launch', { app: session.app.name, version: 'latest' }))}
          >
            Launch it again
          </Button>
          <Anchor component={Link} href={pathTo('jobs')} size="sm">
            Jobs
          </Anchor>
          <Anchor component={Link} href={pathTo('cases')} size="sm">
            Cases
          </Anchor>
        </Group>
      </Stack>
    </Card>
  );
};

export const SessionPage = ({ params: { id = '' } }: { params: Readonly<Record<string, string>> }) => {
  const { session, app, data, error, again } = useSession(id);
  if (error) return <Problem error={error} again={again} />;
  if (session === undefined) return <Loading what="Opening the session" />;
  if (session === null) return <NotThere what="session" />;
  if (session.state === 'ENDED') return <Ended session={session} />;
  if (session.state !== 'READY' || !app) return <LaunchSteps session={session} />;
  return <AppPage session={session} app={app} data={data} />;
};
