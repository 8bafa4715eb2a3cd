import { Anchor, Card, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { refusalText } from '../answers.js';
import { send } from '../commands.js';
import { LaunchSessionDocument } from '../generated/graphql.js';
import { Link, navigate } from '../router.js';
import { pathTo } from '../routes.js';
import { Loading } from '../ui/bits.js';
import { Icon } from '../ui/icons.js';

const isLatest = (version: string | undefined) => version?.toLowerCase() === 'latest';

/** `/launch/App/latest?case=…` opens a session and goes on to it; links of this form are there to be shared. */
export const Launch = ({ params }: { params: Readonly<Record<string, string>> }) => {
  const { app = '', version } = params;
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let here = true;
    void send(LaunchSessionDocument, { app, ...(version && !isLatest(version) ? { version } : {}) }).then(
      (outcome) => {
        if (!here) return;
        if (outcome.is === 'done')
          navigate(pathTo('session', { id: outcome.value.id }) + location.search, { replace: true });
        else setProblem(outcome.is === 'refused' ? refusalText(outcome.refusal) : outcome.message);
      },
    );
    return () => {
      here = false;
    };
  }, [app, version]);

  return problem === null ? (
    <Loading what={`Opening ${app}`} />
  ) : (
    <Card maw={560} mx="auto" mt="xl" role="alert">
      <Stack gap="xs">
        <Text fw={600}>
          <Icon name="warning" /> {app} {version} could not be opened
        </Text>
        <Text size="sm">{problem}</Text>
        <Anchor component={Link} href="/" size="sm">
          All apps
        </Anchor>
      </Stack>
    </Card>
  );
};
