import { type Attempt, type AttemptOptions, type EnginePool, runAttempt } from '@openpro/engine';
import { tracePast } from '@openpro/platform';

/** An attempt whose phases stand in the trace: the way to a process, then the solve. */
export const tracedRun = (pool: EnginePool, options: AttemptOptions): Attempt => {
  const began = Date.now();
  let started: number | null = null;
  const { engine, app, procedure, onStarted } = options;
  const about = {
    'openpro.engine': `${engine.name}:${engine.version}`,
    'openpro.app': `${app.name}:${app.version}`,
    'openpro.procedure': procedure,
  };
  const run = runAttempt(pool, {
    ...options,
    onStarted: (pid) => {
      started = Date.now();
      onStarted(pid);
    },
  });
  void run.result.then((result) => {
    const ended = Date.now();
    tracePast('get an engine process', about, null, { from: began, to: started ?? ended });
    const outcome = result.is === 'ended' ? result.outcome : result.is;
    const status = result.is === 'ended' ? { 'openpro.solver_status': result.solverStatus } : {};
    if (started !== null)
      tracePast('solve', { ...about, ...status, 'openpro.outcome': outcome }, null, {
        from: started,
        to: ended,
      });
  });
  return run;
};
