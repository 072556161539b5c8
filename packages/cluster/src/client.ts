import { type Duration, toMs, toTimerMs } from '@keyslot/kernel';
import type { Cluster } from 'ioredis';
import type { Observable } from 'rxjs';
import type { Argument } from './argument.ts';
import { sendBatch } from './batch.ts';
import type { Safety } from './call.ts';
import type { BatchCommand, CallOptions, CommandOptions, CommandOutcome, KeyLike } from './call-options.ts';
import { Calls } from './calls.ts';
import { tellFindings } from './channels.ts';
import type { ConnectionTrouble } from './connection-trouble.ts';
import { connected, endOf, untilIdle } from './connections.ts';
import { Dispatcher } from './dispatcher.ts';
import { ClientClosedError } from './errors.ts';
import type { Finding } from './finding.ts';
import { type Health, healthOf } from './health.ts';
import { slotFor, textOf } from './key-like.ts';
import { MemoryWatch } from './memory-watch.ts';
import { type ClusterClientOptions, settingsOf } from './options.ts';
import type { OwnerChangeListener } from './owner-listeners.ts';
import { runScript } from './run-script.ts';
import type { Script, ScriptArgs } from './script.ts';
import { SelfCheck } from './self-check.ts';
import type { ShardMemory } from './shard-memory.ts';
import type { ShardSubscription } from './shard-subscriber.ts';
import type { Listener } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';
import { ownerOf, type ShardTopology, type Topology } from './topology.ts';
import { TopologyWatch } from './topology-watch.ts';

/**
 * A client for a Redis or Valkey cluster, around ioredis's `Cluster`.
 *
 * Every call ends by its deadline. A command is repeated only where that is harmless. What happens to a call
 * between the two is drawn in `dispatcher.ts`.
 *
 * @example
 * ```ts run cluster
 * import { ClusterClient } from '@keyslot/cluster';
 *
 * const client = new ClusterClient({ nodes: cluster.addresses });
 * await client.set('greeting', 'hello', { ttl: '1m' });
 * await client.get('greeting'); // => 'hello'
 * await client.close();
 * ```
 */
