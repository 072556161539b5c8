import { toMs } from '@keyslot/kernel';
import type { Argument } from './argument.ts';
import { abortable, Call, type CallOwner, type Safety } from './call.ts';
import type { CallOptions, CommandOptions } from './call-options.ts';
import { safetyOf } from './command-safety.ts';
import { ClientClosedError } from './errors.ts';
import { oneSlotOf } from './key-like.ts';
import { refuseStateful } from './stateful-commands.ts';

/** Makes calls of what users ask for, with the client's defaults; until it is told that there are to be no more. */
export class Calls {
  readonly #owner: CallOwner;
  readonly #deadlineMs: number;
  #ended = false;

  constructor(owner: CallOwner, deadlineMs: number) {
    this.#owner = owner;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * A call whose slot and safety are known.
   *
   * @throws {ClientClosedError} after {@link end}.
   */
  make(
    name: string,
    args: readonly Argument[],
    slot: number | undefined,
    safety: Safety,
    encoding: BufferEncoding | null,
    options: CallOptions | undefined,
  ): Call {
    if (this.#ended) throw new ClientClosedError(name.toUpperCase(), 'no');
    const deadline = options?.deadline;
    const deadlineMs = deadline === undefined ? this.#deadlineMs : toMs(deadline, 'deadline');
    const call = new Call(this.#owner, name, args, slot, safety, deadlineMs, encoding);
    if (options === undefined) return call;
    call.waits = options.whenOpen !== 'reject';
    if (safety === 'read' && options.readFrom !== undefined) call.readFrom = options.readFrom;
    if (options.signal !== undefined) abortable(call, options.signal);
    return call;
  }

  /**
   * A call of a command that is known by name only: its keys have to be found first.
   *
   * @throws {CrossSlotError} when they lie in several slots.
   */
  byName(name: string, args: readonly Argument[], options: CommandOptions): Call {
    const lower = name.toLowerCase();
    refuseStateful(lower, args);
    const safety = options.safety ?? safetyOf(lower, args);
    const call = this.make(lower, args, undefined, safety, options.buffers ? null : 'utf8', options);
    const keys = call.getKeys();
    call.slot = oneSlotOf(call.command, keys);
    if (safety !== 'read' && keys[0] !== undefined) {
      call.orderKey = String(keys[0]);
      // With a condition it may leave what is there, whatever its caller says about repeating it.
      call.replaces = lower === 'set' && safetyOf(lower, args) === 'idempotent';
    }
    return call;
  }

  /** From now on there are no more. */
  end(): void {
    this.#ended = true;
  }
}
