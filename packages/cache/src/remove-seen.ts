import type { CacheClient } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import { release } from './scripts/index.ts';
import { wakeChannelOf } from './wake-channel.ts';

/**
 * Removes what begins with a head, unless somebody else has replaced it by now: bytes that cannot be decoded, or an
 * older value that a newer one could not replace. It works when memory is full.
 *
 * For a value that a set was to replace, `delete` is the right way instead: it is repeated until it is confirmed.
 *
 * @param head - the first bytes, as they were read
 * @throws what the client rejects with: then it may still be there
 */
export function removeSeen(
  client: Pick<CacheClient, 'run'>,
  key: ClusterKey,
  head: Buffer,
): Promise<'removed' | 'changed'> {
  return client.run(release, { entry: key }, { head, channel: wakeChannelOf(key.slot), note: '' });
}
