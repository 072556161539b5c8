import type { Cluster, Redis } from 'ioredis';
import { type Call, type CallOwner, executedOf, Repeat } from './call.ts';
import { tellAttempt, tellConnection } from './channels.ts';
import { Deadlines } from './deadlines.ts';
import {
  ClientClosedError,
  CommandFailedError,
  DeadlineExceededError,
  OutcomeUnknownError,
  ShardUnavailableError,
} from './errors.ts';
import { classify } from './failure.ts';
import { addressOf, NodeTable } from './node-table.ts';
import { Parking } from './parking.ts';
import { SlotOwners } from './slot-owners.ts';

/** Told when a primary was lost or slots passed to another one, with a test that says whether a slot is concerned. */
export type OwnerChangeListener = (concerns: (slot: number) => boolean) => void;

/**
 * Sends calls and decides what happens to those that fail.
 *
 * ```
 *   start ─▶ slot ─▶ primary's connection ─▶ one socket write per tick ─▶ value
 *              │ none            │ MOVED, ASK, TRYAGAIN: once more by way of ioredis, which follows
 *              │                 │ NOSCRIPT: once more as EVAL
 *              ▼                 ▼ refused for now, or connection lost
 *            parked ◀──────── harmless to repeat? ── no ─▶ OutcomeUnknownError
 *              │ the topology changed, or some time passed
 *              ▼
 *            slot …        and whatever happens, the deadline ends it: DeadlineExceededError
 * ```
 */
export class Dispatcher implements CallOwner {
  readonly nodes: NodeTable;
  readonly #cluster: Cluster;
  readonly #deadlines = new Deadlines(() => performance.now());
  readonly #parking: Parking;
  readonly #ownerListeners = new Set<OwnerChangeListener>();
  readonly #owners: SlotOwners;
  readonly #refreshed = () => {
    const changed = this.#owners.changes();
    if (changed.size > 0) this.#tellOwnerChange((slot) => changed.has(slot));
    this.#parking.release();
  };
  #closed = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#owners = new SlotOwners(cluster);
    this.nodes = new NodeTable(cluster, (node) => this.#nodeLost(node));
    this.#parking = new Parking(
      (call) => this.#dispatch(call),
      () => cluster.refreshSlotsCache(),
    );
    cluster.on('error', tellError);
    cluster.on('node error', tellError);
    cluster.on('refresh', this.#refreshed);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Sends a call. It will be settled: with a value, an error, or by its deadline. */
  start(call: Call): void {
    if (this.#closed) {
      call.fail(new ClientClosedError(call.command, 'no'));
      return;
    }
    this.#deadlines.add(call, call.deadlineMs);
    this.#dispatch(call);
  }

  onOwnerChange(listener: OwnerChangeListener): () => void {
    this.#ownerListeners.add(listener);
    return () => void this.#ownerListeners.delete(listener);
  }

  attemptFailed(call: Call, error: Error): void {
    const failure = classify(error);
    tellAttempt({ command: call.name, failure });
    switch (failure) {
      case 'redirect':
        // A replica that sends us away no longer has the slot; its primary is who could not be asked.
        if (call.fromReplica) this.#away(call, 'its replica no longer has the slot');
        else this.#follow(new Repeat(call));
        return;
      case 'no-script':
        this.#follow(new Repeat(call, 'eval', [call.script ?? '', ...call.args.slice(1)]));
        return;
      case 'unavailable':
        this.#away(call, error.message.split(' ', 1)[0] ?? 'refused');
        return;
      case 'closed':
        if (call.writes === 0 || call.safety === 'read' || (call.safety === 'idempotent' && call.waits)) {
          this.#away(call, 'its connection was lost');
        } else {
          call.fail(new OutcomeUnknownError(call.command));
        }
        return;
      case 'answered':
        call.fail(new CommandFailedError(call.command, error.message));
    }
  }

  expired(call: Call): void {
    call.fail(new DeadlineExceededError(call.command, call.deadlineMs, executedOf(call)));
  }

  settled(call: Call): void {
    this.#deadlines.remove(call);
    if (call.isParked) this.#parking.forget(call);
  }

  /** Settles every open call. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cluster.off('refresh', this.#refreshed);
    this.#parking.close();
    this.nodes.close();
    for (const call of this.#deadlines.stop() as Call[])
      call.fail(new ClientClosedError(call.command, executedOf(call)));
  }

  /** Stops listening for connection errors: only after the connections have ended. */
  unlisten(): void {
    this.#cluster.off('error', tellError);
    this.#cluster.off('node error', tellError);
  }

  #dispatch(call: Call): void {
    const node = this.#nodeFor(call);
    if (node === undefined) this.#away(call, 'no connection');
    else void node.sendCommand(call as unknown as Parameters<Redis['sendCommand']>[0]);
  }

  #nodeFor(call: Call): Redis | undefined {
    if (call.slot === undefined) return this.nodes.any();
    return call.fromReplica ? this.nodes.replicaOf(call.slot) : this.nodes.primaryOf(call.slot);
  }

  /** The shard cannot be asked now. Waiting is harmless: the call is known to be repeatable. */
  #away(call: Call, why: string): void {
    this.#parking.refreshSoon();
    if (call.waits && !this.#closed) this.#parking.park(call);
    else call.fail(new ShardUnavailableError(call.command, why));
  }

  /** By way of ioredis's `Cluster`: it asks the node that a redirect names, and learns from it. */
  #follow(repeat: Repeat): void {
    void this.#cluster.sendCommand(repeat as unknown as Parameters<Cluster['sendCommand']>[0]);
  }

  #nodeLost(node: Redis): void {
    const address = addressOf(node);
    tellConnection({ node: address, state: 'lost' });
    if (this.#closed) return;
    this.#parking.refreshSoon();
    if (node.options.readOnly === true) return;
    this.#tellOwnerChange((slot) => this.nodes.addressesOf(slot)[0] === address);
  }

  #tellOwnerChange(concerns: (slot: number) => boolean): void {
    for (const listener of this.#ownerListeners) listener(concerns);
  }
}

function tellError(error: Error, node?: string): void {
  tellConnection({ node, state: 'error', error });
}
