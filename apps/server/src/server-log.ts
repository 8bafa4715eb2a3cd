import { ConsoleLogger } from '@nestjs/common';
import type { ThisNode } from '@openpro/platform';

/** JSON lines that say which server wrote them, and in which of its lives: logs of many servers are read together. */
export class ServerLog extends ConsoleLogger {
  private epoch: number | null = null;

  constructor(private readonly node: string) {
    super({ json: true });
  }

  /** Its epoch is known once it has joined. */
  joined({ epoch }: ThisNode): void {
    this.epoch = epoch;
  }

  protected override getJsonLogObject(...of: Parameters<ConsoleLogger['getJsonLogObject']>) {
    const { node, epoch } = this;
    return { ...super.getJsonLogObject(...of), node, ...(epoch === null ? {} : { epoch }) };
  }
}
