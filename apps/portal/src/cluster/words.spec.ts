import { describe, expect, it } from '@jest/globals';
import {
  drainConsequence,
  iconOf,
  mayDrain,
  removeConsequence,
  type Server,
  stateOf,
  workOf,
} from './words.js';

const server = (change: Partial<Server> = {}): Server => ({
  id: 'n1',
  name: 'server-1',
  state: 'joined',
  epoch: 1,
  leader: false,
  roles: ['portal', 'pro'],
  labels: [],
  version: '0.2.0',
  slots: 4,
  runningJobs: 0,
  sessions: 0,
  drain: null,
  joinedAt: 0,
  lastBeat: null,
  isolation: 'plain process',
  ...change,
});
const drain = { reason: '', until: 0 };

describe('what the page of the cluster says', () => {
  it('names states and work as people do', () => {
    expect(stateOf(server({ state: 'draining' }))).toEqual({ label: 'Draining', color: 'yellow' });
    expect(stateOf(server({ state: 'new kind' }))).toEqual({ label: 'new kind', color: 'gray' });
    expect(workOf(server())).toBe('');
    expect(workOf(server({ runningJobs: 2, sessions: 1 }))).toBe('2 jobs and 1 session');
    expect(iconOf('SomethingNew')).toBe('events');
  });

  it('offers a drain once, and not for one that has not joined', () => {
    expect(mayDrain(server())).toBe(true);
    expect(mayDrain(server({ state: 'dead' }))).toBe(true);
    expect(mayDrain(server({ state: 'draining', drain }))).toBe(false);
    expect(mayDrain(server({ state: 'invited' }))).toBe(false);
  });

  it('warns who drains the last server that takes work', () => {
    const one = server({ runningJobs: 1 });
    const front = server({ id: 'n2', roles: ['portal'] });
    const other = server({ id: 'n3' });
    expect(drainConsequence(one, [one, front]).join(' ')).toMatch(
      /^No other server takes work: new jobs wait/,
    );
    expect(drainConsequence(one, [one, front, other])).toEqual([
      'New jobs and sessions go to the other servers, also after a restart of this one.',
      expect.stringMatching(/^1 job on it may go on .* start again on another server/),
    ]);
    expect(drainConsequence(server(), [other])[1]).toBe('Nothing runs on it now.');
    const busy = server({ id: 'n4', state: 'draining', drain });
    expect(drainConsequence(one, [one, busy])[0]).toMatch(/^No other/);
  });

  it('says what a removal costs, and that a drain would save it', () => {
    const other = server({ id: 'n3' });
    expect(removeConsequence(server({ runningJobs: 2 }), [other])).toEqual({
      force: true,
      sentences: [
        'It leaves the cluster for ever: its id never joins again.',
        expect.stringMatching(/^2 jobs on it are cut off/),
        'Drain it first, and nothing is lost.',
      ],
    });
    const drained = server({ state: 'draining', drain });
    expect(removeConsequence(drained, [other])).toMatchObject({ force: false });
    expect(removeConsequence({ ...drained, sessions: 1 }, [other])).toMatchObject({ force: true });
    expect(removeConsequence(drained, [drained]).sentences[1]).toMatch(/^No other server takes work/);
    expect(removeConsequence(server({ state: 'dead' }), []).sentences).toHaveLength(1);
  });
});
