import { type Duration, toMs } from '@keyslot/kernel';
import type { Cluster } from 'ioredis';
import { type Argument, Call, type Safety } from './call.ts';
import type { BatchCommand, CallOptions, CommandOptions, CommandOutcome, KeyLike } from './call-options.ts';
import { safetyOf } from './command-safety.ts';
import { endOf, ping } from './connections.ts';
import { Dispatcher, type OwnerChangeListener } from './dispatcher.ts';
import { ClientClosedError, CrossSlotError, NotConnectedError } from './errors.ts';
import { sharedSlot, slotFor, slotOfArgument, textOf } from './key-like.ts';
import { type ClusterClientOptions, settingsOf } from './options.ts';
import type { Script, ScriptArgs } from './script.ts';
import { refuseStateful } from './stateful-commands.ts';
import { type Listener, Subscription } from './subscription.ts';

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
  readonly #deadlineMs: number;
  readonly #dispatcher: Dispatcher;
  readonly #subscriptions = new Set<Subscription>();
  #closing: Promise<void> | undefined;

  /** @throws {InvalidOptionError} for options that cannot be used, before anything is opened. */
  constructor(options: ClusterClientOptions) {
    const { cluster, isOurs, deadlineMs } = settingsOf(options);
    this.#cluster = cluster;
    this.#isOurs = isOurs;
    this.#deadlineMs = deadlineMs;
    this.#dispatcher = new Dispatcher(cluster);
  }

  /**
   * Resolves once the cluster's layout is known and every primary is connected. Nobody has to wait for it:
   * calls made earlier wait within their own deadlines.
   *
   * @param within - how long to wait. @default '5s'
   * @throws {NotConnectedError} when no node answered in time; the client goes on trying.
   */
  async ready(within: Duration = '5s'): Promise<void> {
    const withinMs = toMs(within, 'within');
    const until = performance.now() + withinMs;
    this.#dispatcher.refreshSoon();
    for (;;) {
      if (this.#dispatcher.isClosed) throw new ClientClosedError('READY', 'no');
      const primaries = this.#cluster.status === 'ready' ? this.#cluster.nodes('master') : [];
      if (primaries.length > 0) {
        const answers = await Promise.allSettled(
          primaries.map((node) => ping(node, until - performance.now())),
        );
        if (answers.every(({ status }) => status === 'fulfilled')) return;
      }
      if (performance.now() >= until) throw new NotConnectedError(withinMs);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
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
    await this.#send('set', args, slotFor(key), 'idempotent', 'utf8', options);
  }

  /** Removes a key. */
  async delete(key: KeyLike, options?: CallOptions): Promise<'deleted' | 'absent'> {
    const removed = await this.#send('del', [textOf(key)], slotFor(key), 'idempotent', 'utf8', options);
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
      const call = this.#callOf(name, args, options);
      call.onValue = resolve;
      call.onError = reject;
      this.#dispatcher.start(call);
    });
  }

  /**
   * Sends many commands at once, each to its own shard, merged into one write per shard. Every command has
   * an outcome of its own; one that fails or is redirected costs the others nothing.
   *
   * @returns the outcomes in the order of the commands.
   */
  batch(commands: readonly BatchCommand[], options: CommandOptions = {}): Promise<CommandOutcome[]> {
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const outcomes = new Array<CommandOutcome>(commands.length);
      let open = commands.length;
      const end = (index: number, outcome: CommandOutcome) => {
        outcomes[index] = outcome;
        if (--open === 0) resolve(outcomes);
      };
      commands.forEach(([name, ...args], index) => {
        let call: Call;
        try {
          call = this.#callOf(name, args, options);
        } catch (error) {
          end(index, { outcome: 'failed', error: error as Error });
          return;
        }
        call.onValue = (value) => end(index, { outcome: 'answered', value });
        call.onError = (error) => end(index, { outcome: 'failed', error });
        this.#dispatcher.start(call);
      });
    });
  }

  /**
   * Runs a one-slot script. Its keys and arguments are given by the names that its Lua file uses.
   *
   * @throws {CrossSlotError} before anything is sent, naming the keys' roles and templates.
   */
  async run<Keys extends string, Args extends ScriptArgs, Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Readonly<Record<Keys, KeyLike>>,
    args: Readonly<Args>,
    options?: CallOptions,
  ): Promise<Reply> {
    const { source, safety } = script;
    const slot = sharedSlot(source.name, source.keys, keys);
    const wire: Argument[] = [source.sha1, source.keys.length];
    for (const role of source.keys) wire.push(textOf(keys[role]));
    for (const name of source.args) wire.push(args[name]);

    const reply = await new Promise<unknown>((resolve, reject) => {
      const call = this.#newCall('evalsha', wire, slot, safety, null, options);
      call.script = source.text;
      call.onValue = resolve;
      call.onError = reject;
      this.#dispatcher.start(call);
    });
    return script.parse(reply);
  }

  /** Publishes on a classic channel, by way of any node. Every subscriber of the cluster is reached. */
  async publish(channel: string, message: string | Buffer, options?: CallOptions): Promise<void> {
    await this.#send('publish', [channel, message], undefined, 'idempotent', 'utf8', options);
  }

  /**
   * Listens to a classic channel on a connection of its own, which is checked by pings and replaced when
   * it does not answer. Messages sent while it was down are lost; the listener is told when it stands and
   * when it does not.
   *
   * @throws {ClientClosedError} when the client is closed.
   */
  subscribe(channel: string, listener: Listener): AsyncDisposable {
    if (this.#dispatcher.isClosed) throw new ClientClosedError('SUBSCRIBE', 'no');
    const subscription = new Subscription(
      channel,
      listener,
      (but) => this.#dispatcher.nodes.any(but),
      () => void this.#subscriptions.delete(subscription),
    );
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /**
   * Tells when a shard's primary was lost, or slots passed from one primary to another. What the old one
   * acknowledged last may not have reached the new one.
   *
   * @param listener - is given a test that says whether a slot is concerned
   * @returns a function that ends it
   */
  onOwnerChange(listener: OwnerChangeListener): () => void {
    return this.#dispatcher.onOwnerChange(listener);
  }

  /**
   * Ends every call that is still open with {@link ClientClosedError}, then the connections, unless the
   * application handed its own `Cluster` over. Calls made later reject at once.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#dispatcher.close();
    await Promise.all([...this.#subscriptions].map((subscription) => subscription[Symbol.asyncDispose]()));
    if (this.#isOurs) await endOf(this.#cluster);
    this.#dispatcher.unlisten();
  }

  #send(
    name: string,
    args: readonly Argument[],
    slot: number | undefined,
    safety: Safety,
    encoding: BufferEncoding | null,
    options: CallOptions | undefined,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = this.#newCall(name, args, slot, safety, encoding, options);
      call.onValue = resolve;
      call.onError = reject;
      this.#dispatcher.start(call);
    });
  }

  #newCall(
    name: string,
    args: readonly Argument[],
    slot: number | undefined,
    safety: Safety,
    encoding: BufferEncoding | null,
    options: CallOptions | undefined,
  ): Call {
    const deadline = options?.deadline;
    const deadlineMs = deadline === undefined ? this.#deadlineMs : toMs(deadline, 'deadline');
    const call = new Call(this.#dispatcher, name, args, slot, safety, deadlineMs, encoding);
    if (options !== undefined) {
      call.waits = options.whenAway !== 'reject';
      call.fromReplica = options.readFrom === 'replica' && safety === 'read';
    }
    return call;
  }

  /** A call of a command that is known by name only: its keys have to be found first. */
  #callOf(name: string, args: readonly Argument[], options: CommandOptions): Call {
    const lower = name.toLowerCase();
    refuseStateful(lower, args);
    const safety = options.safety ?? safetyOf(lower, args);
    const call = this.#newCall(lower, args, undefined, safety, options.buffers ? null : 'utf8', options);
    const keys = call.getKeys();
    const slots = new Set(keys.map(slotOfArgument));
    if (slots.size > 1) {
      throw new CrossSlotError(
        call.command,
        keys.map((_, i) => ({ role: `key ${i + 1}`, template: '<raw>' })),
      );
    }
    for (const slot of slots) call.slot = slot;
    return call;
  }
}
