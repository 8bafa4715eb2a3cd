import { randomUUID } from 'node:crypto';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { UUID } from '@eventstore/db-client/generated/shared_pb.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { DEADLINE_EXCEEDED, failure, UNAVAILABLE } from './kurrent-errors.js';

interface Pending {
  readonly resolve: (response: BatchAppendResp) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** Servers write ids as text or as two halves. */
export const uuidText = (uuid: UUID | undefined): string => {
  const bits = uuid?.getStructured();
  if (!bits) return uuid?.getString() ?? '';
  const hex = [bits.getMostSignificantBits(), bits.getLeastSignificantBits()]
    .map((half) => BigInt.asUintN(64, BigInt(half)).toString(16).padStart(16, '0'))
    .join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

/** One call on which all appends travel, to be answered in any order; when it breaks, all that wait are told. */
export class AppendCall {
  private readonly pending = new Map<string, Pending>();
  private over: { readonly error: unknown } | undefined;

  /** @param answerMs so long an answer may take before it counts as lost */
  constructor(
    private readonly stream: ClientDuplexStream<BatchAppendReq, BatchAppendResp>,
    private readonly answerMs: number,
    private readonly onOver: () => void,
  ) {
    stream.on('data', (response: BatchAppendResp) =>
      this.settle(uuidText(response.getCorrelationId()))?.resolve(response),
    );
    stream.on('error', (error) => this.end(error));
    stream.on('end', () => this.end(failure(UNAVAILABLE, 'the server ended the call')));
  }

  send(requestFor: (correlation: string) => BatchAppendReq): Promise<BatchAppendResp> {
    return new Promise((resolve, reject) => {
      if (this.over) return reject(this.over.error as Error);
      const correlation = randomUUID();
      const timer = setTimeout(() => {
        this.settle(correlation)?.reject(failure(DEADLINE_EXCEEDED, 'no answer in time'));
        this.stream.cancel(); // it may be dead: the others go on with another one
      }, this.answerMs);
      this.pending.set(correlation, { resolve, reject, timer });
      this.stream.write(requestFor(correlation)); // those who wait for an answer bound the buffer
    });
  }

  /** Undefined for an answer that nobody waits for any more. */
  private settle(correlation: string): Pending | undefined {
    const pending = this.pending.get(correlation);
    this.pending.delete(correlation);
    clearTimeout(pending?.timer);
    return pending;
  }

  private end(error: unknown): void {
    if (this.over) return;
    this.over = { error };
    this.onOver();
    for (const correlation of [...this.pending.keys()]) this.settle(correlation)?.reject(error);
  }
}
