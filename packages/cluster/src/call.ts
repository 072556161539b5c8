import { Command } from 'ioredis';
import type { Expiring } from './deadlines.ts';
import type { Executed } from './errors.ts';

/** An argument as it goes over the wire. */
export type Argument = string | Buffer | number;

/**
 * What repeating a command may do.
 *
 * - `read`: nothing
 * - `idempotent`: leaves what one execution leaves
 * - `once`: doubles its effect, so it is never repeated after its bytes were sent
 */
export type Safety = 'read' | 'idempotent' | 'once';

/** What we use of an ioredis command, and what ioredis uses of ours. */
interface CommandShape {
  name: string;
  args: readonly Argument[];
  readonly promise: Promise<unknown> | undefined;
  transformed: boolean;
  stringifyArguments(): void;
  getKeys(): readonly (string | Buffer)[];
  toWritable(socket: object): string | Buffer;
  transformReply(reply: unknown): unknown;
}

type CommandConstructor = new (
  name: string,
  args: readonly Argument[],
  options: { readonly replyEncoding: BufferEncoding | null },
) => CommandShape;

// ioredis declares `resolve` and `reject` as properties that its constructor fills with closures. Ours are
// methods, which is the point: no closure per command. The cast is the price.
const IoredisCommand = Command as unknown as CommandConstructor;

/** Written in place of a command that ended before it could be sent, because its reply is counted on. */
const PLACEHOLDER = '*1\r\n$4\r\nPING\r\n';

/** Whoever decides what happens to a call that failed. */
export interface CallOwner {
  /** Whether an error is one that ioredis deals with, when the attempt went by way of its `Cluster`. */
  leavesToIoredis(error: Error): boolean;

  /** An attempt failed. The owner tries again or settles the call. */
  attemptFailed(call: Call, error: Error): void;

  /** The call's deadline has passed. The owner settles it. */
  expired(call: Call): void;

  /** The call was settled, whichever way. The owner forgets it. */
  settled(call: Call): void;
}

/**
 * A counted command: one call of a user, and what ioredis sends for it.
 *
 * It counts how often it was written. A call that was never written was never executed, whatever it is, so
 * it may always be tried again; and one that has ended is never written afterwards.
 */
export class Call extends IoredisCommand implements Expiring {
  readonly owner: CallOwner;
  /** Decides the node; `undefined` for a command without a key. */
  slot: number | undefined;
  readonly safety: Safety;
  readonly deadlineMs: number;

  /** Sent as EVAL when a node does not know the script. */
  script: string | undefined = undefined;

  waits = true;
  isParked = false;
  fromReplica = false;
  settled = false;

  /** How often its bytes left this process without an answer that says that nothing was executed. */
  writes = 0;
  #lostWrites = 0;

  expiresAt = 0;
  nextExpiring: Expiring | undefined = undefined;
  previousExpiring: Expiring | undefined = undefined;
  expirySlot: Expiring['expirySlot'] = undefined;

  onValue!: (value: unknown) => void;
  onError!: (error: Error) => void;

  constructor(
    owner: CallOwner,
    name: string,
    args: readonly Argument[],
    slot: number | undefined,
    safety: Safety,
    deadlineMs: number,
    encoding: BufferEncoding | null,
  ) {
    super(name, args, { replyEncoding: encoding });
    this.owner = owner;
    this.slot = slot;
    this.safety = safety;
    this.deadlineMs = deadlineMs;
  }

  /** The command's name as people write it, for errors. */
  get command(): string {
    return this.name.toUpperCase();
  }

  /** Called by ioredis's constructor, where it would make a promise for each command. */
  initPromise(): void {
    this.transformed = true;
    this.stringifyArguments();
  }

  override toWritable(socket: object): string | Buffer {
    return this.willWrite() ? super.toWritable(socket) : PLACEHOLDER;
  }

  /** A node did not know its hash: it is the same script by its text. */
  becomeEval(script: string): void {
    this.name = 'eval';
    this.args = [script, ...this.args.slice(1)];
  }

  /** Asked before its bytes are written, in whichever form. */
  willWrite(): boolean {
    // Not answered, and here again: a handed-over cluster may send again by itself what a lost connection had.
    if (this.writes > 0 && this.safety === 'once') this.reject(new Error('Connection is closed.'));
    if (this.settled) return false;
    this.writes++;
    return true;
  }

  /** The attempt was answered: nothing was executed. What became of those before it stays as unknown as it was. */
  wasRefused(): void {
    this.writes = this.#lostWrites;
  }

  /** The attempt's connection was lost; there is another attempt. */
  wasLost(): void {
    this.#lostWrites = this.writes;
  }

  /** ioredis's `commandTimeout` and `blockingTimeout` of a handed-over cluster: the deadline is ours. */
  setTimeout(): void {}
  setBlockingTimeout(): void {}

  /** Called by ioredis with the reply. */
  resolve(reply: unknown): void {
    if (this.settled) return;
    let value: unknown;
    try {
      value = this.transformReply(reply);
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.settled = true;
    this.owner.settled(this);
    this.onValue(value);
  }

  /** Called by ioredis with the error reply, or with the connection's. */
  reject(error: Error): void {
    if (!this.settled) this.owner.attemptFailed(this, error);
  }

  expire(): void {
    if (!this.settled) this.owner.expired(this);
  }

  /** Ends the call with an error, once. */
  fail(error: Error): void {
    if (this.settled) return;
    this.settled = true;
    this.owner.settled(this);
    this.onError(error);
  }
}

/** What is known about a call that is given up. */
export function executedOf(call: Call): Executed {
  return call.writes > 0 ? 'unknown' : 'no';
}

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
