import { IoredisCommand } from './ioredis-command.ts';

/** Lets the next command of the connection pass at a node that is taking its slot over. */
export class Asking extends IoredisCommand {
  constructor() {
    super('asking', [], { replyEncoding: null });
  }

  initPromise(): void {
    this.transformed = true;
  }

  setTimeout(): void {}
  resolve(): void {}

  /** The command behind it is told the same. */
  reject(): void {}
}
