import { EventEmitter } from 'node:events';
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

/** What a guard needs of a connection: somewhere to put commands, and to hear that bytes came. */
class Connection extends EventEmitter {
  readonly status = 'ready';
  readonly stream = new EventEmitter();
  readonly commandQueue = { length: 1 };

  /** One that has ended refuses in the same call. */
  sendCommand(command: object): void {
    if (refuses) (command as Call).reject(new Error('Connection is closed.'));
    else sent.push(command);
  }

  ping(): Promise<string> {
    return new Promise(() => {});
  }
}

let connection: Redis;

/** Bytes come, and are an answer to these calls. */
function hear(...calls: readonly Call[]): void {
  connection.stream.emit('data', '+OK');
  for (const each of calls) each.resolve('OK');
}

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  states = [];
  refuses = false;
  owner = new Ledger();
  connection = new Connection() as unknown as Redis;
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

function call(): Call {
  const made = callOf({}, owner);
  made.expiresAt = Number.POSITIVE_INFINITY;
  return made;
}

/** A call whose time was over before anything was heard. */
async function unanswered(afterMs: number): Promise<Call> {
  const each = call();
  guard.admit(each);
  await vi.advanceTimersByTimeAsync(afterMs);
  each.expire();
  return each;
}

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

  it('opens after five calls in a row that ended in silence', async () => {
    for (let i = 0; i < 4; i++) await unanswered(250);
    expect(guard.breaker.state).toBe('closed');
    await unanswered(250);
    expect(states).toEqual(['open']);
  });

  it('does not take a short silence for a sign, however many calls it costs, and a long one soon', async () => {
    for (let i = 0; i < 9; i++) {
      const [a, b] = [call(), call()];
      guard.admit(a);
      guard.admit(b);
      await vi.advanceTimersByTimeAsync(20);
      a.expire();
      b.expire();
    }
    expect(states).toEqual([]);
    for (let i = 0; i < 6; i++) await unanswered(20);
    expect(states).toEqual(['open']);
  });

  it('takes an answer that comes too late for its call for an answer', async () => {
    for (let i = 0; i < 20; i++) {
      const each = await unanswered(250);
      await vi.advanceTimersByTimeAsync(40);
      hear(each);
    }
    expect(states).toEqual([]);
  });

  it('does not hold against the node what this process was too busy to hear', async () => {
    for (let round = 0; round < 10; round++) {
      const both = [call(), call()] as const;
      for (const each of both) guard.admit(each);
      // One look, however late.
      await vi.advanceTimersByTimeAsync(60);
      for (const each of both) each.expire();
      hear(...both);
    }
    expect(states).toEqual([]);
  });

  it('listens to the connection that takes the place of a lost one', async () => {
    guard.disconnected();
    connection = new Connection() as unknown as Redis;
    guard.connect(connection);
    for (let i = 0; i < 20; i++) hear(await unanswered(250));
    expect(states).toEqual([]);
  });

  it('does not take a slow node for one that hangs', async () => {
    for (let i = 0; i < 20; i++) {
      const [late, answered] = [call(), call()];
      guard.admit(late);
      guard.admit(answered);
      await vi.advanceTimersByTimeAsync(50);
      hear(answered);
      await vi.advanceTimersByTimeAsync(200);
      late.expire();
    }
    expect(states).toEqual([]);
  });

  it('counts a call as unanswered in silence only when nothing was heard since it was sent', async () => {
    guard.close();
    const policy = { breaker: { threshold: 5, probeAfterMs: 500 }, bulkhead: { inFlight: 10, queue: 2 } };
    guard = new Guard('a:1', connection, policy, (_, state) => void states.push(state));
    const answered = call();
    const late = Array.from({ length: 9 }, call);
    for (const each of [answered, ...late]) guard.admit(each);
    await vi.advanceTimersByTimeAsync(20);
    hear(answered);
    await vi.advanceTimersByTimeAsync(230);
    for (const each of late) each.expire();
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

  it('closes its breaker also where an answer takes longer than a probe at first', async () => {
    let pings = 0;
    connection.ping = () => {
      pings++;
      return new Promise<'PONG'>((resolve) => setTimeout(() => resolve('PONG'), 600));
    };
    guard.breaker.open();
    // 500 ms and a probe of 250 ms, 500 ms and one of 500 ms, 500 ms and one of a second.
    await vi.advanceTimersByTimeAsync(2_900);
    expect([pings, guard.breaker.state]).toEqual([3, 'closed']);
    guard.breaker.open();
    await vi.advanceTimersByTimeAsync(1_200);
    expect([pings, guard.breaker.state]).toEqual([4, 'closed']);
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

  it('never sends one whose time is over, though its deadline has not been noticed yet', async () => {
    const calls = [call(), call(), call(), call()] as const;
    for (const each of calls) guard.admit(each);
    calls[2].expiresAt = performance.now() + 100;
    calls[3].expiresAt = performance.now() + 500;
    await vi.advanceTimersByTimeAsync(100);
    calls[0].expire();
    expect(sent).toEqual([calls[0], calls[1], calls[3]]);
    calls[2].expire();
    expect([calls[2].settled, calls[2].writes, guard.inFlight]).toEqual([true, 0, 2]);
  });

  it('neither sends one that is tried again when its time is over', () => {
    const each = call();
    each.failures = 1;
    each.expiresAt = performance.now();
    guard.admit(each);
    expect([sent, guard.inFlight]).toEqual([[], 0]);
    each.expire();
    expect(each.settled).toBe(true);
  });

  it('hands back a call once that has two places in the queue, and none that was sent', () => {
    const calls = [call(), call(), call()] as const;
    for (const each of calls) guard.admit(each);
    guard.unanswered(calls[2], false);
    guard.admit(calls[2]);
    expect(guard.drain()).toEqual([calls[2]]);
    guard.admit(calls[2]);
    guard.unanswered(calls[2], false);
    guard.admit(calls[2]);
    calls[0].resolve('OK');
    expect([sent, guard.drain()]).toEqual([calls, []]);
  });

  it('sends a call once that came back while an old place of its was still in the queue', () => {
    const calls = [call(), call(), call()] as const;
    for (const each of calls) guard.admit(each);
    guard.unanswered(calls[2], false);
    guard.admit(calls[2]);
    calls[0].resolve('OK');
    calls[1].resolve('OK');
    expect([sent, guard.inFlight]).toEqual([calls, 1]);
    calls[2].resolve('OK');
    expect(guard.inFlight).toBe(0);
  });

  it('sends nothing that waited after the end', () => {
    const calls = [call(), call(), call()] as const;
    for (const each of calls) guard.admit(each);
    guard.close();
    for (const each of calls) each.fail(new Error('closed'));
    expect(sent).toEqual([calls[0], calls[1]]);
  });
});
