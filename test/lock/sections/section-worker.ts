import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import { Locks } from '@keyslot/lock';

/** What a worker is started with. */
export interface SectionArgument {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly resources: readonly string[];
  readonly lanes: number;
  readonly ttlMs: number;
}

/** What is asked of the resource, under the number of the lock, or told of it. */
export type Asked =
  | { readonly kind: 'ready' }
  | { readonly kind: 'read'; readonly id: number; readonly resource: string; readonly fencing: number }
  | {
      readonly kind: 'write';
      readonly id: number;
      readonly resource: string;
      readonly fencing: number;
      readonly base: number;
      /** Whether the writer believes that it holds the lock. */
      readonly isHeld: boolean;
    }
  | { readonly kind: 'failed'; readonly code: string };

/** What the resource answers: the version that is there now, unless the number is too small. */
export interface Answered {
  readonly id: number;
  readonly version: number | undefined;
}

const { nodes, resources, lanes, ttlMs } = JSON.parse(process.argv[2] ?? '{}') as SectionArgument;
const client = new ClusterClient({ nodes, deadline: '1s' });
const locks = new Locks({ client, ttl: ttlMs, wait: '60s' });
await client.ready('20s');

const answers = new Map<number, (version: number | undefined) => void>();
let asked = 0;

process.on('message', ({ id, version }: Answered) => {
  answers.get(id)?.(version);
  answers.delete(id);
});
process.on('disconnect', () => process.exit());
process.send?.({ kind: 'ready' } satisfies Asked);
await Promise.all(Array.from({ length: lanes }, () => work()));

function ask(what: (id: number) => Asked): Promise<number | undefined> {
  const id = ++asked;
  return new Promise((resolve) => {
    answers.set(id, resolve);
    process.send?.(what(id));
  });
}

/** Section after section. It writes without looking whether it holds the lock still: the resource decides. */
async function work(): Promise<never> {
  for (;;) {
    const resource = resources[Math.floor(Math.random() * resources.length)] ?? '';
    try {
      const lock = await locks.acquire(resource);
      const { fencing } = lock;
      const base = await ask((id) => ({ kind: 'read', id, resource, fencing }));
      if (base !== undefined) {
        await sleep(Math.random() * 3);
        const { isHeld } = lock;
        await ask((id) => ({ kind: 'write', id, resource, fencing, base, isHeld }));
      }
      await lock.release();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      process.send?.({ kind: 'failed', code } satisfies Asked);
      await sleep(20);
    }
  }
}
