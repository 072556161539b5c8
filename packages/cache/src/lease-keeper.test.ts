import { CommandFailedError } from '@keyslot/cluster';
import { type Key, rawKey } from '@keyslot/keys';
import { describe, expect, it } from 'vitest';
import { createMemoryCache } from './memory-cache.ts';
import { MemoryClient } from './memory-client.ts';

const place: Key<string> = rawKey<string>('places:{42}');

/** A server whose user may not remove anything. */
class Keeping extends MemoryClient {
  leads = 0;

  override call(...args: Parameters<MemoryClient['call']>): ReturnType<MemoryClient['call']> {
    if (args[0] === 'set') this.leads++;
    return super.call(...args);
  }

  override run: MemoryClient['run'] = (script, ...args) =>
    script.source.name === 'release'
      ? Promise.reject(new CommandFailedError('The script release', 'NOPERM no permission to run DEL'))
      : super.run(script, ...args);
}

describe('whoever may not remove what is in the way of a lease', () => {
  it.each([
    ['how another load ended', Buffer.concat([Buffer.from('F'), Buffer.alloc(16), Buffer.from('["Error"]')])],
    ['what cannot be decoded', Buffer.from('not ours')],
  ])('does not ask for it without a pause, loads, and keeps nothing: %s', async (_, bytes) => {
    const client = new Keeping();
    await using cache = createMemoryCache({ client, wait: '200ms', local: false });
    await client.call('set', [place.text, bytes]);
    client.leads = 0;
    expect(await cache.lookup(place, () => 'Wien')).toMatchObject({ value: 'Wien', kept: 'not-led' });
    expect(client.leads).toBeGreaterThan(0);
    expect(client.leads).toBeLessThan(25);
  });
});
