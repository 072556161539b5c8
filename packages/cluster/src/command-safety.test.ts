import { describe, expect, it } from 'vitest';
import type { Argument } from './argument.ts';
import { safetyOf } from './command-safety.ts';

describe('what repeating a command may do', () => {
  it.each<[string, Argument[], string]>([
    ['get', ['k'], 'read'],
    ['mget', ['{k}1', '{k}2'], 'read'],
    ['hgetall', ['k'], 'read'],
    ['evalsha_ro', ['sha', 0], 'read'],
    ['del', ['k'], 'idempotent'],
    ['pexpire', ['k', 1000], 'idempotent'],
    ['hset', ['k', 'f', 'v'], 'idempotent'],
    ['incr', ['k'], 'once'],
    ['lpush', ['k', 'v'], 'once'],
    ['append', ['k', 'v'], 'once'],
    ['getdel', ['k'], 'once'],
    ['publish', ['c', 'm'], 'once'],
    ['eval', ['return 1', 0], 'once'],
    ['evalsha', ['sha', 0], 'once'],
    ['fcall', ['f', 0], 'once'],
    ['a.module.command', ['k'], 'once'],
    ['constructor', [], 'once'],
    ['cluster', ['INFO'], 'read'],
    ['cluster', ['RESET'], 'once'],
    ['cluster', ['failover', 'force'], 'once'],
    ['memory', ['usage', 'k'], 'read'],
    ['memory', ['purge'], 'once'],
    ['script', ['flush'], 'once'],
    ['flushall', [], 'once'],
  ])('%s %j: %s', (name, args, safety) => {
    expect(safetyOf(name, args)).toBe(safety);
  });

  it.each<[Argument[], string]>([
    [['k', 'v'], 'idempotent'],
    [['k', 'v', 'PX', 1000], 'idempotent'],
    [['k', 'v', 'px', 1000, 'nx'], 'once'],
    [['k', 'v', 'XX'], 'once'],
    [['k', 'v', 'NX', 'GET', 'PX', 1000], 'once'],
    [['nx', 'xx', 'PX', 1000], 'idempotent'],
    [['k', Buffer.from('NX')], 'idempotent'],
    [['k', 'v', Buffer.from('NX')], 'once'],
  ])('set %j: %s', (args, safety) => {
    expect(safetyOf('set', args)).toBe(safety);
  });
});