export class ClusterClient implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #isOurs: boolean;
  readonly #dispatcher: Dispatcher;
  readonly #calls: Calls;
  readonly #topology: TopologyWatch;
  readonly #memory: MemoryWatch;
  readonly #trouble: ConnectionTrouble;
  readonly #selfCheck: SelfCheck;
  readonly #subscriptions: Subscriptions;
  #closing: Promise<void> | undefined;

  /** @throws {InvalidOptionError} for options that cannot be used, before anything is opened. */
  constructor(options: ClusterClientOptions) {
    const { cluster, isOurs, deadlineMs, policy, selfCheck, trouble, seeds } = settingsOf(options);
    const guards = () => this.#dispatcher.guards;
    this.#cluster = cluster;
    this.#isOurs = isOurs;
    this.#trouble = trouble;
    trouble.listenTo(cluster);
    this.#topology = new TopologyWatch(cluster, guards);
    this.#dispatcher = new Dispatcher(cluster, isOurs, policy, () => void this.#topology.ask());
    this.#calls = new Calls(this.#dispatcher, deadlineMs);
    this.#subscriptions = new Subscriptions(cluster, this.#dispatcher);
    this.#topology.topology$.subscribe((topology) => seeds?.learn(topology));
    this.#memory = new MemoryWatch(this.#topology, guards);
    this.#selfCheck = new SelfCheck(this.#topology, guards, trouble);
    if (selfCheck) this.#selfCheck.atBoot((findings) => tellFindings({ client: this, findings }));
  }

  /**
   * Resolves once the cluster's layout is known and every primary is connected. Nobody has to wait for it:
   * calls made earlier wait within their own deadlines.
   *
   * @param within - how long to wait. @default '5s'
   * @throws {NotConnectedError} when it takes longer, with the reason as far as it is known; the client goes on trying.
   */
  async ready(within: Duration = '5s'): Promise<void> {
    const withinMs = toTimerMs(within, 'within');
    this.#dispatcher.refreshSoon();
    await connected(this.#cluster, this.#trouble, withinMs, () => this.#mustBeOpen('READY'));
  }

  /** The value of a string key, or `null`. */
  get(key: KeyLike, options?: CallOptions): Promise<string | null> {
    return this.#send('get', [textOf(key)], slotFor(key), 'read', 'utf8', options) as Promise<string | null>;
  }

  /** The value of a string key as bytes, or `null`. */
  getBuffer(key: KeyLike, options?: CallOptions): Promise<Buffer | null> {
    return this.#send('get', [textOf(key)], slotFor(key), 'read', null, options) as Promise<Buffer | null>;
  }

  /** Stores a value under a key for `ttl`. A cache client has no way to store one for ever. */
  async set(
    key: KeyLike,
    value: string | Buffer,
    options: CallOptions & { readonly ttl: Duration },
  ): Promise<void> {
    const args = [textOf(key), value, 'PX', toMs(options.ttl, 'ttl')];
    await this.#send('set', args, slotFor(key), 'idempotent', 'utf8', options, 'whole-value');
  }

  /** Removes a key. */
  async delete(key: KeyLike, options?: CallOptions): Promise<'deleted' | 'absent'> {
    const args = [textOf(key)];
    const removed = await this.#send('del', args, slotFor(key), 'idempotent', 'utf8', options, 'whole-value');
    return removed === 1 ? 'deleted' : 'absent';
  }

  /**
   * Any command whose keys lie in one slot. Strings in the reply are text unless `buffers` is set.
   *
   * @throws {InvalidOptionError} for a command that would block or change the connection that all calls share.
   * @throws {CrossSlotError} before anything is sent, when the keys lie in several slots.
   */
  call(name: string, args: readonly Argument[], options: CommandOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = this.#calls.byName(name, args, options);
      call.onValue = resolve;
      call.onError = reject;
      this.#dispatcher.start(call);
    });
  }

  /**
   * Sends many commands at once, merged into one write per shard. Each has an outcome of its own, and a place of
   * its own in its node's bulkhead: raise `bulkhead.queue` for more than 2 560 commands per shard, or split them.
   *
   * @returns the outcomes in the order of the commands.
   */
  batch(commands: readonly BatchCommand[], options: CommandOptions = {}): Promise<CommandOutcome[]> {
    return sendBatch(
      commands,
      ([name, ...args]) => this.#calls.byName(name, args, options),
      (call) => this.#dispatcher.start(call),
    );
  }

  /**
   * Runs a one-slot script. Its keys and arguments are given by the names that its Lua file uses.
   *
   * @throws {CrossSlotError} before anything is sent, naming the keys' roles and templates.
   */
  run<Keys extends string, Args extends ScriptArgs, Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Readonly<Record<Keys, KeyLike>>,
    args: Readonly<Args>,
    options?: CallOptions,
  ): Promise<Reply> {
    return runScript(this.#calls, this.#dispatcher, script, keys, args, options);
  }

  /**
   * Publishes on a classic channel, by way of any node. Every subscriber of the cluster is reached.
   * @throws {OutcomeUnknownError} when the connection was lost before the answer: it is not sent twice.
   */
  async publish(channel: string, message: string | Buffer, options?: CallOptions): Promise<void> {
    await this.#send('publish', [channel, message], undefined, 'once', 'utf8', options);
  }

  /**
   * Listens to a classic channel on a connection of its own, which is checked by pings and replaced when
   * it does not answer. Messages sent while it was down are lost; the listener is told when it stands and
   * when it does not.
   *
   * @throws {ClientClosedError} when the client is closed.
   */
  subscribe(channel: string, listener: Listener): AsyncDisposable {
    this.#mustBeOpen('SUBSCRIBE');
    return this.#subscriptions.toChannel(channel, listener);
  }

  /**
   * Listens to a shard channel, which lies in a slot as a key of its name would: `SPUBLISH` is heard sooner than
   * `PUBLISH`, and by nobody but that shard. One connection per primary, however many channels; otherwise as
   * {@link subscribe}. Below Redis or Valkey 7.0 it never stands, and says so once on `keyslot:cluster.subscription`.
   */
  subscribeShard(channel: string, listener: Listener): ShardSubscription {
    this.#mustBeOpen('SSUBSCRIBE');
    return this.#subscriptions.toShardChannel(channel, listener);
  }

  /** Who serves what: now, and whenever it changes. Each change is told once; completes when the client closes. */
  get topology$(): Observable<Topology> {
    return this.#topology.topology$;
  }

  /** How full each primary is: asked every second while anybody is subscribed, or reads {@link memoryOf}. */
  get memory$(): Observable<readonly ShardMemory[]> {
    return this.#memory.memory$;
  }

  /** What the primary of a key or slot said last about its memory; `undefined` until it has. */
  memoryOf(key: KeyLike | number): ShardMemory | undefined {
    return this.#memory.at(this.#dispatcher.slots.primaryOf(typeof key === 'number' ? key : slotFor(key)));
  }

  /** The shard that owns a key, as far as is known. */
  shardOf(key: KeyLike): ShardTopology | undefined {
    return this.slotOwner(slotFor(key));
  }

  /** The shard that owns a slot, as far as is known. */
  slotOwner(slot: number): ShardTopology | undefined {
    return ownerOf(slot, this.#topology.current);
  }

  /**
   * Tells when a shard's primary was lost, or slots passed from one primary to another. What the old one
   * acknowledged last may not have reached the new one.
   *
   * @param listener - is given a test that says whether a slot is concerned
   * @returns a function that ends it
   */
  onOwnerChange(listener: OwnerChangeListener): () => void {
    return this.#dispatcher.owners.add(listener);
  }

  /**
   * Asks every primary for what silently hurts: version, settings, memory, permissions, clock, replicas. What it
   * finds is an answer, and so is a node that cannot be asked. Takes some seconds at most.
   *
   * @throws {ClientClosedError} when the client is closed.
   */
  async selfCheck(): Promise<readonly Finding[]> {
    this.#mustBeOpen('SELF-CHECK');
    this.#dispatcher.refreshSoon();
    const findings = await this.#selfCheck.run();
    this.#mustBeOpen('SELF-CHECK');
    return findings;
  }

  /**
   * Pings every primary on the connection that calls use.
   *
   * @param within - how long that may take. @default '1s'
   * @throws {ClientClosedError} when the client is closed.
   */
  async health(within: Duration = '1s'): Promise<Health> {
    this.#mustBeOpen('HEALTH');
    await this.#topology.known();
    return healthOf(this.#topology.current, this.#dispatcher.guards, toTimerMs(within, 'within'));
  }

  /**
   * Refuses further calls, ends those under way with {@link ClientClosedError}, then the connections, unless the
   * application handed its own `Cluster` over.
   *
   * @param options - `within`: how long calls under way get to end by themselves. @default 0
   */
  close({ within = 0 }: { readonly within?: Duration } = {}): Promise<void> {
    this.#closing ??= this.#close(toTimerMs(within, 'within', 0));
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(withinMs: number): Promise<void> {
    this.#calls.end();
    this.#selfCheck.close();
    if (withinMs > 0) await untilIdle(this.#dispatcher.isIdle, withinMs);
    this.#dispatcher.close();
    this.#memory.close();
    this.#topology.close();
    await this.#subscriptions.close();
    if (this.#isOurs) await endOf(this.#cluster);
    this.#trouble.unlisten();
  }

  #mustBeOpen(what: string): void {
    if (this.#closing !== undefined) throw new ClientClosedError(what, 'no');
  }

  #send(
    name: string,
    args: readonly Argument[],
    slot: number | undefined,
    safety: Safety,
    encoding: BufferEncoding | null,
    options: CallOptions | undefined,
    write?: 'whole-value',
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = this.#calls.make(name, args, slot, safety, encoding, options);
      if (write !== undefined) call.orderKey = args[0] as string;
      call.replaces = write !== undefined;
      call.onValue = resolve;
      call.onError = reject;
      this.#dispatcher.start(call);
    });
  }
}
