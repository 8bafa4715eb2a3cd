import type { QueuedJob } from './job.js';

/** A job as somebody may ask for it; who uses it changes what matters to him. */
export const aRequest = {
  environment: 'ROOT',
  owner: 'ada',
  app: { name: 'supply-network', version: '1.0.0', digest: 'a'.repeat(64) },
  engine: { name: 'model-ts', version: '1.0.0', digest: 'e'.repeat(64) },
  procedure: 'solve',
  args: {},
  input: null,
  description: '',
  priority: 100,
  session: null,
  timeLimit: null,
  gap: null,
  seed: null,
} satisfies QueuedJob;
