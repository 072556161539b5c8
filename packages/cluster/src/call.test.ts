import { Cluster } from 'ioredis';
import { describe, expect, it } from 'vitest';
import type { Argument } from './argument.ts';
import { Call, type CallOwner, executedOf, type Safety } from './call.ts';
import { Asking, Repeat } from './repeat.ts';

const PING = '*1\r\n$4\r\nPING\r\n';
const socket = {};

/** An owner that notes what it is told, and deals with redirects as the dispatcher does. */
class Notes implements CallOwner {
  readonly attempts: string[] = [];
  readonly settledCalls: Call[] = [];

  leavesToIoredis(error: Error): boolean {
    return error.message.startsWith('MOVED');
  }

  attemptFailed(call: Call, error: Error): void {
    this.attempts.push(error.message);
    if (call.safety === 'once') call.fail(error);
  }

  expired(call: Call): void {
    call.fail(new Error('expired'));
  }

  settled(call: Call): void {
    this.settledCalls.push(call);
  }
}

function callOf(safety: Safety = 'once', args: Argument[] = ['k'], encoding: BufferEncoding | null = 'utf8') {
  const owner = new Notes();
  const call = new Call(owner, 'incr', args, 1, safety, 250, encoding);
  const ends: unknown[] = [];
  call.onValue = (value) => ends.push(value);
  call.onError = (error) => ends.push(error.message);
  return { call, owner, ends };
}

describe('a call', () => {
  it('is written as the command, and counts that', () => {
    const { call } = callOf('once', ['k', 5, 'ä']);
    expect([call.writes, executedOf(call)]).toEqual([0, 'no']);
    expect(call.toWritable(socket)).toBe('*4\r\n$4\r\nincr\r\n$1\r\nk\r\n$1\r\n5\r\n$2\r\nä\r\n');
    expect([call.writes, executedOf(call)]).toEqual([1, 'unknown']);
  });

  it('is written as bytes when one of its arguments is bytes', () => {
    const { call } = callOf('once', ['k', Buffer.from([0xff, 0x0d])]);
    expect(call.toWritable(socket)).toEqual(
      Buffer.concat([
        Buffer.from('*3\r\n$4\r\nincr\r\n$1\r\nk\r\n$2\r\n'),
        Buffer.from([0xff, 0x0d, 0x0d, 0x0a]),
      ]),
    );
  });

  it('leaves the arguments that it was given as they are', () => {
    const args: Argument[] = ['k', 5];
    callOf('once', args).call.toWritable(socket);
    expect(args).toEqual(['k', 5]);
  });

  it('gives its reply as text or as bytes', () => {
    const text = callOf();
    text.call.resolve([Buffer.from('ä'), 1, null]);
    const bytes = callOf('read', ['k'], null);
    bytes.call.resolve(Buffer.from([0xff]));
    expect([text.ends, bytes.ends]).toEqual([[['ä', 1, null]], [Buffer.from([0xff])]]);
  });

  it('makes no promise of its own, which nobody would handle', () => {
    expect(callOf().call.promise).toBeUndefined();
  });

  it('ends once', () => {
    const { call, owner, ends } = callOf();
    call.resolve(1);
    call.resolve(2);
    call.reject(new Error('late'));
    call.expire();
    call.fail(new Error('later'));
    expect([ends, owner.settledCalls, owner.attempts]).toEqual([[1], [call], []]);
  });

  it('asks its owner when an attempt fails', () => {
    const { call, owner, ends } = callOf('read');
    call.reject(new Error('MOVED'));
    expect([owner.attempts, ends, call.settled]).toEqual([['MOVED'], [], false]);
  });

  it('keeps no timer of ioredis: the deadline is its own', () => {
    const { call, ends } = callOf();
    (call as unknown as { setTimeout(ms: number): void }).setTimeout(0);
    (call as unknown as { setBlockingTimeout(ms: number): void }).setBlockingTimeout(-1);
    expect([ends, call]).toEqual([
      [],
      expect.not.objectContaining({ _commandTimeoutTimer: expect.anything() }),
    ]);
  });
});

