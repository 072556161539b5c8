import { slotOf } from '@keyslot/keys';
import type { Redis } from 'ioredis';
import { backoffMs } from './backoff.ts';
import { tellSubscription } from './channels.ts';
import type { OwnerChangeListener } from './owner-listeners.ts';
import { ShardChannel } from './shard-channel.ts';
import { type Joined, ShardLink } from './shard-link.ts';
import type { Listener } from './subscription.ts';

/** Who owns slots, as the client knows it. */
export interface SlotOwners {
  primaryOf(slot: number): string | undefined;
  nodeAt(address: string): Redis | undefined;

  /** How this process reaches a node that another one names. */
  reachOf(announced: string): string;
  refreshSoon(): void;
  onChange(listener: OwnerChangeListener): () => void;
}

/** A listener's place on a shard channel. Disposing of it ends it. */
export interface ShardSubscription extends AsyncDisposable {
  /** Whether messages arrive now. */
  readonly stands: boolean;
}

/** Between two looks at channels that nobody serves, in milliseconds, before jitter. */
const PASS_MS = 25;

/** How many nodes in a row may send us on before a pause is made. */
const MOST_REDIRECTS = 5;

/** For how long a link is kept that has no channel, in milliseconds. */
const IDLE_MS = 3_000;

/** After how long without another one an address's failures are forgotten, in milliseconds. */
const FORGET_MS = 10_000;

/** How long until a channel is tried again that the server refused for good, in milliseconds. */
const REFUSED_MS = 60_000;

/** A link and the channels that are on it. */
interface Berth {
  readonly link: ShardLink;
  readonly channels: Set<ShardChannel>;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Listens to shard channels, on one connection per primary.
 *
 * ```
 *   adrift ─▶ its slot's owner ─▶ that node's link ─▶ SSUBSCRIBE ─▶ standing
 *     ▲          none │               resting │           │ MOVED: to the node that is named
 *     │               ▼                       ▼           ▼ any other failure
 *     └─────────── the next pass ◀───────────────────────────────────┘
 *     └── the link was lost, the node gave the slot away, or the table names another owner ── standing
 * ```
 *
 * ioredis's own sharded subscribers do not notice a node that is frozen, and sometimes miss that a slot has moved.
 */
export class ShardSubscriber {
  readonly #owners: SlotOwners;
  readonly #channels = new Map<string, ShardChannel>();
  readonly #adrift = new Set<ShardChannel>();
  readonly #berths = new Map<string, Berth>();
  readonly #resting = new Map<string, { readonly failures: number; readonly until: number }>();
  readonly #unlisten: () => void;
  readonly #changes: ((slot: number) => boolean)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;
  readonly #toldRefusals = new Set<Joined['outcome']>();
  #refusedUntil = 0;
  #closed = false;

  constructor(owners: SlotOwners) {
    this.#owners = owners;
    this.#unlisten = owners.onChange((concerns) => {
      // Not at once: the table is brought up to date in the same breath. And while slots move, each redirect tells.
      if (this.#changes.push(concerns) === 1)
        setImmediate(() => this.#ownersChanged(this.#changes.splice(0)));
    });
  }

  subscribe(name: string, listener: Listener): ShardSubscription {
    const channel = this.#channels.get(name) ?? this.#open(name);
    const subscriber = channel.add(listener);
    return {
      get stands() {
        return channel.stands && channel.has(subscriber);
      },
      [Symbol.asyncDispose]: async () => {
        if (channel.remove(subscriber) && channel.isUnheard) this.#leave(channel);
      },
    };
  }

  close(): void {
    this.#closed = true;
    this.#unlisten();
    clearTimeout(this.#timer);
    for (const { link, idle } of this.#berths.values()) {
      clearTimeout(idle);
      link.end();
    }
    this.#berths.clear();
    this.#adrift.clear();
    for (const channel of this.#channels.values()) channel.become({ kind: 'left' });
    this.#channels.clear();
  }

  #open(name: string): ShardChannel {
    const channel = new ShardChannel(name, slotOf(name));
    this.#channels.set(name, channel);
    this.#place(channel);
    return channel;
  }

  /** Joins a channel at its owner, or lets it wait for the next pass. */
  #place(channel: ShardChannel): void {
    const isResting = performance.now() < Math.max(channel.restsUntil, this.#refusedUntil);
    const berth = isResting ? undefined : this.#berthFor(channel);
    if (berth === undefined) {
      this.#wait(channel);
      return;
    }
    const { link } = berth;
    this.#adrift.delete(channel);
    clearTimeout(berth.idle);
    berth.channels.add(channel);
    channel.become({ kind: 'joining', link });
    void link.join(channel.name).then((joined) => {
      if (channel.link === link) this.#joined(channel, link, joined);
    });
  }

  #joined(channel: ShardChannel, link: ShardLink, joined: Joined): void {
    if (joined.outcome === 'joined') {
      channel.redirects = 0;
      this.#resting.delete(link.address);
      channel.become({ kind: 'standing', link });
      return;
    }
    this.#takeOff(channel);
    channel.become({ kind: 'adrift' });
    if (joined.outcome === 'moved') {
      this.#owners.refreshSoon();
      if (++channel.redirects <= MOST_REDIRECTS) {
        channel.namedOwner = this.#owners.reachOf(joined.to);
        this.#place(channel);
        return;
      }
      channel.redirects = 0;
    } else if ('why' in joined) {
      this.#refused(channel, joined);
    }
    this.#wait(channel);
  }

