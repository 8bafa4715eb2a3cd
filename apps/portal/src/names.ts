import { useLive } from './api.js';
import { NodesDocument } from './generated/graphql.js';
import { useMe } from './me.js';

/** Ids of servers and people as names, as far as they are known here. */
export const useNames = (people: readonly { readonly id: string; readonly name: string }[] = []) => {
  const me = useMe();
  const [{ data }] = useLive(NodesDocument, {});
  const names = new Map([...people, me, ...(data?.nodes.nodes ?? [])].map(({ id, name }) => [id, name]));
  return (id: string): string => {
    const bare = id.replace(/^node:/, '');
    return names.get(bare) ?? bare;
  };
};
