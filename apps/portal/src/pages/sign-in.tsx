import { Anchor, Card, Center, List, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { safeReturn } from '../routes.js';
import { Command, Loading } from '../ui/bits.js';
import { Logo } from '../ui/icons.js';

const RETURN_TO = 'openpro:return-to';

type Refused = { readonly title: string; readonly text: string };

const USED: Refused = {
  title: 'This link no longer works',
  text: 'A sign-in link works once, for a short time. This one has been used or has expired.',
};

/** A link is spent by its first use: asked once per page load, however often React renders. */
let asked: Promise<Refused | null> | null = null;

const signIn = async (token: string): Promise<Refused | null> => {
  try {
    const response = await fetch('/api/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, client: 'browser' }),
    });
    if (response.ok) return null;
    if (response.status === 429)
      return { title: 'Too many attempts', text: 'Wait a minute, then open the link again.' };
    return response.status >= 500
      ? {
          title: 'The server has a problem',
          text: `It answered with status ${response.status}. Open the link again in a moment.`,
        }
      : USED;
  } catch {
    return {
      title: 'The server does not answer',
      text: 'The link has not been used: open it again once the server runs.',
    };
  }
};

const HowToGetALink = () => (
  <Stack gap="xs">
    <Text size="sm">OpenPRO signs you in by a one-time link. To get one:</Text>
    <List size="sm" spacing="sm" type="ordered">
      <List.Item>
        On the computer that runs the server, ask for one in a terminal (a restart of the server prints one
        too):
        <Command>npx openpro login --link</Command>
      </List.Item>
      <List.Item>
        Where you or an administrator is signed in: the menu under the name,{' '}
        <b>Sign-in link for another device</b>.
      </List.Item>
    </List>
  </Stack>
);

const Front = ({ title, text, children }: Refused & { children?: ReactNode }) => (
  <Center mih="90vh" p="md" component="main">
    <Card w="min(480px, 100%)" padding="xl" radius="lg">
      <Stack gap="md">
        <Logo size={44} />
        <div>
          <Title order={1}>{title}</Title>
          <Text c="dimmed">{text}</Text>
        </div>
        <HowToGetALink />
        {children}
      </Stack>
    </Card>
  </Center>
);

/** Shown in place of any page while nobody is signed in; remembers where the user wanted to go. */
export const SignInNeeded = () => {
  useEffect(() => {
    localStorage.setItem(RETURN_TO, location.pathname + location.search);
  }, []);
  return <Front title="Sign in" text="You are not signed in here, or your sign-in has ended." />;
};

/** `/sign-in#token`: the part after # never reaches a server's log. */
export const SignIn = () => {
  const [refused, setRefused] = useState<Refused | null>(null);
  useEffect(() => {
    const token = location.hash.slice(1);
    if (!token) return setRefused({ title: 'Sign in', text: 'This address needs a one-time link.' });
    asked ??= signIn(token);
    void asked.then((problem) => {
      if (problem) {
        history.replaceState(null, '', problem === USED ? '/sign-in' : location.href);
        return setRefused(problem);
      }
      const wanted = safeReturn(localStorage.getItem(RETURN_TO));
      localStorage.removeItem(RETURN_TO);
      // A fresh start: nothing of an earlier user stays in memory, and the token leaves the history.
      location.replace(wanted);
    });
  }, []);
  if (!refused) return <Loading what="Signing you in" />;
  return (
    <Front {...refused}>
      {refused === USED && (
        <Anchor href="/" size="sm">
          I am signed in already
        </Anchor>
      )}
    </Front>
  );
};
