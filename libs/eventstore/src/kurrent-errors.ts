import { BadAppend, StoreUnavailable } from './event-store.js';

/** The names of gRPC's status codes that matter here; their numbers are part of that protocol. */
const CANCELLED = 1;
const INVALID_ARGUMENT = 3;
export const DEADLINE_EXCEEDED = 4;
export const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;
export const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

interface GrpcError extends Error {
  readonly code: number;
  readonly metadata?: { get(key: string): readonly unknown[] };
}

export const failure = (code: number, message: string): GrpcError =>
  Object.assign(new Error(message), { code });

const isGrpc = (error: unknown): error is GrpcError => typeof (error as GrpcError | null)?.code === 'number';

/** Which error of its own the server names besides the status, `not-leader` for example. */
const exceptionOf = (error: GrpcError): string => String(error.metadata?.get('exception')[0] ?? '');

export const isNotLeader = (error: unknown): boolean => isGrpc(error) && exceptionOf(error) === 'not-leader';

/** Another node or another connection may do better, at once. */
export const isPassing = (error: unknown): boolean =>
  isNotLeader(error) || (isGrpc(error) && (error.code === UNAVAILABLE || error.code === CANCELLED));

/** User, password or rights are wrong: trying again does not help, a person must act. */
export class AccessRefused extends Error {
  override readonly name = 'AccessRefused';

  constructor(code: number) {
    super(
      code === UNAUTHENTICATED
        ? 'KurrentDB does not accept the user and password in KURRENTDB_URL'
        : 'KurrentDB does not let the user in KURRENTDB_URL read and write the log; $all is for $admins by default',
    );
  }
}

/** What the caller gets: an error with a gRPC status says nothing to him. */
export const storeError = (error: unknown): Error => {
  if (error instanceof StoreUnavailable || error instanceof BadAppend) return error;
  if (!isGrpc(error)) return new StoreUnavailable(error); // no node was found
  if (error.code === UNAUTHENTICATED || error.code === PERMISSION_DENIED)
    return new StoreUnavailable(new AccessRefused(error.code));
  if (error.code === UNIMPLEMENTED)
    return new StoreUnavailable(new Error('this server is not KurrentDB or EventStoreDB 21.10 or later'));
  if (error.code === DEADLINE_EXCEEDED) return new StoreUnavailable(new Error('no answer in time'));
  // A position that no event has: only a cursor that somebody made up leads here.
  if (error.code === INVALID_ARGUMENT) return error;
  return new StoreUnavailable(error);
};
