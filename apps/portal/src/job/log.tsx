import { Anchor, Button, Group, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { reader } from '../api.js';
import { JobLogDocument } from '../generated/graphql.js';
import { keepTail } from './progress.js';

/** A log of one attempt: read on from where it was, whenever `poke` says that there may be more. */
const useLog = (job: string, attempt: number, poke: unknown) => {
  const [text, setText] = useState('');
  const state = useRef({ offset: 0, reading: false, again: false, gone: false }).current;
  useEffect(() => {
    state.gone = false;
    return () => {
      state.gone = true;
    };
  }, [state]);
  useEffect(() => {
    state.again = true;
    if (state.reading) return;
    state.reading = true;
    const read = async () => {
      while (state.again && !state.gone) {
        state.again = false;
        const { data } = await reader
          .query(JobLogDocument, { id: job, attempt, offset: state.offset })
          .toPromise();
        const page = data?.job?.log;
        if (!page || page.nextOffset <= state.offset) continue;
        state.offset = page.nextOffset;
        state.again = true;
        setText((before) => keepTail(before + page.text));
      }
      state.reading = false;
    };
    void read();
  }, [job, attempt, poke, state]);
  return text;
};

/** Follows its end until the user scrolls up, and again once he is back at the end. */
export const Log = ({ job, attempt, poke }: { job: string; attempt: number; poke: unknown }) => {
  const text = useLog(job, attempt, poke);
  const box = useRef<HTMLPreElement>(null);
  const [following, setFollowing] = useState(true);
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text, following]);
  return (
    <>
      <pre
        ref={box}
        className="log"
        tabIndex={0}
        aria-label="Log"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
          setFollowing(scrollHeight - scrollTop - clientHeight < 24)
        }
      >
        {text || 'Nothing has been written yet.'}
      </pre>
      <Group justify="space-between" mt={6}>
        <Text size="xs" c="dimmed">
          {following ? 'Follows the end' : 'Stopped following because you scrolled up'}
        </Text>
        <Group gap="xs">
          {!following && (
            <Button size="compact-xs" variant="light" onClick={() => setFollowing(true)}>
              Follow again
            </Button>
          )}
          <Anchor size="xs" href={`/api/jobs/${job}/log?attempt=${attempt}`} target="_blank">
            Whole log as text
          </Anchor>
        </Group>
      </Group>
    </>
  );
};
