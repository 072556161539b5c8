import type { Argument } from './argument.ts';
import type { Safety } from './call.ts';

const READS = new Set(
  `get mget getrange strlen exists ttl pttl expiretime pexpiretime type dump hget hmget hgetall hkeys hvals hlen
   hexists hstrlen lrange lindex llen smembers sismember smismember scard srandmember zrange zrangebyscore
   zscore zmscore zcard zcount zrank zrevrank bitcount getbit bitpos object ping time info dbsize
   command echo pfcount xlen xrange xrevrange geopos geodist geosearch scan sscan hscan zscan
   eval_ro evalsha_ro`.split(/\s+/),
);

const IDEMPOTENT = new Set(
  `del unlink mset setex psetex setrange setbit expire pexpire expireat pexpireat persist hset hdel hmset sadd
   srem zrem pfadd touch`.split(/\s+/),
);

/** Of the commands that have subcommands, those that only tell something. */
const TELLING = new Set(
  `cluster|info cluster|myid cluster|myshardid cluster|nodes cluster|shards cluster|slots cluster|links cluster|keyslot
   cluster|countkeysinslot cluster|getkeysinslot cluster|replicas memory|usage memory|stats memory|doctor
   script|exists`.split(/\s+/),
);

/** Options that make SET's reply depend on what it found. */
const SET_CONDITIONS = new Set(['nx', 'xx', 'get', 'ifeq', 'ifne', 'ifdeq', 'ifdne']);

/** What repeating a command may do. A command that is not known is not repeated. */
export function safetyOf(name: string, args: readonly Argument[]): Safety {
  if (READS.has(name)) return 'read';
  if (TELLING.has(`${name}|${String(args[0]).toLowerCase()}`)) return 'read';
  if (IDEMPOTENT.has(name)) return 'idempotent';
  if (name === 'set') {
    const conditional = args
      .slice(2)
      .some(
        (arg) => typeof arg !== 'number' && arg.length <= 5 && SET_CONDITIONS.has(String(arg).toLowerCase()),
      );
    return conditional ? 'once' : 'idempotent';
  }
  return 'once';
}
