import { Injectable, Logger } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type AggregateCommand, type Outcome, ReadSide, StoreUnavailable, TooBusy } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';

/** How long a caller waits to read what he wrote. */
const READ_YOUR_WRITES_MS = 2000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5000;

/** The way of every mutation: execute the command, wait until the read model has seen it, read. */
@Injectable()
export class Commands {
  private readonly log = new Logger('Commands');

  constructor(
    private readonly bus: CommandBus,
    private readonly readSide: ReadSide,
  ) {}

  /** The decider's answer, without waiting for a read model. */
  async execute(
    command: AggregateCommand<unknown> | Refusal,
  ): Promise<Outcome | { is: 'refused'; refusal: Refusal }> {
    if (isRefusal(command)) return { is: 'refused', refusal: command };
    return this.bus.execute<AggregateCommand<unknown>, Outcome>(command);
  }

  /**
   * For what a server has to report or propose: repeats until it is decided, however long the database
   * is away. A refusal decides, too (a stale report has no say); it is logged.
   */
  async insist(command: AggregateCommand<unknown>): Promise<void> {
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
      try {
        const outcome = await this.execute(command);
        if (outcome.is === 'refused')
          this.log.debug({ message: 'refused', id: command.id, refusal: outcome.refusal });
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable || error instanceof TooBusy)) throw error;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  /** Executes and answers with the row that `read` finds once `projection` has reached the command's event. */
  async change<T extends object>(
    command: AggregateCommand<unknown> | Refusal,
    projection: string,
    read: () => Promise<T | null>,
  ): Promise<T | Refusal> {
    const outcome = await this.execute(command);
    if (outcome.is === 'refused') return outcome.refusal;
    const seen = await this.readSide.waitFor(projection, outcome.position, READ_YOUR_WRITES_MS);
    const row = seen ? await read() : null;
    return (
      row ??
      refuse(
        'NotYetVisible',
        'This was accepted and is recorded, but the lists are behind just now: look again in a moment',
      )
    );
  }
}
