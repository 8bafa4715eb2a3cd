import { Button, type ButtonProps } from '@mantine/core';
import { useState } from 'react';
import { command } from '../commands.js';
import { LaunchSessionDocument, type SessionRowFragment } from '../generated/graphql.js';
import { useMe } from '../me.js';
import { navigate } from '../router.js';
import { pathTo } from '../routes.js';
import { savedText } from './layout.js';

/** Whether there is data of a session of mine to go on with. */
export const useCanOpenAgain = ({ state, savedAt, owner }: SessionRowFragment): boolean => {
  const me = useMe();
  return state === 'ENDED' && savedAt !== null && owner.id === me.id;
};

/** Opens a session that has ended anew, with the data that was kept of it, on whichever server there is. */
export const OpenAgain = ({
  session,
  short = false,
  ...button
}: ButtonProps & { session: SessionRowFragment; short?: boolean }) => {
  const [opening, setOpening] = useState(false);
  const open = async () => {
    setOpening(true);
    const opened = await command(LaunchSessionDocument, { app: session.app.name, restore: session.id });
    setOpening(false);
    if (opened) navigate(pathTo('session', { id: opened.id }));
  };
  const text = `Open again with the last saved data (${savedText(session)})`;
  return (
    <Button {...button} loading={opening} title={text} aria-label={text} onClick={() => void open()}>
      {short ? 'Open again' : text}
    </Button>
  );
};
