import { serve } from '@openpro/engine/sdk';
import { SolverThread } from '../solver-thread.js';

const thread = new SolverThread();
serve(
  'model-ts',
  (link) => thread.handlers(link),
  () => thread.ready,
);