  /** The node's berth, with a link of its own if there is none yet. */
  #berthFor(channel: ShardChannel): Berth | undefined {
    const address = channel.namedOwner ?? this.#owners.primaryOf(channel.slot);
    channel.namedOwner = undefined;
    const node = address === undefined ? undefined : this.#owners.nodeAt(address);
    if (address === undefined || node === undefined) {
      this.#owners.refreshSoon();
      return undefined;
    }
    const known = this.#berths.get(address);
    if (known !== undefined) return known;
    if (performance.now() < (this.#resting.get(address)?.until ?? 0)) return undefined;

    const link = new ShardLink(address, node, {
      onMessage: (name, message) => {
        const heard = this.#channels.get(name);
        if (heard?.link === link) heard.message(message);
      },
      // One that is about to be joined there has an answer of its own to come.
      onMoved: (heard) => this.#drop(berth, ({ stands, name }) => stands && !heard.has(name)),
      onEnd: (why) => this.#lost(berth, why),
    });
    const berth: Berth = { link, channels: new Set(), idle: undefined };
    this.#berths.set(address, berth);
    return berth;
  }

  #lost(berth: Berth, why: string): void {
    const { address } = berth.link;
    const failures = (this.#resting.get(address)?.failures ?? 0) + 1;
    const now = performance.now();
    this.#resting.set(address, { failures, until: now + PASS_MS + backoffMs(failures) });
    for (const [other, { until }] of this.#resting) {
      if (until + FORGET_MS < now) this.#resting.delete(other);
    }
    clearTimeout(berth.idle);
    this.#berths.delete(address);
    if (berth.channels.size > 0) tellSubscription({ state: 'down', why });
    this.#owners.refreshSoon();
    this.#drop(berth, () => true);
  }

  #ownersChanged(changes: readonly ((slot: number) => boolean)[]): void {
    for (const berth of this.#berths.values()) {
      const { link } = berth;
      this.#drop(berth, ({ slot, name }) => {
        // Only those that are concerned: a node's word may be newer than the table's about another slot.
        const isElsewhere =
          this.#owners.primaryOf(slot) !== link.address && changes.some((concerns) => concerns(slot));
        if (isElsewhere) link.leave(name);
        return isElsewhere;
      });
    }
    // Those adrift may have an owner now.
    if (this.#adrift.size > 0) this.#pass();
  }

  /** Sets some of a berth's channels adrift, and looks for their owners. */
  #drop(berth: Berth, isGone: (channel: ShardChannel) => boolean): void {
    for (const channel of [...berth.channels]) {
      if (!isGone(channel)) continue;
      this.#takeOff(channel);
      // Its listeners may end it when they are told.
      channel.become({ kind: 'adrift' });
      if (this.#channels.get(channel.name) === channel) this.#place(channel);
    }
  }

  /** The last listener has gone. */
  #leave(channel: ShardChannel): void {
    this.#channels.delete(channel.name);
    this.#adrift.delete(channel);
    const { link } = channel;
    this.#takeOff(channel);
    channel.become({ kind: 'left' });
    link?.leave(channel.name);
  }

  #takeOff(channel: ShardChannel): void {
    const { link } = channel;
    const berth = link === undefined ? undefined : this.#berths.get(link.address);
    if (berth === undefined || berth.link !== link) return;
    berth.channels.delete(channel);
    if (berth.channels.size > 0) return;
    clearTimeout(berth.idle);
    berth.idle = setTimeout(() => {
      this.#berths.delete(berth.link.address);
      berth.link.end();
    }, IDLE_MS);
  }

  /** Until the next pass, or until a refusal is old enough. */
  #wait(channel: ShardChannel): void {
    this.#adrift.add(channel);
    const now = performance.now();
    const restsUntil = Math.max(channel.restsUntil, this.#refusedUntil);
    const dueAt = Math.max(now + PASS_MS * (0.5 + Math.random()), restsUntil);
    if (this.#closed || (this.#timer !== undefined && this.#dueAt <= dueAt)) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#pass(), dueAt - now);
  }

  #pass(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#closed) return;
    for (const channel of [...this.#adrift]) this.#place(channel);
  }

  /** Told once, not for each channel and each try. */
  #refused(channel: ShardChannel, { outcome, why }: Extract<Joined, { readonly why: string }>): void {
    const until = performance.now() + REFUSED_MS;
    if (outcome === 'refused') this.#refusedUntil = until;
    else channel.restsUntil = until;
    if (this.#toldRefusals.has(outcome)) return;
    this.#toldRefusals.add(outcome);
    tellSubscription({
      state: 'down',
      why: `shard channels need Redis or Valkey 7.0 and permission: ${why}`,
    });
  }
}
