import type { TestNode } from './test-node.ts';

/** The first byte of a lease, in the place where an entry's kind is. */
const LEASE = 'L'.charCodeAt(0);

/** Keys that would stay for ever. Asks for counts first, since nearly always there are none. */
export async function keysWithoutExpiry(primaries: readonly TestNode[]): Promise<string[]> {
  const found = await Promise.all(
    primaries.map(async ({ admin }) => {
      const counts = /^db0:keys=(\d+),expires=(\d+)/m.exec(await admin.info('keyspace'));
      if (counts === null || counts[1] === counts[2]) return [];
      return filterKeys(admin, (batch) => pipelined(admin, 'pttl', batch, (ttl) => ttl === -1));
    }),
  );
  return found.flat();
}

/** Keys whose value begins as a lease does. */
export async function leases(primaries: readonly TestNode[]): Promise<string[]> {
  const found = await Promise.all(
    primaries.map(({ admin }) =>
      filterKeys(admin, (batch) =>
        pipelined(admin, 'getrangeBuffer', batch, (start) => (start as Buffer)[0] === LEASE),
      ),
    ),
  );
  return found.flat();
}

type Admin = TestNode['admin'];

async function filterKeys(
  admin: Admin,
  keep: (batch: readonly Buffer[]) => Promise<boolean[]>,
): Promise<string[]> {
  // A key may come twice from SCAN.
  const kept = new Set<string>();
  let cursor = '0';
  do {
    const [next, batch] = await admin.scanBuffer(cursor, 'COUNT', 1000);
    const verdicts = await keep(batch);
    for (const [i, key] of batch.entries()) if (verdicts[i]) kept.add(key.toString());
    cursor = next.toString();
  } while (cursor !== '0');
  return [...kept];
}

/** One question for each key in one round trip. A key of another type than text answers none: not kept. */
async function pipelined(
  admin: Admin,
  question: 'pttl' | 'getrangeBuffer',
  keys: readonly Buffer[],
  keep: (reply: unknown) => boolean,
): Promise<boolean[]> {
  const pipeline = admin.pipeline();
  for (const key of keys) {
    if (question === 'pttl') pipeline.pttl(key);
    else pipeline.getrangeBuffer(key, 0, 0);
  }
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, reply]) => error === null && keep(reply));
}
