/** What a person may do; `administrator` may do everything in the environment. */
export const ROLES = ['user', 'app-publisher', 'engine-publisher', 'auditor', 'administrator'] as const;
export type Role = (typeof ROLES)[number];

export const isRole = (name: string): name is Role => (ROLES as readonly string[]).includes(name);
