import type { Cluster } from 'ioredis';
import { Asking } from './asking.ts';
import type { BreakerState } from './breaker.ts';
import { type Call, type CallOwner, endWithSignal, executedOf } from './call.ts';
import { tellAttempt, tellBreaker, tellConnection, tellRejection } from './channels.ts';
import { connectTo, reachOf, refresh } from './connections.ts';
import { Deadlines } from './deadlines.ts';
import {
  ClientClosedError,
  DeadlineExceededError,
  OutcomeUnknownError,
  OverloadedError,
  ShardUnavailableError,
  SupersededError,
} from './errors.ts';
import { classify, redirectOf } from './failure.ts';
import type { Guard } from './guard.ts';
import { Guards } from './guards.ts';
import { KeyOrder } from './key-order.ts';
import { OwnerListeners } from './owner-listeners.ts';
import { Parking } from './parking.ts';
import type { Policy } from './policy.ts';
import { Refresher } from './refresher.ts';
import { codeOf, commandFailed } from './server-error.ts';
import { SlotTable } from './slot-table.ts';
import { WritesUnderWay } from './writes-under-way.ts';

/** How many redirects in a row are followed at once: nodes that point at each other are given time to agree. */
const MOST_REDIRECTS = 5;

/**
 * Sends calls and decides what happens to those that fail.
 *
 * ```
 *   start ─▶ slot ─▶ node's guard: breaker, bulkhead ─▶ its connection ─▶ one write per tick ─▶ value
 *              │ none    │ open      │ full: OverloadedError   │ MOVED, ASK: at once at the node that it names
 *              │         │           └ queued                  │ NOSCRIPT: at once as EVAL
 *              ▼         ▼                                     ▼ refused for now, or connection lost
 *            parked ◀──────────────────────────── harmless to repeat? ── no ─▶ OutcomeUnknownError
 *              │ the topology or a breaker changed, or the backoff is over and the budget allows
 *              ▼
 *            slot …        and whatever happens, the deadline ends it: DeadlineExceededError
 * ```
 *
 * A write whose key has an earlier write that is being retried waits for its turn behind it.
 */
