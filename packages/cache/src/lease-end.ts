import { type BatchCommand, CommandFailedError } from '@keyslot/cluster';
import { type Clock, systemClock } from '@keyslot/kernel';
import { type CacheClient, NOW } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import { leaseText } from './entry.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { fill, release } from './scripts/index.ts';
import { Support } from './support.ts';
import { wakeChannelOf } from './wake-channel.ts';

/** What a command with a condition did, or `undecided`: the script has to look. */
type Attempt = 'done' | 'undecided';

/**
 * Ends a lease: with the value in its place, or with nothing.
 *
 * Where the server knows a command for it that compares by itself (`SET … IFEQ` since Valkey 8.1 and Redis 8.4, `DELIFEQ`
 * since Valkey 9.0), it spares the primary a script. The command compares all that is there with the lease, so it
 * leaves to the script whatever is not plainly so:
 *
 * - A lease that is waited for carries a mark behind its token. The script ends it, and tells those who wait.
 * - An end whose reply was lost and that was repeated finds what it left itself. The script recognises that.
 * - A server that does not know the command, or does not permit it, executes nothing. It is not asked again for a while.
 *
 * The price is a second round trip in the first two cases, and a command too many in the third.
 */
export class LeaseEnd {
  readonly #client: CacheClient;
  readonly #setsIf: Support;
  readonly #deletesIf: Support;

  constructor(client: CacheClient, clock: Clock = systemClock) {
    this.#client = client;
    this.#setsIf = new Support(client, clock);
    this.#deletesIf = new Support(client, clock);
  }

  /** Stores an entry's bytes in the place of the lease with the same token. Harmless to repeat. */
  fill(key: ClusterKey, token: Buffer, bytes: Buffer, ttlMs: number): Promise<'filled' | 'superseded'> {
    const head = leaseText(token);
    const set = [key.text, bytes, 'IFEQ', head, 'PX', ttlMs] as const;
    const args = { head, value: bytes, ttlMs, channel: wakeChannelOf(key.slot) };
    return this.#end(this.#setsIf, key, ['set', ...set], 'filled', () =>
      this.#client.run(fill, { entry: key }, args, NOW),
    );
  }

  /**
   * Gives a lease back. `changed`: it was not there any more. Harmless to repeat.
   *
   * @param note - what those who wait are told
   */
  release(key: ClusterKey, token: Buffer, note: string): Promise<'removed' | 'changed'> {
    const head = leaseText(token);
    const args = { head, channel: wakeChannelOf(key.slot), note };
    return this.#end(this.#deletesIf, key, ['delifeq', key.text, head], 'removed', () =>
      this.#client.run(release, { entry: key }, args, NOW),
    );
  }

  async #end<Done, Other>(
    support: Support,
    { slot }: ClusterKey,
    command: BatchCommand,
    done: Done,
    byScript: () => Promise<Done | Other>,
  ): Promise<Done | Other> {
    const candidate = support.at(slot);
    if (candidate === undefined) return byScript();
    const attempt = this.#attempt(support, candidate.id, command);
    if (candidate.understands) return (await attempt) === 'done' ? done : byScript();
    // Both at once, so that nobody waits for a refusal. Whichever comes second finds what the first did.
    const [tried, scripted] = await Promise.allSettled([attempt, byScript()]);
    if (tried.status === 'fulfilled' && tried.value === 'done') return done;
    if (scripted.status === 'rejected') throw scripted.reason;
    return scripted.value;
  }

  /** @throws what the client throws, except for refusals that the script may have an answer to. */
  async #attempt(support: Support, primary: string, [name, ...args]: BatchCommand): Promise<Attempt> {
    try {
      const reply = await this.#client.call(name, args, { ...NOW, safety: 'idempotent' });
      support.learn(primary, 'understood');
      return reply === 'OK' || reply === 1 ? 'done' : 'undecided';
    } catch (error) {
      // Says nothing of what the server understands, and is no time to try it with each fill.
      if (isOutOfMemory(error)) throw error;
      support.learn(primary, isRefusal(error) ? 'refused' : 'unheard');
      if (!(error instanceof CommandFailedError)) throw error;
      return 'undecided';
    }
  }
}

/** A syntax that the server does not know, a command that it does not know, or one that it does not permit. */
function isRefusal(error: unknown): boolean {
  return error instanceof CommandFailedError && (error.reply === 'ERR' || error.reply === 'NOPERM');
}
