import { createContext, useContext } from 'react';

export interface Me {
  readonly id: string;
  readonly name: string;
  readonly environment: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  /** Version of the platform. */
  readonly platform: string;
}

export const MeContext = createContext<Me | null>(null);

export const useMe = (): Me => {
  const me = useContext(MeContext);
  if (!me) throw new Error('useMe is for pages inside the shell');
  return me;
};

/** May do everything. */
export const isAdministrator = ({ roles }: Me): boolean => roles.includes('administrator');

/** May read everything: the log, other people's jobs. */
export const isOverseer = ({ roles }: Me): boolean =>
  roles.includes('administrator') || roles.includes('auditor');