export class Dispatcher implements CallOwner {
  readonly owners = new OwnerListeners();
  readonly slots: SlotTable;
  readonly guards: Guards;
  readonly isIdle = (): boolean => this.#deadlines.isEmpty;
  readonly #cluster: Cluster;
  readonly #deadlines = new Deadlines(() => performance.now());
  readonly #parking: Parking;
  readonly #order = new KeyOrder(
    (call) => this.#superseded(call),
    new WritesUnderWay(() => this.#deadlines as Iterable<Call>),
  );
  readonly #refresher: Refresher;
  readonly #onTopology: () => void;
  readonly #ownerOf = (slot: number) => this.guards.primaryOf(slot);
  readonly #refreshed = () => {
    this.#refresher.rest();
    const changed = this.slots.refresh();
    if (changed.size > 0) this.#order.ownerChanged(changed, this.#ownerOf);
    if (changed.size > 0) this.owners.tell((slot) => changed.has(slot));
    this.#onTopology();
    this.#parking.release();
  };
  #made = 0;
  #closed = false;

  constructor(cluster: Cluster, isOurs: boolean, policy: Policy, onTopology: () => void) {
    this.#cluster = cluster;
    this.#onTopology = onTopology;
    this.#refresher = new Refresher(() => refresh(cluster, isOurs));
    this.slots = new SlotTable(cluster);
    this.#parking = new Parking(policy.bulkhead.queue, (call) => this.#dispatch(call));
    this.guards = new Guards(cluster, this.slots, policy, {
      onLost: (guard, waiting) => this.#nodeLost(guard, waiting),
      onBreaker: (guard, state) => this.#breakerChanged(guard, state),
    });
    cluster.on('refresh', this.#refreshed);
  }

  /** Asks for the topology soon. */
  refreshSoon(): void {
    this.#refresher.soon();
  }

  /** Sends a call. It will be settled: with a value, an error, or by its deadline. */
  start(call: Call): void {
    if (this.#closed) {
      call.fail(new ClientClosedError(call.command, 'no'));
      return;
    }
    if (call.signal !== undefined) endWithSignal(call);
    if (call.settled) return;
    call.madeAs = this.#made++;
    this.#deadlines.add(call, call.readFrom === 'prefer-replica' ? call.deadlineMs / 2 : call.deadlineMs);
    this.#dispatch(call);
  }

  attemptFailed(call: Call, error: Error): void {
    const failure = classify(error, call.name);
    tellAttempt({ command: call.name, failure, shard: call.guard?.id });
    call.guard?.budget.giveBack(call);
    if (failure === 'closed') call.guard?.lost(call);
    else call.guard?.answered(call);
    if (failure !== 'closed' && failure !== 'answered') call.wasRefused();
    if (call.isOvertaken && failure !== 'answered') {
      this.#superseded(call);
      return;
    }
    switch (failure) {
      case 'redirect':
        return this.#follow(call, error.message);
      case 'no-script':
        // Without its text it was the caller who chose to send a hash: the answer is the caller's, too.
        if (call.script === undefined) {
          call.fail(commandFailed(call, error.message));
        } else {
          call.becomeEval(call.script);
          // What was sent behind it is executed before it: it is a retry like any other.
          if (this.#order.hold(call) !== 'ended') this.#dispatch(call);
        }
        return;
      case 'try-again':
        this.#wait(call);
        return;
      case 'unavailable':
        this.#away(call, codeOf(error.message) ?? 'not connected');
        return;
      case 'closed':
        if (call.writes === 0 || call.safety === 'read' || (call.safety === 'idempotent' && call.waits)) {
          call.wasLost();
          this.#away(call, 'its connection was lost');
        } else {
          call.fail(new OutcomeUnknownError(call.command));
        }
        return;
      case 'answered':
        call.fail(commandFailed(call, error.message));
    }
  }

  expired(call: Call): void {
    if (call.readFrom === 'prefer-replica') {
      this.#deadlines.add(call, call.deadlineMs / 2);
      if (this.guards.turnToPrimary(call)) this.#dispatch(call);
      return;
    }
    call.guard?.unanswered(call, true);
    call.fail(new DeadlineExceededError(call.command, call.deadlineMs, executedOf(call)));
  }

  settled(call: Call, how: 'answered' | 'given-up'): void {
    this.#deadlines.remove(call);
    if (how === 'answered') {
      call.guard?.budget.answered(call);
      call.guard?.answered(call);
    } else call.guard?.unanswered(call, false);
    if (call.abort !== undefined) call.signal?.removeEventListener('abort', call.abort);
    if (call.isParked) this.#parking.take(call);
    if (!this.#order.isEmpty) this.#nextOf(call, how);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cluster.off('refresh', this.#refreshed);
    this.#parking.close();
    this.#refresher.close();
    // First: the place of a call that is ended here must not go to one that waits.
    this.guards.close();
    for (const call of this.#deadlines.stop() as Call[]) {
      call.fail(new ClientClosedError(call.command, executedOf(call)));
    }
  }

  #dispatch(call: Call): void {
    if (call.settled) return;
    const guard = this.guards.forCall(call);
    const turn = this.#order.isEmpty ? 'go' : this.#order.enter(call, guard);
    if (turn === 'ended') return;
    if (turn === 'wait') {
      if (call.waits) this.#park(call);
      else this.#reject(call, 'another write of the key is under way');
    } else if (guard === undefined) {
      this.#away(call, 'no connection');
    } else if (guard.breaker.state !== 'closed') {
      this.#away(call, 'its breaker is open');
    } else if (!guard.budget.allows(call)) {
      this.#wait(call);
    } else if (guard.admit(call) === 'overloaded') this.#overloaded(call, guard.id);
  }

  /** Those behind a write that has ended have their turn, unless they are under way already. */
  #nextOf(call: Call, how: 'answered' | 'given-up'): void {
    for (const next of this.#order.leave(call, how)) {
      if (!next.isParked || this.#closed) continue;
      this.#parking.take(next);
      // Not within the end of the one before: a long line of calls that fail at once would be as deep a stack.
      queueMicrotask(() => this.#dispatch(next));
    }
  }

  /** There is nobody to ask now; what was sent before may be sent again. */
  #away(call: Call, why: string): void {
    this.#refresher.soon();
    if (call.readFrom === 'prefer-replica' && call.failures === 0) {
      call.failures++;
      this.#dispatch(call);
      return;
    }
    if (call.waits && !this.#closed) this.#wait(call);
    else this.#reject(call, why);
  }

  /** Nothing is wrong but the time: to give up at once would be a false alarm. */
  #wait(call: Call): void {
    call.redirects = 0;
    if (call.safety === 'read' || this.#order.hold(call) !== 'ended') this.#park(call);
  }

  #park(call: Call): void {
    const primary = call.slot === undefined ? undefined : this.slots.primaryOf(call.slot);
    if (this.#parking.park(call, primary) === 'overloaded') this.#overloaded(call, undefined);
  }

  #overloaded(call: Call, shard: string | undefined): void {
    tellRejection({ command: call.name, why: 'overloaded', shard });
    call.fail(new OverloadedError(call.command, executedOf(call)));
  }

  #reject(call: Call, why: string): void {
    tellRejection({ command: call.name, why, shard: undefined });
    call.fail(new ShardUnavailableError(call.command, why));
  }

  /** Asks the node that a redirect names. */
  #follow(call: Call, redirect: string): void {
    this.#refresher.soon();
    const to = redirectOf(redirect);
    if (to === undefined) {
      this.#wait(call);
      return;
    }
    const address = reachOf(this.#cluster, to.address);
    if (to.kind === 'MOVED' && this.slots.moved(to.slot, address) === 'new') {
      this.#order.ownerChanged(new Set([to.slot]), this.#ownerOf);
      // Told before it is followed: what the new owner has may be older than what the old one confirmed last.
      this.owners.tell((slot) => slot === to.slot);
    }
    if (call.readFrom !== 'primary') {
      // A replica that sends us away no longer has the slot.
      call.readFrom = 'primary';
      call.failures++;
    }
    // A command whose keys were not recognised is sent to where they are, from now on.
    call.slot ??= to.slot;
    if (++call.redirects > MOST_REDIRECTS) {
      this.#wait(call);
      return;
    }
    if (this.guards.at(address) === undefined) connectTo(this.#cluster, address);
    const guard = this.guards.at(address);
    if (to.kind === 'MOVED') {
      this.#dispatch(call);
    } else if (guard === undefined || guard.breaker.state !== 'closed') {
      this.#away(call, 'the node that takes its slot over is away');
    } else {
      guard.admitAsking(call, new Asking());
    }
  }

  #superseded(call: Call): void {
    call.fail(new SupersededError(call.command, executedOf(call)));
  }

  #nodeLost(guard: Guard, waiting: readonly Call[]): void {
    tellConnection({ node: guard.address, state: 'lost' });
    if (this.#closed) return;
    this.#refresher.soon();
    for (const call of waiting) this.#dispatch(call);
    this.owners.tell((slot) => this.slots.primaryOf(slot) === guard.address);
  }

  #breakerChanged(guard: Guard, state: BreakerState): void {
    tellBreaker({ shard: guard.id, state });
    if (this.#closed) return;
    this.#refresher.soon();
    if (state === 'closed') this.#parking.release();
    if (state !== 'open') return;
    for (const call of guard.drain()) this.#dispatch(call);
    this.guards.verifyWhenMostAreOpen();
  }
}
