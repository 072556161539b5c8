import { isUtf8 } from 'node:buffer';
import { InvalidOptionError, toTimerMs } from '@keyslot/kernel';
import type { Argument } from './argument.ts';
import { Call, type CallOwner, type Safety } from './call.ts';
import type { CallOptions, CommandOptions, KeyLike } from './call-options.ts';
import { safetyOf } from './command-safety.ts';
import { ClientClosedError } from './errors.ts';
import { oneSlotOf, sharedSlot, textOf } from './key-like.ts';
import type { Script, ScriptArgs } from './script.ts';
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
    const deadlineMs = deadline === undefined ? this.#deadlineMs : toTimerMs(deadline, 'deadline');
    const call = new Call(this.#owner, name, args, slot, safety, deadlineMs, encoding);
    if (options === undefined) return call;
    call.waits = options.whenOpen !== 'reject';
    if (safety === 'read' && options.readFrom !== undefined) call.readFrom = options.readFrom;
    call.signal = options.signal;
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
    const keys = keysOf(call);
    call.slot = oneSlotOf(call.command, keys);
    if (safety === 'read') return call;
    keepInOrder(call, keys.map(orderKeyOf));
    // With a condition it may leave what is there, whatever its caller says about repeating it.
    call.replaces = lower === 'set' && replacesAll(args);
    return call;
  }

  /** A call of a one-slot script, by its hash. @throws {CrossSlotError} when its keys lie in several. */
  ofScript<Keys extends string, Args extends ScriptArgs, Reply>(
    { source, safety }: Script<Keys, Args, Reply>,
    keys: Readonly<Record<Keys, KeyLike>>,
    args: Readonly<Args>,
    options: CallOptions | undefined,
  ): Call {
    const slot = sharedSlot(source.name, source.keys, keys);
    const texts = source.keys.map((role) => textOf(keys[role]));
    const wire: Argument[] = [source.sha1, texts.length, ...texts];
    for (const name of source.args) wire.push(args[name]);
    const call = this.make('evalsha', wire, slot, safety, null, options);
    call.script = source.text;
    if (safety !== 'read') keepInOrder(call, texts);
    return call;
  }

  /** From now on there are no more. */
  end(): void {
    this.#ended = true;
  }
}

/** Has the writes of these keys stay in order with a call. */
function keepInOrder(call: Call, [first, ...more]: readonly string[]): void {
  call.orderKey = first;
  if (more.length === 0) return;
  const others = [...new Set(more)].filter((key) => key !== first);
  if (others.length > 0) call.moreOrderKeys = others;
}

/** Commands whose only key comes first, and of which ioredis does not know that. */
const ONE_KEY = new Set(['delifeq']);

/** @throws {InvalidOptionError} for a command whose keys are not all there. */
function keysOf(call: Call): readonly (string | Buffer)[] {
  const keys = ONE_KEY.has(call.name) ? [call.args[0] as string | Buffer] : call.getKeys();
  if (keys.includes(undefined as never)) {
    const { length } = call.args;
    throw new InvalidOptionError(
      'args',
      `${length} of them`,
      `as many as ${call.command} has keys, at least`,
    );
  }
  return keys;
}

/** Bytes that are no text must not be taken for each other. */
function orderKeyOf(key: string | Buffer): string {
  return typeof key === 'string' || isUtf8(key) ? String(key) : `\0${key.toString('latin1')}`;
}

/** Whether nothing of what was there before a SET is left, its expiry included. */
function replacesAll(args: readonly Argument[]): boolean {
  return (
    safetyOf('set', args) === 'idempotent' && !args.slice(2).some((arg) => /^keepttl$/i.test(String(arg)))
  );
}
