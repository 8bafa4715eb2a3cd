import { count } from '../format.js';
import type { NodeFieldsFragment } from '../generated/graphql.js';
import type { IconName } from '../ui/icons.js';

export type Server = NodeFieldsFragment;

const STATES: Record<string, { readonly label: string; readonly color: string }> = {
  invited: { label: 'Invited', color: 'blue' },
  joined: { label: 'Joined', color: 'green' },
  suspected: { label: 'Silent', color: 'orange' },
  draining: { label: 'Draining', color: 'yellow' },
  dead: { label: 'Dead', color: 'red' },
  left: { label: 'Left', color: 'gray' },
  removed: { label: 'Removed', color: 'gray' },
};

export const stateOf = ({ state }: Pick<Server, 'state'>): { label: string; color: string } =>
  STATES[state] ?? { label: state, color: 'gray' };

export const mayDrain = ({ state, drain }: Server): boolean => drain === null && state !== 'invited';

export const runs = ({ state }: Pick<Server, 'state'>): boolean =>
  ['joined', 'suspected', 'draining'].includes(state);

const takesWork = ({ state, roles }: Server): boolean => state === 'joined' && roles.includes('pro');

/** "2 jobs and 1 session"; empty when nothing is there. */
export const workOf = ({ runningJobs, sessions }: Pick<Server, 'runningJobs' | 'sessions'>): string =>
  [
    ...(runningJobs > 0 ? [count(runningJobs, 'job')] : []),
    ...(sessions > 0 ? [count(sessions, 'session')] : []),
  ].join(' and ');

const othersThatWork = (server: Server, all: readonly Server[]): number =>
  all.filter((other) => other.id !== server.id && takesWork(other)).length;

/** What draining means now, sentence by sentence. */
export const drainConsequence = (server: Server, all: readonly Server[]): readonly string[] => {
  const work = workOf(server);
  const others = othersThatWork(server, all);
  return [
    others > 0
      ? 'New jobs and sessions go to the other servers, also after a restart of this one.'
      : 'No other server takes work: new jobs wait, and no app can be opened, until it is resumed.',
    work === ''
      ? 'Nothing runs on it now.'
      : `${work} on it may go on for the grace time. Jobs that still run then start again ${others > 0 ? 'on another server' : 'when a server takes work'}, and no attempt is charged; sessions end.`,
  ];
};

export const removeConsequence = (
  server: Server,
  all: readonly Server[],
): { readonly sentences: readonly string[]; readonly force: boolean } => {
  const work = workOf(server);
  const force = runs(server) && (server.state !== 'draining' || work !== '');
  const lost =
    work === ''
      ? 'Nothing runs on it now.'
      : `${work} on it are cut off: jobs start again elsewhere with one attempt charged, sessions end.`;
  return {
    force,
    sentences: [
      'It leaves the cluster for ever: its id never joins again.',
      ...(runs(server) && othersThatWork(server, all) === 0
        ? ['No other server takes work: nothing can run until another one joins.']
        : []),
      ...(runs(server) ? [lost] : []),
      ...(force ? ['Drain it first, and nothing is lost.'] : []),
    ],
  };
};

const ICONS: Record<string, IconName> = {
  NodeInvited: 'link',
  NodeAdmitted: 'check',
  NodeJoined: 'nodes',
  NodeDeclaredDead: 'warning',
  NodeLeft: 'exit',
  NodeDrainStarted: 'pause',
  NodeResumed: 'play',
  NodeRemoved: 'close',
  LeaderElected: 'user',
  JobStarted: 'jobs',
  JobRequeued: 'undo',
  JobAbandoned: 'warning',
  SessionPlaced: 'undo',
  SessionEnded: 'sessions',
};

export const iconOf = (type: string): IconName => ICONS[type] ?? 'events';

/** What a reader should see first. */
export const isAlarm = (type: string): boolean => type === 'NodeDeclaredDead' || type === 'JobAbandoned';
