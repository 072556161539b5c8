import { BehaviorSubject, defer, filter, finalize, type Observable } from 'rxjs';
import { tellMemory } from './channels.ts';
import type { Guards } from './guards.ts';
import { codeOf } from './server-error.ts';
import { memoryFacts, SECTIONS, type ShardMemory } from './shard-memory.ts';
import type { ShardTopology } from './topology.ts';
import type { TopologyWatch } from './topology-watch.ts';
import { answerWithin } from './within.ts';

/** Between two questions to a node, in milliseconds, before jitter. */
const EVERY_MS = 1_000;

/** How long a node may take to answer, in milliseconds: less than the time until it is asked again. */
const WITHIN_MS = 500;

/** So many rounds in which nobody looked, and it ends. */
const IDLE_ROUNDS = 10;

/**
 * Asks every primary once a second how full its memory is, for as long as anybody wants to know.
 *
 * On the connection that calls use: one more would have to be kept for a few hundred bytes a second. A node that
 * cannot be asked keeps what it said last, with its age.
 */
export class MemoryWatch {
  /** Told after each round, from the first answer on. */
  readonly memory$: Observable<readonly ShardMemory[]>;
  readonly #topology: TopologyWatch;
  readonly #guards: () => Guards;
  readonly #subject = new BehaviorSubject<readonly ShardMemory[]>([]);

  /** What is known, by the primary's address. */
  readonly #known = new Map<string, ShardMemory>();

  /** Shards whose silence was told: once, not every second. */
  readonly #silent = new Set<string>();
  #subscribers = 0;
  #roundsUnread = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOn = false;
  #closed = false;

  constructor(topology: TopologyWatch, guards: () => Guards) {
    this.#topology = topology;
    this.#guards = guards;
    this.memory$ = defer(() => {
      this.#subscribers++;
      this.#begin();
      return this.#subject;
    }).pipe(
      filter((shards) => shards.length > 0),
      finalize(() => void this.#subscribers--),
    );
    // A promoted replica need not wait for the next round.
    topology.topology$.subscribe(() => void this.#askUnknown());
  }

  /** What the primary at an address said last. Whoever asks keeps it up to date for some seconds more. */
  at(address: string | undefined): ShardMemory | undefined {
    this.#roundsUnread = 0;
    if (!this.#isOn) this.#begin();
    return address === undefined ? undefined : this.#known.get(address);
  }

  close(): void {
    this.#closed = true;
    this.#end();
    this.#subject.complete();
  }

  #begin(): void {
    this.#roundsUnread = 0;
    if (this.#isOn || this.#closed) return;
    this.#isOn = true;
    void this.#round();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#isOn = false;
    // What is not kept up to date would be taken for the present.
    this.#known.clear();
    this.#silent.clear();
    if (this.#subject.value.length > 0) this.#subject.next([]);
  }

  async #round(): Promise<void> {
    const next = EVERY_MS * (0.9 + Math.random() / 5);
    // An idle client does not keep the process; its connections do.
    this.#timer = setTimeout(() => {
      if (this.#subscribers === 0 && ++this.#roundsUnread > IDLE_ROUNDS) this.#end();
      else void this.#round();
    }, next).unref();
    await this.#topology.known();
    await this.#ask(this.#topology.current.shards);
  }

  async #askUnknown(): Promise<void> {
    if (!this.#isOn) return;
    const unknown = this.#topology.current.shards.filter(
      ({ id, primary }) => this.#known.get(primary)?.shard !== id,
    );
    if (unknown.length > 0) await this.#ask(unknown);
  }

  async #ask(shards: readonly ShardTopology[]): Promise<void> {
    await Promise.all(shards.map((shard) => this.#askOne(shard)));
    if (!this.#isOn) return;
    this.#forgetOthers();
    this.#subject.next([...this.#known.values()]);
  }

  /** Never rejects. */
  async #askOne({ id: shard, primary: address }: ShardTopology): Promise<void> {
    try {
      const guard = this.#guards().at(address);
      if (guard?.node === undefined) throw new Error('no connection');
      if (guard.breaker.state !== 'closed') throw new Error('its breaker is open');
      const info = await answerWithin(guard.node.info(...SECTIONS), 'INFO', WITHIN_MS);
      const facts = memoryFacts(info);
      if (facts === undefined) throw new Error('INFO says nothing about memory');
      if (!this.#isOn) return;
      this.#known.set(address, { shard, address, ...facts, at: Date.now(), ageMs: 0 });
      this.#silent.delete(shard);
    } catch (error) {
      this.#older(address);
      this.#tellOnce(shard, error as Error & { readonly code?: string });
    }
  }

  #older(address: string): void {
    const last = this.#known.get(address);
    if (last !== undefined) this.#known.set(address, { ...last, ageMs: Math.max(1, Date.now() - last.at) });
  }

  #tellOnce(shard: string, { code, message }: Error & { readonly code?: string }): void {
    if (this.#silent.has(shard) || !this.#isOn) return;
    this.#silent.add(shard);
    tellMemory({ shard, why: code ?? codeOf(message) ?? message });
  }

  /** What left the cluster, or is no primary any more. */
  #forgetOthers(): void {
    const { shards } = this.#topology.current;
    for (const { address, shard } of [...this.#known.values()]) {
      if (!shards.some(({ id, primary }) => id === shard && primary === address)) this.#known.delete(address);
    }
    for (const shard of [...this.#silent])
      if (!shards.some(({ id }) => id === shard)) this.#silent.delete(shard);
  }
}
