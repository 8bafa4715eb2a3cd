import { Injectable, Logger } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type AggregateCommand, type Outcome, ReadSide } from '@openpro/eventstore';
import { isRefusal, refuse, type Refusal } from '@openpro/kernel';
import { patiently } from './outage.js';

/** How long a caller waits to read what he wrote. */
const READ_YOUR_WRITES_MS = 2000;

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
   * is away. A refusal decides, too: a stale report has no say. Never rejects: nobody waits for a report,
   * and what nobody catches would end the server.
   */
  async insist(command: AggregateCommand<unknown>, onRefused?: (refusal: Refusal) => void): Promise<void> {
    await this.succeeds(command, onRefused);
  }

  /** As `insist`, and tells whether it is done. */
  async succeeds(
    command: AggregateCommand<unknown>,
    onRefused: (refusal: Refusal) => void = (refusal) =>
      this.log.debug({ message: 'refused', id: command.id, refusal }),
  ): Promise<boolean> {
    try {
      const outcome = await patiently(() => this.execute(command));
      if (outcome.is === 'refused') onRefused(outcome.refusal);
      return outcome.is === 'done';
    } catch (error) {
      this.log.error({
        message: 'a report could not be recorded',
        id: command.id,
        error: error instanceof Error ? error.stack : String(error),
      });
      return false;
    }
  }

  /** Executes and answers with the row that `read` finds once the projections have reached the command's event. */
  async change<T extends object>(
    command: AggregateCommand<unknown> | Refusal,
    projections: string | readonly string[],
    read: () => Promise<T | null>,
  ): Promise<T | Refusal> {
    const outcome = await this.execute(command);
    if (outcome.is === 'refused') return outcome.refusal;
    const seen = await Promise.all(
      [projections].flat().map((name) => this.readSide.waitFor(name, outcome.position, READ_YOUR_WRITES_MS)),
    );
    const row = seen.every(Boolean) ? await read() : null;
    return (
      row ??
      refuse(
        'NotYetVisible',
        'This was accepted and is recorded, but the lists are behind just now: look again in a moment',
      )
    );
  }
}
