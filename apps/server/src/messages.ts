/** What launcher and server tell each other over Node's process channel. */
export type FromServer =
  | { readonly is: 'ready'; readonly url: string }
  | { readonly is: 'failed'; readonly message: string }
  | { readonly is: 'sign-in-link'; readonly link: string };

export interface ToServer {
  readonly ask: 'sign-in-link';
}
