import { Anchor, Button, Text } from '@mantine/core';
import { useState } from 'react';
import { useLive } from '../api.js';
import { CasePageDocument } from '../generated/graphql.js';
import { isAdministrator, useMe } from '../me.js';
import { Link, navigate } from '../router.js';
import { pathTo } from '../routes.js';
import { Ago, Loading, NotThere, Page, Problem, Section } from '../ui/bits.js';
import { CaseTables } from '../ui/case-tables.js';
import { Icon } from '../ui/icons.js';
import { RemoveDialog } from '../ui/remove-dialog.js';

export const CasePage = ({ params: { id = '' } }: { params: Readonly<Record<string, string>> }) => {
  const me = useMe();
  const [{ data, error }, again] = useLive(CasePageDocument, { id });
  const [asking, setAsking] = useState(false);
  if (error && !data) return <Problem error={error} again={again} />;
  if (!data) return <Loading />;
  if (!data.case) return <NotThere what="case" />;
  const { name, kind, app, version, owner, createdAt, job, digest } = data.case;
  return (
    <Page
      title={name}
      help={
        <>
          {kind} case of {app} {version} · {owner.name} · <Ago at={createdAt} /> ·{' '}
          <Text span inherit className="mono" title={digest}>
            {digest.slice(0, 12)}
          </Text>
        </>
      }
      actions={
        <>
          {job && (
            <Anchor component={Link} href={pathTo('job', { id: job })} size="sm">
              Its job
            </Anchor>
          )}
          <Button
            component={Link}
            href={`${pathTo('launch', { app, version })}?case=${encodeURIComponent(id)}`}
            leftSection={<Icon name="open" size={16} />}
          >
            Open in a new session
          </Button>
          {(owner.id === me.id || isAdministrator(me)) && (
            <Button
              variant="light"
              color="red"
              leftSection={<Icon name="close" size={16} />}
              onClick={() => setAsking(true)}
            >
              Remove
            </Button>
          )}
        </>
      }
    >
      {asking && (
        <RemoveDialog
          cases={[id]}
          uploads={[]}
          onClose={() => setAsking(false)}
          onGone={() => navigate(pathTo('cases'))}
        />
      )}
      <Section title="Data">
        <CaseTables id={id} />
      </Section>
    </Page>
  );
};
