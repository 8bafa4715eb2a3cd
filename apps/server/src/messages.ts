/** What launcher and server tell each other: over Node's process channel, and by how the server ends. */
export type FromServer =
  | { readonly is: 'ready'; readonly url: string }
  /** Why it is not ready yet. */
  | { readonly is: 'waiting'; readonly for: string }
  | { readonly is: 'failed'; readonly message: string }
  | { readonly is: 'sign-in-link'; readonly for: LinkFor; readonly link: string };

/** Printed for a person, for 15 minutes; or in a file that only the server's own account can read, for 30 days. */
export type LinkFor = 'person' | 'file';

/** A server ends with this code when its life was over by the log of the others: started again it joins anew. */
export const FENCED = 75;

export interface ToServer {
  readonly ask: 'sign-in-link';
  readonly for: LinkFor;
}
