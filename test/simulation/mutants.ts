import type { AnyProcess } from '../../libs/eventstore/src/reactions.js';
import type { JobCommand, JobEvent, Job } from '../../libs/jobs/src/job.js';
import type { Licence } from '../../libs/licensing/src/licence.js';
import type { Decider } from '../../libs/kernel/src/index.js';
import type { AnyAggregate } from './bus.js';

/** A planted bug: what of the real parts is replaced, or played wrong. */
export interface Mutant {
  readonly aggregate?: (real: AnyAggregate) => AnyAggregate;
  readonly process?: (real: AnyProcess) => AnyProcess;
  /** An outbox that sends each command once and takes it for done. */
  readonly sendOnce?: boolean;
  /** A process whose checkpoint is written before its states and commands. */
  readonly checkpointFirst?: boolean;
  /** A handler that does not know which commands a stream has seen. */
  readonly forgetsCommands?: boolean;
  /** A log that takes an append at any version. */
  readonly anyVersion?: boolean;
  /** A log that takes what a former leader still had on its way. */
  readonly fencesNobody?: boolean;
  /** A leader that, stopped for long, counts the time in which it saw nothing as silence of the others. */
  readonly believesLateLooks?: boolean;
  /** A new leader that follows the log from the newest of the read model's checkpoints. */
  readonly believesNewest?: boolean;
}

type JobDecider = Decider<Job, JobCommand, JobEvent>;

const jobThat = (change: (real: JobDecider) => Partial<JobDecider>): Mutant => ({
  aggregate: (real) => {
    if (real.name !== 'job') return real;
    const decider = real.decider as unknown as JobDecider;
    return { ...real, decider: { ...decider, ...change(decider) } as unknown as AnyAggregate['decider'] };
  },
});

const processThat = (name: string, react: (real: AnyProcess) => AnyProcess['react']): Mutant => ({
  process: (real) => (real.name === name ? { ...real, react: react(real) } : real),
});

const forgetsTheDead = (name: string): Mutant =>
  processThat(name, (real) => (state, recorded) => {
    const reaction = real.react(state, recorded);
    const dead = recorded.event.type === 'NodeDeclaredDead' || recorded.event.type === 'NodeLeft';
    return dead ? { ...reaction, state: undefined } : reaction;
  });

const keepsItsSeat = (name: string, end: string): Mutant =>
  processThat(name, (real) => (state, recorded) => {
    const reaction = real.react(state, recorded);
    return recorded.event.type === end ? { ...reaction, commands: [] } : reaction;
  });

export const MUTANTS: { readonly [name: string]: Mutant } = {
  'completion by id only': jobThat(({ decide }) => ({
    decide: (command, job) => {
      if (command.type !== 'CompleteJob' || job.is !== 'running') return decide(command, job);
      const { attempt, node, nodeEpoch } = command;
      return decide(command, { ...job, attempt, node, nodeEpoch });
    },
  })),
  'completion of an ended job': jobThat(({ decide, evolve }) => ({
    decide: (command, job) => decide(command, job),
    evolve: (job, event) => (event.type === 'JobCompleted' ? job : evolve(job, event)),
  })),
  'retry counter forgotten': jobThat(({ evolve }) => ({
    evolve: (job, event) => {
      const next = evolve(job, event);
      return next.is === 'queued' ? { ...next, nodeLost: 0 } : next;
    },
  })),
  'drain charged as a loss': jobThat(({ decide }) => ({
    decide: (command, job) =>
      decide(command.type === 'DrainAttempt' ? { ...command, type: 'LoseNode' } : command, job),
  })),
  'loss of a server without its epoch': jobThat(({ decide }) => ({
    decide: (command, job) =>
      decide(
        command.type === 'LoseNode' && job.is === 'running'
          ? { ...command, nodeEpoch: job.nodeEpoch }
          : command,
        job,
      ),
  })),
  'start of a running job': jobThat(({ decide }) => ({
    decide: (command, job) =>
      command.type === 'StartJob' && job.is === 'running'
        ? decide(
            { ...command, attempt: job.attempt + 1 },
            { ...job, is: 'queued', held: [], attempts: job.attempt },
          )
        : decide(command, job),
  })),
  'a wait that comes after the end forgotten': jobThat(({ decide }) => ({
    decide: (command, job) =>
      command.type === 'AddDependent' && job.is === 'ended' ? [] : decide(command, job),
  })),
  'a failure taken for a success': jobThat(({ decide }) => ({
    decide: (command, job) =>
      decide(
        command.type === 'MeetDependency' ? { ...command, end: { ...command.end, success: true } } : command,
        job,
      ),
  })),
  'what is below an ended job forgotten': jobThat(({ decide }) => ({
    decide: (command, job) =>
      command.type === 'CancelAlong' && job.is === 'ended' ? [] : decide(command, job),
  })),
  'what was submitted last forgotten': processThat('cancel-child-jobs', (real) => (state, recorded) => {
    const reaction = real.react(state, recorded);
    return recorded.event.type === 'JobChildAdded' ? { ...reaction, commands: [] } : reaction;
  }),
  'late starts on a dead server forgotten': forgetsTheDead('requeue-lost-jobs'),
  'late placements on a dead server forgotten': forgetsTheDead('end-sessions-of-lost-node'),
  'idle timer not set': processThat('end-idle-session', (real) => (state, recorded) => {
    const { timers: _, ...reaction } = real.react(state, recorded);
    return reaction;
  }),
  'command ids not known': { forgetsCommands: true },
  'append at any version': { anyVersion: true },
  'without the leader fence': { fencesNobody: true },
  'outbox not sent again': { sendOnce: true },
  'checkpoint before effect': { checkpointFirst: true },
  'silence counted while stopped': { believesLateLooks: true },
  'take-over from the newest checkpoint': { believesNewest: true },
  'a seat too many': {
    aggregate: (real) => {
      if (real.name !== 'licence') return real;
      const { decide } = real.decider;
      const generous = (state: Licence): Licence =>
        state.is === 'undefined'
          ? state
          : { ...state, terms: { ...state.terms, optimizationSeats: state.terms.optimizationSeats + 1 } };
      return {
        ...real,
        decider: { ...real.decider, decide: (command, state) => decide(command, generous(state as Licence)) },
      };
    },
  },
  'a requeued attempt that keeps its seat': keepsItsSeat('seat-attempts', 'JobRequeued'),
  'an ended session that keeps its place': keepsItsSeat('seat-sessions', 'SessionEnded'),
};
