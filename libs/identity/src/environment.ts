import { type BadInput, checkForm, type Decider } from '@openpro/kernel';

export type EnvironmentEvent = { readonly type: 'EnvironmentCreated'; readonly name: string };
export type EnvironmentCommand = { readonly type: 'CreateEnvironment'; readonly name: string };
export type Environment = { readonly is: 'new' } | { readonly is: 'open' };

const decider: Decider<Environment, EnvironmentCommand, EnvironmentEvent, BadInput> = {
  initial: { is: 'new' },

  decide({ name }, state) {
    if (state.is === 'open') return []; // every start of a server creates ROOT
    return (
      checkForm(
        'name',
        name,
        /^[A-Z][A-Z0-9_-]{0,63}$/,
        '1 to 64 capital letters, digits, dashes and underscores that start with a letter',
      ) ?? [{ type: 'EnvironmentCreated', name }]
    );
  },

  evolve: () => ({ is: 'open' }),
};

export const environment = { name: 'environment', context: 'identity', decider } as const;
