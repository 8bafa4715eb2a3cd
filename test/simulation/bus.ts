import type { Aggregate } from '../../libs/eventstore/src/aggregate.js';
import type { CommandMeta } from '../../libs/eventstore/src/event-store.js';
import type { CommandHandler, Outcome } from '../../libs/eventstore/src/handler.js';
import type { DomainEvent } from '../../libs/kernel/src/index.js';
import type { Random } from './random.js';
import type { Life, Scheduler } from './timeline.js';

export type AnyAggregate = Aggregate<unknown, unknown, DomainEvent>;

export interface Message {
  /** The aggregate's name. */
  readonly to: string;
  readonly id: string;
  readonly command: object;
  readonly meta: CommandMeta;
}

export interface Receiver {
  readonly life: Life;
  readonly handler: CommandHandler;
}

const RESEND_MS = 400;

/** Carries commands to whichever server it pleases, late, twice, in another order or not at all. */
export class Bus {
  loss = 0;
  duplicates = 0;

  constructor(
    private readonly random: Random,
    private readonly timeline: Scheduler,
    private readonly aggregates: ReadonlyMap<string, AnyAggregate>,
    private readonly receivers: () => readonly Receiver[],
    private readonly trace: (what: () => string) => void,
  ) {}

  /** Sends again until an answer has come, as an outbox does and whoever insists. */
  insist(sender: Scheduler, message: Message): Promise<Outcome> {
    return new Promise((resolve) => {
      let answered = false;
      const answer = (outcome: Outcome): void => {
        answered = true;
        resolve(outcome);
      };
      const send = (): void => {
        if (answered) return;
        this.transmit(sender, message, answer);
        sender.after(this.random.between(RESEND_MS, 3 * RESEND_MS), send);
      };
      send();
    });
  }

  /** Sends once: what is lost is lost. */
  post(sender: Scheduler, message: Message): Promise<Outcome> {
    return new Promise((resolve) => this.transmit(sender, message, resolve));
  }

  private transmit(sender: Scheduler, message: Message, answer: (outcome: Outcome) => void): void {
    const { random } = this;
    if (!random.chance(this.loss)) this.deliver(random.between(1, 150), sender, message, answer);
    if (random.chance(this.duplicates)) this.deliver(random.between(1, 4000), sender, message, answer);
  }

  private deliver(
    delayMs: number,
    sender: Scheduler,
    { to, id, command, meta }: Message,
    answer: (outcome: Outcome) => void,
  ): void {
    this.timeline.after(delayMs, () => {
      const receiver = this.random.pick(this.receivers());
      const aggregate = this.aggregates.get(to);
      if (!receiver || !aggregate) return;
      receiver.life.live(() => {
        receiver.handler.execute(aggregate, id, command, meta, `${meta.actor} ${meta.commandId}`).then(
          (outcome) => {
            this.trace(() => `${to}-${id} ${describe(command)}: ${verdict(outcome)}`);
            if (!this.random.chance(this.loss))
              sender.after(this.random.between(1, 150), () => answer(outcome));
          },
          () => undefined, // no answer: it will be sent again
        );
      });
    });
  }
}

const describe = (command: object): string => {
  const { type, node, nodeEpoch, epoch } = command as {
    type: string;
    node?: string;
    nodeEpoch?: number;
    epoch?: number;
  };
  return [type, node, nodeEpoch ?? epoch].filter((part) => part !== undefined).join(' ');
};

const verdict = (outcome: Outcome): string =>
  outcome.is === 'refused'
    ? `refused, ${outcome.refusal.refused}`
    : outcome.repeated
      ? 'known already'
      : `${outcome.events.length} event(s)`;
