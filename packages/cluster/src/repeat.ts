import type { Cluster } from 'ioredis';
import type { Call } from './call.ts';
import { IoredisCommand, PLACEHOLDER } from './ioredis-command.ts';

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

/**
 * Another attempt of a call by way of ioredis's `Cluster`, which follows redirects and learns from them.
 *
 * ioredis puts its own handler in the place of `reject`. Handed-over clusters are usually set up to repeat
 * there what a lost connection had not answered, so it is asked about redirects only.
 */
export class Repeat extends IoredisCommand {
  readonly #call: Call;
  #redirect: ((error: Error) => void) | undefined = undefined;

  constructor(call: Call) {
    super(call.name, call.args, { replyEncoding: null });
    this.#call = call;
  }

  initPromise(): void {
    this.transformed = true;
    this.stringifyArguments();
  }

  override toWritable(socket: object): string | Buffer {
    return this.#call.willWrite() ? super.toWritable(socket) : PLACEHOLDER;
  }

  setTimeout(): void {}
  setBlockingTimeout(): void {}

  resolve(reply: unknown): void {
    this.#call.resolve(reply);
  }

  set reject(redirect: (error: Error) => void) {
    this.#redirect = redirect;
  }

  get reject(): (error: Error) => void {
    const call = this.#call;
    const redirect = this.#redirect;
    return (error) => {
      if (redirect === undefined || !call.owner.leavesToIoredis(error)) {
        call.reject(error);
        return;
      }
      call.wasRefused();
      redirect(error);
    };
  }
}

/** Another attempt by way of ioredis's `Cluster`, which connects to the node that a redirect names. */
export function repeatBy(cluster: Cluster, call: Call): void {
  const repeat = new Repeat(call);
  void cluster.sendCommand(repeat as unknown as Parameters<Cluster['sendCommand']>[0]);
}
