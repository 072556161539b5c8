import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ClusterClient, defineScript, type LuaSource } from '@keyslot/cluster';
import type { Decider } from './decider.ts';

const text = readFileSync(
  new URL('../../../packages/rate-limit/src/scripts/gcra.lua', import.meta.url),
  'utf8',
);

const source: LuaSource<'counters', { charge: number; capacity: number }> = {
  name: 'equal',
  text,
  sha1: createHash('sha1').update(text).digest('hex'),
  keys: ['counters'],
  args: ['charge', 'capacity'],
};

const script = defineScript(source, 'once', Number);

/** The limiter's own script through the client, with nothing around it: what is left for the limiter to cost. */
export const equalScript: Decider = {
  name: 'equal script',
  package: '@keyslot/cluster',
  call: 'client.run, nothing around it',
  async open(addresses) {
    const client = new ClusterClient({ nodes: addresses });
    await client.ready('20s');
    return {
      decides({ name, limit, perSeconds }) {
        const charge = Math.ceil((perSeconds * 1e6) / limit);
        const args = { charge, capacity: limit * charge };
        return async (subject) => {
          const level = await client.run(script, { counters: `bench:${name}:{${subject}}` }, args);
          return level >= 0;
        };
      },
      [Symbol.asyncDispose]: () => client.close(),
    };
  },
};
