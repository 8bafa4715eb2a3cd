/** Those that speak with people and programs; they run nothing, and pass on what they are asked. */
export const FRONT_ROLES = ['portal', 'webui', 'proxy'] as const;

/** What a server can run; sessions and jobs run where `pro` is. */
export const NODE_ROLES = [...FRONT_ROLES, 'pro'] as const;
