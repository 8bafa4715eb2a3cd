import { Button, Group, Notification, Portal, Stack } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { store, useStore } from './store.js';

interface Notice {
  readonly id: number;
  readonly kind: 'done' | 'info' | 'problem';
  readonly title: string;
  readonly text?: ReactNode;
  readonly action?: { readonly label: string; readonly run: () => void };
  readonly onClose?: () => void;
}

const notices = store<readonly Notice[]>([]);
let last = 0;

const close = (notice: Notice) => {
  notices.set((now) => now.filter(({ id }) => id !== notice.id));
};

/** Says something at the lower edge. A problem stays until it is closed; the rest goes by itself. */
export const say = (notice: Omit<Notice, 'id'>): void => {
  const next = { ...notice, id: ++last };
  // The same words twice are one notice: a failing page must not fill the screen.
  notices.set((now) =>
    [...now.filter((other) => other.title !== next.title || other.text !== next.text), next].slice(-4),
  );
};

/** A problem with a way to try again; resolves to whether the user wants that. */
export const offerRetry = (title: string, text: string): Promise<boolean> =>
  new Promise((resolve) =>
    say({
      kind: 'problem',
      title,
      text,
      action: { label: 'Try again', run: () => resolve(true) },
      onClose: () => resolve(false),
    }),
  );

const COLORS = { done: 'teal', info: 'blue', problem: 'red' } as const;
const SHOWN_MS = 5000;

const Item = ({ notice }: { notice: Notice }) => {
  useEffect(() => {
    if (notice.kind === 'problem' || notice.action) return;
    const timer = setTimeout(() => close(notice), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  const { action } = notice;
  return (
    <Notification
      color={COLORS[notice.kind]}
      title={notice.title}
      withBorder
      role={notice.kind === 'problem' ? 'alert' : 'status'}
      closeButtonProps={{ 'aria-label': 'Close message' }}
      onClose={() => {
        notice.onClose?.();
        close(notice);
      }}
    >
      {notice.text}
      {action && (
        <Group mt="xs">
          <Button
            size="compact-sm"
            variant="light"
            onClick={() => {
              action.run();
              close(notice);
            }}
          >
            {action.label}
          </Button>
        </Group>
      )}
    </Notification>
  );
};

export const Notices = () => {
  const shown = useStore(notices);
  return (
    <Portal>
      <Stack className="notices" gap="xs" aria-live="polite">
        {shown.map((notice) => (
          <Item key={notice.id} notice={notice} />
        ))}
      </Stack>
    </Portal>
  );
};
