import { once } from 'node:events';
import { Cluster } from 'ioredis';
import type { Allowance, Decide, Decider } from './decider.ts';

/** What is in many tutorials: a counter that expires. */
export const inMulti: Decider = openWith(
  'MULTI: incr, pexpire NX',
  (cluster, { name, limit, perSeconds }) => {
    return async (subject) => {
      const key = `${name}:{${subject}}`;
      const replies = await cluster
        .multi()
        .incr(key)
        .pexpire(key, perSeconds * 1000, 'NX')
        .exec();
      const [error, count] = replies?.[0] ?? [new Error('no reply')];
      if (error) throw error;
      return (count as number) <= limit;
    };
  },
);

const LUA = `local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count`;

/** The same in one command. */
export const withLua: Decider = openWith('Lua: incr, pexpire', (cluster, { name, limit, perSeconds }) => {
  cluster.defineCommand('countUp', { numberOfKeys: 1, lua: LUA });
  const { countUp } = cluster as Cluster & { countUp: (key: string, ms: number) => Promise<number> };
  return async (subject) => (await countUp.call(cluster, `${name}:{${subject}}`, perSeconds * 1000)) <= limit;
});

function openWith(call: string, decides: (cluster: Cluster, allowance: Allowance) => Decide): Decider {
  return {
    name: 'ioredis',
    package: 'ioredis',
    call,
    async open(addresses) {
      const cluster = new Cluster([...addresses]);
      await once(cluster, 'ready');
      return {
        decides: (allowance) => decides(cluster, { ...allowance, name: `${allowance.name}:${call.length}` }),
        async [Symbol.asyncDispose]() {
          cluster.disconnect();
        },
      };
    },
  };
}
