import { describe, expect, it } from 'vitest';
import type { Argument } from './argument.ts';
import { Asking } from './asking.ts';
import { Call, type CallOwner, executedOf, type Safety } from './call.ts';

const PING = '*1\r\n$4\r\nPING\r\n';
const socket = {};

/** An owner that notes what it is told. */
class Notes implements CallOwner {
  readonly attempts: string[] = [];
  readonly settledCalls: Call[] = [];

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

it('is sent by its text once a node did not know its hash', () => {
  const { call, ends } = callOf('once', ['sha', 1, 'k']);
  call.becomeEval('return 1');
  expect(call.toWritable(socket)).toBe('*4\r\n$4\r\neval\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$1\r\nk\r\n');
  call.resolve(Buffer.from('value'));
  expect([ends, call.writes]).toEqual([['value'], 1]);
});

it('asking makes no promise, and leaves its failure to the command behind it', () => {
  const asking = new Asking();
  expect([asking.toWritable(socket), asking.promise]).toEqual(['*1\r\n$6\r\nasking\r\n', undefined]);
  expect(() => asking.reject()).not.toThrow();
});
