import type { ChildOrder } from '@openpro/engine';
import { refuse, type Refusal, uuidv5 } from '@openpro/kernel';
import { MAX_PRIORITY, type QueuedJob, withoutOrigin } from './job.js';

/** A job that a person submits has the depth 0, what it submits 1, and so on. */
export const MAX_DEPTH = 8;
/** So many jobs one job may submit, whatever its attempts. */
export const MAX_CHILDREN = 100;

/** Of the first, second … job that a job submits: another attempt that submits the same gets the same ones. */
export const childIdOf = (parent: string, child: number): string => uuidv5(parent, `child:${child}`);

/**
 * What a running job submits: the same app, engine and data, of the same owner and under the same terms. An engine runs
 * the code of an app: nothing that it says gives the child a right that its parent has not.
 */
export const childOf = (
  parent: string,
  request: QueuedJob,
  child: number,
  order: ChildOrder,
): QueuedJob | Refusal<'TooDeep' | 'TooManyChildren'> => {
  const depth = (request.depth ?? 0) + 1;
  if (depth > MAX_DEPTH)
    return refuse(
      'TooDeep',
      `Jobs submit jobs down to a depth of ${MAX_DEPTH}, and this one would have ${depth}`,
      {
        limit: `${MAX_DEPTH}`,
      },
    );
  if (child > MAX_CHILDREN)
    return refuse('TooManyChildren', `A job may submit ${MAX_CHILDREN} others, and this one has`, {
      limit: `${MAX_CHILDREN} jobs`,
    });
  const { procedure, args, description, priority, timeLimit, gap, seed } = order;
  return {
    ...withoutOrigin(request),
    session: null,
    procedure,
    args,
    description: description ?? '',
    priority: Math.min(MAX_PRIORITY, Math.max(request.priority, priority ?? 0)),
    timeLimit: timeLimit ?? null,
    gap: gap ?? null,
    seed: seed ?? request.seed,
    parent,
    child,
    depth,
  };
};
