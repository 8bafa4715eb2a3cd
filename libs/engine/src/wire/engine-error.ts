/** An error that reaches the other side: `code` is for programs, `where` a place in the app's model. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly code: string,
    message: string,
    readonly where?: string,
  ) {
    super(message);
  }
}
