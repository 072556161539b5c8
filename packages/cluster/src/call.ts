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
  readonly name: string;
  readonly args: readonly Argument[];
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
  writes = 0;

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
    if (this.settled) return PLACEHOLDER;
    this.writes++;
    return super.toWritable(socket);
  }

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

/** Another attempt of a call by way of ioredis's `Cluster`, which follows redirects. */
export class Repeat extends IoredisCommand {
  readonly #call: Call;

  constructor(call: Call, name: string = call.name, args: readonly Argument[] = call.args) {
    super(name, args, { replyEncoding: null });
    this.#call = call;
  }

  initPromise(): void {
    this.transformed = true;
    this.stringifyArguments();
  }

  override toWritable(socket: object): string | Buffer {
    if (this.#call.settled) return PLACEHOLDER;
    this.#call.writes++;
    return super.toWritable(socket);
  }

  resolve(reply: unknown): void {
    this.#call.resolve(reply);
  }

  reject(error: Error): void {
    this.#call.reject(error);
  }
}
