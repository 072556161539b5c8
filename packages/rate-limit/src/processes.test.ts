import { setTimeout as sleep } from 'node:timers/promises';
import type { Listener } from '@keyslot/cluster';
import { describe, expect, it, vi } from 'vitest';
import { MemoryRateLimitClient } from './memory-client.ts';
import { Processes } from './processes.ts';

const now = () => performance.now();
const BEAT_MS = 20;

function join(client: MemoryRateLimitClient, name = 'x', beatMs = BEAT_MS): Processes {
  return new Processes(client, name, () => {}, now, beatMs);
}

describe('processes that share a limiter', () => {
  it('know of each other at once, of who leaves, and not of those of another limiter', async () => {
    const client = new MemoryRateLimitClient();
    await using first = join(client, 'x', 60_000);
    await using other = join(client, 'y', 60_000);
    {
      await using second = join(client, 'x', 60_000);
      await expect.poll(() => [first.count, second.count, other.count]).toEqual([2, 2, 1]);
    }
    await expect.poll(() => first.count).toBe(1);
  });

  it('take one for gone that is no longer heard, but nobody while nothing is', async () => {
    const client = new MemoryRateLimitClient();
    const listeners: Listener[] = [];
    const subscribe = client.subscribe.bind(client);
    vi.spyOn(client, 'subscribe').mockImplementation((channel, listener) => {
      listeners.push(listener);
      return subscribe(channel, listener);
    });
    await using first = join(client);
    await client.publish('keyslot:rate-limit:x:processes', '+01234567-89ab-cdef-0123-456789abcdef');
    await client.publish('keyslot:rate-limit:x:processes', '+<script>');
    await expect.poll(() => first.count).toBe(2);
    listeners[0]?.onDown();
    await sleep(BEAT_MS * 6);
    expect(first.count).toBe(2);
    listeners[0]?.onStanding();
    expect(first.count).toBe(2);
    await expect.poll(() => first.count).toBe(1);
  });

  it('take nobody for gone because this one stood still', async () => {
    const client = new MemoryRateLimitClient();
    let skippedMs = 0;
    const clock = () => performance.now() + skippedMs;
    await using first = new Processes(client, 'x', () => {}, clock, BEAT_MS);
    await client.publish('keyslot:rate-limit:x:processes', '+01234567-89ab-cdef-0123-456789abcdef');
    await expect.poll(() => first.count).toBe(2);
    skippedMs = 60_000;
    const counts = new Set<number>();
    const until = performance.now() + 1.5 * BEAT_MS;
    while (performance.now() < until) {
      await sleep(1);
      counts.add(first.count);
    }
    expect(counts).toEqual(new Set([2]));
    await expect.poll(() => first.count).toBe(1);
  });

  it('tell nobody that they live once they have ended', async () => {
    const client = new MemoryRateLimitClient();
    const told = vi.spyOn(client, 'publish');
    let listener: Listener | undefined;
    vi.spyOn(client, 'subscribe').mockImplementation((_, given) => {
      listener = given;
      return { [Symbol.asyncDispose]: async () => {} };
    });
    await join(client)[Symbol.asyncDispose]();
    listener?.onStanding();
    expect(told.mock.calls.map(([, message]) => String(message)[0])).toEqual(['-']);
  });

  it('report that they could not be told, and go on', async () => {
    const client = new MemoryRateLimitClient();
    vi.spyOn(client, 'publish').mockRejectedValue(new Error('away'));
    const errors: unknown[] = [];
    await using processes = new Processes(client, 'x', (error) => errors.push(error), now, BEAT_MS);
    await expect.poll(() => errors.length).toBeGreaterThan(2);
    expect(processes.count).toBe(1);
  });
});
