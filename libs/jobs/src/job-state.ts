import type { JobState } from '@openpro/platform';

/** The API's states are the read model's in capitals: timeLimit is TIME_LIMIT. */
export const toState = (state: string): JobState =>
  state.replaceAll(/[A-Z]/g, '_$&').toUpperCase() as JobState;

export const fromState = (state: JobState): string =>
  state.toLowerCase().replaceAll(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
