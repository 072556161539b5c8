import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cache, type InvalidationTold, tenantAccess } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { key } from '@keyslot/keys';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { ClusterUser } from './tenant-user.ts';

const test = testWith({ replicasPerPrimary: 1 });
const NAMESPACE = 'tenancy';
const placeById = key('places:{place:<id>}:detail').holds<string>();

describe('the user of one tenant, who hears what all have deleted,', () => {
  test('does not go on deleting it when a slot has a new owner and it may not', async ({ cluster }) => {
    await using user = await ClusterUser.create(
      cluster,
      tenantAccess({ namespace: NAMESPACE, tenant: 'acme' }),
    );
    await using everybody = await ClusterUser.create(cluster, '~* &* +@all');
    await using open = new AsyncDisposableStack();
    const [, cache] = await Promise.all(
      [user, everybody].map(async ({ connection }) => {
        const client = new ClusterClient({
          nodes: cluster.addresses,
          connection,
          selfCheck: false,
          deadline: '2s',
        });
        const opened = open.use(new Cache({ client: open.use(client), namespace: NAMESPACE }));
        await opened.ready('10s');
        return opened;
      }),
    );
    if (cache === undefined) throw new Error('Not opened');
    const place = placeById({ id: randomUUID() });
    const theirs = `${NAMESPACE}:@other:${place.text}`;
    const told: string[] = [];
    const hear = (message: unknown) => {
      const { template, outcome } = message as InvalidationTold;
      if (template === '<of another process>') told.push(outcome);
    };
    subscribe('keyslot:cache.invalidation', hear);
    open.defer(() => void unsubscribe('keyslot:cache.invalidation', hear));

    expect(await cache.forTenant('other').delete(place)).toMatchObject({ outcome: 'deleted' });
    // The message arrives.
    await sleep(200);
    await cluster.failover(cluster.primaryOf(theirs));
    await expect.poll(() => told, { timeout: 10_000 }).toContain('dropped');
    // Whatever the owner's change is heard of once more, it ends each time.
    await expect
      .poll(
        () =>
          told.filter((each) => each === 'repeated').length -
          told.filter((each) => each === 'dropped').length,
        {
          timeout: 5_000,
        },
      )
      .toBe(0);
    expect(await user.refusals()).toContainEqual({ reason: 'key', object: theirs, context: 'toplevel' });
  });
});
