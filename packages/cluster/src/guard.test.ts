import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BreakerState } from './breaker.ts';
import { callOf, Ledger } from './call.fixture.ts';
import type { Call, CallOwner } from './call.ts';
import { Guard } from './guard.ts';

let sent: object[];
let states: BreakerState[];
let guard: Guard;
let refuses: boolean;
let owner: CallOwner;

/** What a guard needs of a connection: somewhere to put commands. One that has ended refuses in the same call. */
const connection = {
  sendCommand: (command: object) => {
    if (refuses) (command as Call).reject(new Error('Connection is closed.'));
    else sent.push(command);
  },
  ping: () => new Promise<string>(() => {}),
} as unknown as Redis;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  states = [];
  refuses = false;
  owner = new Ledger();
  const policy = {
    breaker: { threshold: 5, probeAfterMs: 500 },
    bulkhead: { inFlight: 2, queue: 2 },
  };
  guard = new Guard('a:1', connection, policy, (_, state) => void states.push(state));
});
afterEach(() => {
  guard.close();
  vi.useRealTimers();
});

const call = () => callOf({}, owner);

describe('a guard', () => {
  it('sends so many calls, lets so many wait, and has no room for more', () => {
    const calls = [call(), call(), call(), call(), call()];
    expect(calls.map((each) => guard.admit(each))).toEqual([
      'sent',
      'sent',
      'queued',
      'queued',
      'overloaded',
    ]);
    expect([sent.length, guard.inFlight, calls[4]?.guard]).toEqual([2, 2, undefined]);
  });

  it('sends the next one when one was answered, in order', () => {
    const calls = [call(), call(), call(), call()] as const;
    for (const each of calls) guard.admit(each);
    calls[1].resolve('OK');
    calls[0].resolve('OK');
    expect([sent, guard.inFlight]).toEqual([calls, 2]);
  });

  it('never sends one that ended while it waited', () => {
    const calls = [call(), call(), call(), call()] as const;
    for (const each of calls) guard.admit(each);
    calls[2].fail(new Error('aborted'));
    calls[0].resolve('OK');
    expect(sent).toEqual([calls[0], calls[1], calls[3]]);
    for (const each of calls) each.resolve('OK');
    expect(guard.inFlight).toBe(0);
  });

  it('hands back those that wait when the connection is lost, and none that has ended', () => {
    const calls = [call(), call(), call(), call()] as const;
    for (const each of calls) guard.admit(each);
    calls[2].fail(new Error('aborted'));
    expect(guard.disconnected()).toEqual([calls[3]]);
    expect([guard.node, calls[3].guard]).toEqual([undefined, undefined]);
  });

  it('opens after five calls in a row that ended in silence', () => {
    for (let i = 0; i < 4; i++) {
      const each = call();
      guard.admit(each);
      each.expire();
    }
    expect(guard.breaker.state).toBe('closed');
    const last = call();
    guard.admit(last);
    last.expire();
    expect(states).toEqual(['open']);
  });

  it('does not take a slow node for one that hangs', () => {
    for (let i = 0; i < 20; i++) {
      const [late, answered] = [call(), call()];
      guard.admit(late);
      guard.admit(answered);
      answered.resolve('OK');
      late.expire();
    }
    expect(states).toEqual([]);
  });

  it('does not hold an ended wait or an abort against the node', () => {
    for (let i = 0; i < 20; i++) {
      const each = call();
      guard.admit(each);
      each.fail(new Error('aborted'));
    }
    expect([states, guard.inFlight]).toEqual([[], 0]);
  });

  it('survives a connection that refuses a long queue within the very call that sends', async () => {
    const many = 20_000;
    guard.close();
    const policy = {
      breaker: { threshold: 5, probeAfterMs: 500 },
      bulkhead: { inFlight: 2, queue: many },
    };
    guard = new Guard('a:1', connection, policy, () => {});
    owner = {
      attemptFailed: (each, error) => {
        each.guard?.lost(each);
        each.fail(error);
      },
      expired: () => {},
      settled: () => {},
    };
    const calls = Array.from({ length: many }, call);
    for (const each of calls) guard.admit(each);
    refuses = true;
    calls[0]?.reject(new Error('Connection is closed.'));
    await vi.advanceTimersByTimeAsync(10);
    expect(calls.filter(({ settled }) => !settled)).toEqual([calls[1]]);
    expect(guard.inFlight).toBe(1);
  });

  it('sends nothing that waited after the end', () => {
    const calls = [call(), call(), call()] as const;
    for (const each of calls) guard.admit(each);
    guard.close();
    for (const each of calls) each.fail(new Error('closed'));
    expect(sent).toEqual([calls[0], calls[1]]);
  });
});
