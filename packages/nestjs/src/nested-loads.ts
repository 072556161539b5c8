import { AsyncLocalStorage } from 'node:async_hooks';
import type { MethodCache } from './instance-cache.ts';

/*
 * A method that is cached under a key may call another one that is cached under the same key: an override its
 * `super`, a controller its service. The inner call would join the load that waits for it, and neither would ever
 * end. So every load leaves a mark in its asynchronous context, and who finds the mark runs by itself: its result
 * becomes the outer one's, which is kept.
 */
interface Load {
  readonly cache: MethodCache;
  readonly text: string;
  readonly outer: Load | undefined;
  /** Work that outlives the load keeps its context. */
  isOver: boolean;
}

const context = new AsyncLocalStorage<Load>();

/** Whether the caller runs on behalf of a load of the same key. */
export function isInsideLoadOf(cache: MethodCache, text: string): boolean {
  for (let load = context.getStore(); load !== undefined; load = load.outer) {
    if (!load.isOver && load.text === text && load.cache === cache) return true;
  }
  return false;
}

/** Runs a load, marked as the one of this key. */
export async function loadInside<Value>(
  cache: MethodCache,
  text: string,
  run: () => Promise<Value>,
): Promise<Value> {
  const load: Load = { cache, text, outer: context.getStore(), isOver: false };
  try {
    return await context.run(load, run);
  } finally {
    load.isOver = true;
  }
}
