import type { CacheClient } from './cache-client.ts';
import type { ClusterKey } from './cluster-tier.ts';
import { release } from './scripts/index.ts';
import { wakeChannelOf } from './wake-channel.ts';

/**
 * Removes an older value that a newer one could not replace, unless somebody else has replaced it by now. A process
 * that has seen the newer one would otherwise go back to it, and others would never leave it. It works when memory is
 * full.
 *
 * For a value that a set was to replace, `delete` is the right way instead: it is repeated until it is confirmed.
 *
 * @param head - the first bytes of the older value, as they were read
 * @throws what the client rejects with: then the older value may still be there
 */
export function removeOlder(
  client: Pick<CacheClient, 'run'>,
  key: ClusterKey,
  head: Buffer,
): Promise<'removed' | 'changed'> {
  return client.run(release, { entry: key }, { head, channel: wakeChannelOf(key.slot), note: '' });
}
