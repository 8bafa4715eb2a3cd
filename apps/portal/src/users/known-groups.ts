import { useMemo } from 'react';
import { useLive } from '../api.js';
import { GroupsDocument } from '../generated/graphql.js';

const ROLES = ['user', 'app-publisher', 'engine-publisher', 'auditor', 'administrator'];

/** For suggestions: groups with members, and the roles, which count as groups. */
export const useKnownGroups = (): { readonly groups: readonly string[]; readonly all: readonly string[] } => {
  const [{ data }] = useLive(GroupsDocument, {});
  return useMemo(() => {
    const groups = data?.groups.nodes.map(({ name }) => name) ?? [];
    return { groups, all: [...groups, ...ROLES] };
  }, [data]);
};
