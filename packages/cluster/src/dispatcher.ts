import type { Cluster, Redis } from 'ioredis';
import { Asking, type Call, type CallOwner, executedOf, Repeat } from './call.ts';
import { tellAttempt, tellConnection } from './channels.ts';
import { Deadlines } from './deadlines.ts';
import {
  ClientClosedError,
  CommandFailedError,
  DeadlineExceededError,
  OutcomeUnknownError,
  ShardUnavailableError,
} from './errors.ts';
import { askedNode, classify } from './failure.ts';
import { addressOf, NodeTable } from './node-table.ts';
import { Parking } from './parking.ts';
import { Refresher } from './refresher.ts';
import { codeOf, shownOf } from './server-error.ts';
import { SlotOwners } from './slot-owners.ts';

/** Told when a primary was lost or slots passed to another one, with a test that says whether a slot is concerned. */
export type OwnerChangeListener = (concerns: (slot: number) => boolean) => void;

/**
 * Sends calls and decides what happens to those that fail.
 *
 * ```
 *   start ─▶ slot ─▶ primary's connection ─▶ one socket write per tick ─▶ value
 *              │ none            │ MOVED, TRYAGAIN: once more by way of ioredis, which follows
 *              │                 │ ASK: once more at the node that it names
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
  readonly #parking = new Parking((call) => this.#dispatch(call));
  readonly #refresher = new Refresher(() => this.#refresh());
  readonly #ownerListeners = new Set<OwnerChangeListener>();
  readonly #owners: SlotOwners;
  readonly #refreshed = () => {
    this.#refresher.rest();
    const changed = this.#owners.changes();
    if (changed.size > 0) this.#tellOwnerChange((slot) => changed.has(slot));
    this.#parking.release();
  };
  #closed = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#owners = new SlotOwners(cluster);
    this.nodes = new NodeTable(cluster, (node) => this.#nodeLost(node));
    cluster.on('error', tellError);
    cluster.on('node error', tellError);
    cluster.on('refresh', this.#refreshed);
  }

  /** Looks for the topology soon: something went wrong, or somebody waits. */
  refreshSoon(): void {
    this.#refresher.soon();
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
        call.wasRefused();
        // Before it is followed: what the new owner has may be older than what the old one confirmed last.
        if (codeOf(error.message) === 'MOVED' && !call.fromReplica)
          this.#tellOwnerChange((slot) => slot === call.slot);
        this.#follow(call, error.message);
        return;
      case 'no-script':
        call.wasRefused();
        // Without its text it was the caller who chose to send a hash: the answer is the caller's, too.
        if (call.script === undefined) call.fail(commandFailed(call, error.message));
        else this.#dispatchText(call, call.script);
        return;
      case 'unavailable':
        call.wasRefused();
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

  leavesToIoredis(error: Error): boolean {
    return classify(error) === 'redirect' && this.nodes.at(askedNode(error.message)) === undefined;
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
    this.#refresher.close();
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

  /** From now on it is sent as EVAL, wherever it is redirected to. */
  #dispatchText(call: Call, script: string): void {
    call.becomeEval(script);
    this.#dispatch(call);
  }

  #nodeFor(call: Call): Redis | undefined {
    if (call.slot === undefined) return this.nodes.any();
    return call.fromReplica ? this.nodes.replicaOf(call.slot) : this.nodes.primaryOf(call.slot);
  }

  /** The shard cannot be asked now. Waiting is harmless: the call is known to be repeatable. */
  #away(call: Call, why: string): void {
    this.#refresher.soon();
    if (call.waits && !this.#closed) this.#parking.park(call);
    else call.fail(new ShardUnavailableError(call.command, why));
  }

  /** Asks the node that a redirect names. */
  #follow(call: Call, redirect: string): void {
    const node = this.nodes.at(askedNode(redirect));
    if (node === undefined) {
      this.#repeat(new Repeat(call));
      return;
    }
    // ioredis follows ASK as well, but ends the process with an unhandled rejection when the node is lost.
    void node.sendCommand(new Asking() as unknown as Parameters<Redis['sendCommand']>[0]);
    void node.sendCommand(call as unknown as Parameters<Redis['sendCommand']>[0]);
  }

  /** By way of ioredis's `Cluster`: it learns from a redirect where the slot is. */
  #repeat(repeat: Repeat): void {
    void this.#cluster.sendCommand(repeat as unknown as Parameters<Cluster['sendCommand']>[0]);
  }

  #nodeLost(node: Redis): void {
    const address = addressOf(node);
    tellConnection({ node: address, state: 'lost' });
    if (this.#closed) return;
    this.#refresher.soon();
    if (node.options.readOnly === true) return;
    this.#tellOwnerChange((slot) => this.nodes.addressesOf(slot)[0] === address);
  }

  #tellOwnerChange(concerns: (slot: number) => boolean): void {
    for (const listener of this.#ownerListeners) {
      try {
        listener(concerns);
      } catch (error) {
        // Out of here, where ioredis would never refresh again, to whoever handles uncaught exceptions.
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }

  #refresh(): void {
    // A handed-over cluster may not have been told to connect yet. What comes of it is told as `error`.
    if (this.#cluster.status === 'wait') this.#cluster.connect().catch(tellError);
    else this.#cluster.refreshSlotsCache();
  }
}

function commandFailed(call: Call, message: string): CommandFailedError {
  return new CommandFailedError(call.command, shownOf(message, call.name, call.args));
}

/** ioredis's errors carry the command with its arguments, a password among them: only the words are told. */
function tellError(error: Error, node?: string): void {
  tellConnection({ node, state: 'error', why: error.message });
}
