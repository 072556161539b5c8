import { type Key, rawKey } from '@keyslot/keys';
import { ManualClock } from '@keyslot/testkit';
import { describe, expect, it } from 'vitest';
import { createMemoryCache } from './memory-cache.ts';
import { MemoryClient } from './memory-client.ts';

const place: Key<string> = rawKey<string>('places:{42}');

/** Executes at once, and has the answer lie there for a while: as a process does that is busy with something else. */
class Busy extends MemoryClient {
  /** By command or script, in milliseconds. */
  readonly late: Record<string, number> = {};
  readonly #time: ManualClock;

  constructor(clock: ManualClock) {
    super({ clock });
    this.#time = clock;
  }

  override getBuffer(...args: Parameters<MemoryClient['getBuffer']>): ReturnType<MemoryClient['getBuffer']> {
    return this.#answerLate('get', super.getBuffer(...args));
  }

  override call(...args: Parameters<MemoryClient['call']>): ReturnType<MemoryClient['call']> {
    return this.#answerLate(args[0], super.call(...args));
  }

  override run: MemoryClient['run'] = (script, ...args) =>
    this.#answerLate(script.source.name, super.run(script, ...args));

  async #answerLate<T>(command: string, answer: Promise<T>): Promise<T> {
    const answered = await answer;
    await this.#time.advance(this.late[command] ?? 0);
    return answered;
  }
}

describe("a value's time in memory begins when it was asked for, not when the answer was read", () => {
  /** How long it is served from memory, of at most 1000 ms, when the answer to a command is read 700 ms late. */
  async function servedFor(command: string, { isCold, isThere }: { isCold: boolean; isThere: boolean }) {
    const clock = new ManualClock(1_000_000);
    const client = new Busy(clock);
    await using other = createMemoryCache({ client, local: false, jitter: 0 });
    await using cache = createMemoryCache({ client, local: { ttl: '1s' }, jitter: 0 });
    await cache.ready();
    for (let misses = 0; misses < (isCold ? 100 : 0); misses++) {
      await cache.getOrSet(rawKey(`${misses}`), () => 'none', { ttl: 1 });
    }
    if (isThere) await other.set(place, 'Wien', { ttl: '5m' });
    // What was told of it has arrived.
    await clock.advance(1);
    client.late[command] = 700;
    await cache.getOrSet(place, () => 'Graz');
    let servedMs = 0;
    for (; cache.peek(place) !== undefined; servedMs += 10) await clock.advance(10);
    return servedMs;
  }

  it.each([
    ['get', 'is read', { isCold: false, isThere: true }],
    ['set', 'is there when it is to be loaded', { isCold: true, isThere: true }],
    ['fill', 'is loaded', { isCold: false, isThere: false }],
  ])('(%s: one that %s)', async (command, _, when) => {
    expect(await servedFor('no command', when)).toBe(1_000);
    expect(await servedFor(command, when)).toBe(300);
  });
});
