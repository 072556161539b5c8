import type { Redis, RedisOptions } from 'ioredis';

/**
 * How often a connection that listens is asked whether it is alive, and how long it may take to say so, in milliseconds.
 */
export const PING_EVERY_MS = 250;
export const PING_LIMIT_MS = 750;

/**
 * A connection that listens and does nothing else. Whoever opens it replaces it when it ends: ioredis would subscribe again
 * by itself, and does not notice a node that is frozen.
 *
 * @param like - a connection of ioredis's to the node, with the options to connect with
 */
export function listeningLike(like: Redis, options: Partial<RedisOptions>): Redis {
  return like.duplicate({
    lazyConnect: true,
    readOnly: false,
    enableReadyCheck: false,
    retryStrategy: () => null,
    autoResubscribe: false,
    enableOfflineQueue: true,
    disconnectTimeout: 100,
    ...options,
  });
}
