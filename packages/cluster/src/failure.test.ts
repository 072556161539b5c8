import { ReplyError } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { classify, redirectOf } from './failure.ts';

const reply = (message: string) => new (ReplyError as new (message: string) => Error)(message);

describe("a server's reply", () => {
  it.each([
    ['MOVED 3999 127.0.0.1:6381', 'redirect'],
    ['ASK 3999 127.0.0.1:6381', 'redirect'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'try-again'],
    ['NOSCRIPT No matching script. Please use EVAL.', 'no-script'],
    ['CLUSTERDOWN The cluster is down', 'unavailable'],
    ['CLUSTERDOWN Hash slot not served', 'unavailable'],
    ['LOADING Redis is loading the dataset in memory', 'unavailable'],
    ["READONLY You can't write against a read only replica.", 'unavailable'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'unavailable'],
    ['NOREPLICAS Not enough good replicas to write.', 'unavailable'],
    ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'unavailable'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'answered'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'answered'],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'answered'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'answered'],
    ['NOAUTH Authentication required.', 'answered'],
    ['ERR Connection is closed, says a script', 'answered'],
    ['constructor is what a script may begin with', 'answered'],
  ])('%s', (message, failure) => {
    expect(classify(reply(message), 'get')).toBe(failure);
    expect(classify(reply(message), 'evalsha')).toBe(failure);
  });

  it.each([
    'MOVED away',
    'ASK somebody else',
    'TRYAGAIN later',
    'NOSCRIPT of mine',
    'CLUSTERDOWN for lunch',
    'LOADING',
    'READONLY',
    'MASTERDOWN',
    'NOREPLICAS',
    'BUSY',
  ])('%s: what a script says after it has done something', (message) => {
    expect([classify(reply(message), 'eval'), classify(reply(message), 'evalsha')]).toEqual([
      'answered',
      'answered',
    ]);
  });

  it('that a script is not known means something only where it was sent by its hash', () => {
    const message = 'NOSCRIPT No matching script. Please use EVAL.';
    expect([classify(reply(message), 'eval'), classify(reply(message), 'evalsha_ro')]).toEqual([
      'answered',
      'no-script',
    ]);
  });
});

describe("ioredis's own words", () => {
  it.each([
    ['Connection is closed.', 'closed'],
    ["Socket timeout. Expecting data, but didn't receive any in 1000ms.", 'closed'],
    ['Reached the max retries per request limit (which is 20).', 'closed'],
    ['Command aborted due to connection close', 'closed'],
    ['Protocol error, got "H" as reply type byte. Please report this.', 'closed'],
    ['Something that a later version says', 'closed'],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'unavailable'],
  ])('%s', (message, failure) => {
    expect(classify(new Error(message), 'get')).toBe(failure);
  });

  it('and errors of the system, which end connections', () => {
    const error = Object.assign(new Error('read ECONNRESET'), { syscall: 'read', code: 'ECONNRESET' });
    expect(classify(error, 'get')).toBe('closed');
  });
});

describe('a redirect', () => {
  it('names its slot and its node', () => {
    expect(redirectOf('ASK 3999 127.0.0.1:6381')).toEqual({
      kind: 'ASK',
      slot: 3_999,
      address: '127.0.0.1:6381',
    });
    expect(redirectOf('MOVED 0 db.example:6379')).toEqual({
      kind: 'MOVED',
      slot: 0,
      address: 'db.example:6379',
    });
  });

  it.each([
    'TRYAGAIN Multiple keys',
    'MOVED __proto__ 127.0.0.1:1',
    'MOVED 16384 127.0.0.1:1',
    'MOVED 5',
    '',
  ])('is none: %j', (message) => {
    expect(redirectOf(message)).toBeUndefined();
  });
});
