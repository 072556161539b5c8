import {
  type CallOptions,
  ClientClosedError,
  DeadlineExceededError,
  type KeyLike,
  type Script,
  type ScriptArgs,
} from '@keyslot/cluster';
import { MemoryLockClient } from '@keyslot/lock';
import type { ManualClock } from '@keyslot/testkit';

/** A cluster in memory whose answers take their time, get lost, or never come. */
export class LateClient extends MemoryLockClient {
  /** How long an answer is on its way, by the script's name. */
  readonly answerMs: Record<string, number> = {};

  /** How many answers get lost, by the script's name: what was asked is done all the same. */
  readonly lost: Record<string, number> = {};

  /** How many calls do not arrive, by the script's name. */
  readonly unsent: Record<string, number> = {};

  /** Whether those do not arrive because it was closed. */
  isClosed = false;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    super({ clock });
    this.#clock = clock;
  }

  override async run<Keys extends string, Args extends ScriptArgs, Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Readonly<Record<Keys, KeyLike>>,
    args: Readonly<Args>,
    options?: CallOptions,
  ): Promise<Reply> {
    const { name } = script.source;
    const unsent = this.unsent[name] ?? 0;
    if (unsent > 0) {
      this.unsent[name] = unsent - 1;
      if (this.isClosed) throw new ClientClosedError(name, 'no');
      throw new DeadlineExceededError(name, 250, 'no');
    }
    const reply = await super.run(script, keys, args, options);
    await this.#clock.sleep(this.answerMs[name] ?? 0);
    const left = this.lost[name] ?? 0;
    if (left === 0) return reply;
    this.lost[name] = left - 1;
    throw new DeadlineExceededError(name, 250, 'unknown');
  }
}