describe('a call that ended before it was written', () => {
  it('is written as a PING, so that the replies behind it stay in step', () => {
    const { call, ends } = callOf();
    call.expire();
    expect(call.toWritable(socket)).toBe(PING);
    call.resolve(Buffer.from('PONG'));
    expect([ends, call.writes, executedOf(call)]).toEqual([['expired'], 0, 'no']);
  });

  it('also where it went by way of the cluster', () => {
    const { call, ends } = callOf();
    const repeat = new Repeat(call);
    call.expire();
    expect(repeat.toWritable(socket)).toBe(PING);
    repeat.resolve(Buffer.from('PONG'));
    expect(ends).toEqual(['expired']);
  });
});

describe('what is known about its execution', () => {
  it('is again that it was not executed, once a node has refused it', () => {
    const { call } = callOf();
    call.toWritable(socket);
    call.wasRefused();
    expect(executedOf(call)).toBe('no');
    call.toWritable(socket);
    expect(executedOf(call)).toBe('unknown');
  });

  it('stays unknown for an attempt that was lost, however often it is refused later', () => {
    const { call } = callOf('idempotent');
    call.toWritable(socket);
    call.wasLost();
    call.toWritable(socket);
    call.wasRefused();
    expect(executedOf(call)).toBe('unknown');
  });

  it('keeps one that must not be doubled from being written by ioredis a second time', () => {
    const once = callOf('once');
    once.call.toWritable(socket);
    expect(once.call.toWritable(socket)).toBe(PING);
    expect(once.ends).toEqual(['Connection is closed.']);

    const read = callOf('read');
    read.call.toWritable(socket);
    expect(read.call.toWritable(socket)).not.toBe(PING);
  });
});

describe('an attempt by way of the cluster', () => {
  /** As ioredis does it in `Cluster#sendCommand`. */
  function throughIoredis(repeat: Repeat) {
    const handled: string[] = [];
    const reject = repeat.reject;
    repeat.reject = (error) => {
      handled.push(error.message);
      if (error.message.includes('give up')) reject.call(repeat, new Error('Too many Cluster redirections.'));
    };
    return handled;
  }

  it('lets ioredis follow redirects, which says that nothing was executed', () => {
    const { call, owner } = callOf();
    const repeat = new Repeat(call);
    const handled = throughIoredis(repeat);
    repeat.toWritable(socket);
    repeat.reject(new Error('MOVED 1 a:1'));
    expect([handled, owner.attempts, executedOf(call)]).toEqual([['MOVED 1 a:1'], [], 'no']);
    expect(repeat.toWritable(socket)).not.toBe(PING);
  });

  it('keeps everything else from it: it would repeat what may have been executed', () => {
    const { call, owner } = callOf('read');
    const repeat = new Repeat(call);
    const handled = throughIoredis(repeat);
    repeat.toWritable(socket);
    repeat.reject(new Error('Connection is closed.'));
    expect([handled, owner.attempts, call.writes]).toEqual([[], ['Connection is closed.'], 1]);
  });

  it('is told when ioredis gives up', () => {
    const { call, owner } = callOf('read');
    const repeat = new Repeat(call);
    throughIoredis(repeat);
    repeat.reject(new Error('MOVED give up'));
    expect(owner.attempts).toEqual(['Too many Cluster redirections.']);
  });

  it('fails at once with a cluster that has ended', () => {
    const { call, owner } = callOf('read');
    const cluster = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true });
    cluster.disconnect();
    void cluster.sendCommand(new Repeat(call) as unknown as Parameters<Cluster['sendCommand']>[0]);
    expect(owner.attempts).toEqual(['Connection is closed.']);
  });

  it('sends what the call is by then, and its reply is read as that of the call', () => {
    const { call, ends } = callOf('once', ['sha', 1, 'k']);
    call.becomeEval('return 1');
    const repeat = new Repeat(call);
    expect(repeat.toWritable(socket)).toBe('*4\r\n$4\r\neval\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$1\r\nk\r\n');
    repeat.resolve(Buffer.from('value'));
    expect([ends, call.writes]).toEqual([['value'], 1]);
  });
});

it('asking makes no promise, and leaves its failure to the command behind it', () => {
  const asking = new Asking();
  expect([asking.toWritable(socket), asking.promise]).toEqual(['*1\r\n$6\r\nasking\r\n', undefined]);
  expect(() => asking.reject()).not.toThrow();
});
