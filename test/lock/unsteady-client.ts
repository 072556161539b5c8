import {
  type CallOptions,
  DeadlineExceededError,
  type KeyLike,
  type Script,
  type ScriptArgs,
} from '@keyslot/cluster';
import { MemoryLockClient } from '@keyslot/lock';
import type { ManualClock } from '@keyslot/testkit';

const DEADLINE_MS = 250;

/**
 * A cluster in memory behind a bad network: calls and answers are late now and then, overtake each other, or get lost.
 * A call whose deadline is over may be executed afterwards.
 */
export class UnsteadyClient extends MemoryLockClient {
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    super({ clock });
    this.#clock = clock;
  }

  override async run<Keys extends string, Args extends ScriptArgs, Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Readonly<Record<Keys, KeyLike>>,
    args: Readonly<Args>,
    { deadline = DEADLINE_MS }: CallOptions = {},
  ): Promise<Reply> {
    const luck = Math.random();
    const answered = async () => {
      await this.#clock.sleep(onItsWay());
      if (luck < 0.05) return await this.#never();
      const reply = await super.run(script, keys, args);
      await this.#clock.sleep(onItsWay());
      return luck < 0.1 ? await this.#never() : reply;
    };
    const { name } = script.source;
    const tooLate = async () => {
      await this.#clock.sleep(Number(deadline));
      throw new DeadlineExceededError(name, Number(deadline), 'unknown');
    };
    return await Promise.race([answered(), tooLate()]);
  }

  #never(): Promise<never> {
    return new Promise(() => {});
  }
}

/** Milliseconds, mostly few. */
function onItsWay(): number {
  return Math.random() * (Math.random() < 0.15 ? 600 : 3);
}
