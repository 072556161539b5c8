import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { slotOf } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { lockKey } from '../resources.ts';
import { GuardedResource } from './guarded-resource.ts';
import type { Answered, Asked, SectionArgument } from './section-worker.ts';

/** What is done to those who hold locks, and to the cluster. */
type Disturbance = 'kill' | 'freeze' | 'slots' | 'primaries';

/** How critical sections are run. */
export interface SectionsOptions {
  readonly cluster: TestCluster;

  /** How many writes are to be accepted. */
  readonly sections: number;

  readonly disturbances: readonly Disturbance[];

  /** @default 8 */
  readonly processes?: number;

  /** Whether the resource looks at the numbers. @default true */
  readonly checks?: boolean;

  readonly onProgress?: (accepted: number) => void;
}

/** What was found. */
export interface SectionsReport {
  readonly accepted: number;
  readonly refused: number;
  readonly outOfOrder: number;
  readonly repeated: number;

  /** Of those refused, how many believed when they wrote that they held the lock. */
  readonly believed: number;
  readonly killed: number;
  readonly frozen: number;
  readonly slotMoves: number;
  readonly failovers: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const TTL_MS = 400;
const RESOURCES = 8;

/** Runs critical sections in several processes over a few resources, while their holders and the cluster are disturbed. */
export async function runSections(options: SectionsOptions): Promise<SectionsReport> {
  await using run = new Run(options);
  return await run.toEnd();
}

class Run implements AsyncDisposable {
  readonly #options: SectionsOptions;
  readonly #resources: ReadonlyMap<string, GuardedResource>;
  readonly #workers = new Set<ChildProcess>();
  readonly #frozen = new Set<ChildProcess>();
  readonly #failures: Record<string, number> = {};
  readonly #done = new AbortController();

  /** What befalls whoever reads next. */
  #next: 'kill' | 'freeze' | undefined;
  #counts = { believed: 0, killed: 0, frozen: 0, slotMoves: 0, failovers: 0 };

  constructor(options: SectionsOptions) {
    this.#options = options;
    this.#resources = new Map(
      Array.from({ length: RESOURCES }, () => [randomUUID(), new GuardedResource(options.checks ?? true)]),
    );
  }

  async toEnd(): Promise<SectionsReport> {
    const { sections, processes = 8, disturbances, onProgress } = this.#options;
    const began = performance.now();
    for (let i = 0; i < processes; i++) this.#start();
    const isAny = (...any: readonly Disturbance[]) => any.some((each) => disturbances.includes(each));
    const disturbing = [
      this.#while(isAny('kill', 'freeze'), () => this.#befall()),
      this.#while(isAny('slots', 'primaries'), () => this.#disturbCluster()),
    ];
    const end = performance.now() + 60_000 + sections * 60;
    while (this.#sum('accepted') < sections || !this.#isDisturbed()) {
      if (performance.now() > end) throw new Error(`after ${this.#sum('accepted')} sections nothing goes on`);
      await sleep(100);
      onProgress?.(this.#sum('accepted'));
    }
    this.#done.abort();
    await Promise.all(disturbing);
    return {
      accepted: this.#sum('accepted'),
      refused: this.#sum('refused'),
      outOfOrder: this.#sum('outOfOrder'),
      repeated: this.#sum('repeated'),
      ...this.#counts,
      failures: this.#failures,
      seconds: (performance.now() - began) / 1_000,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#done.abort();
    await Promise.all(
      [...this.#workers].map(async (worker) => {
        const gone = once(worker, 'exit');
        worker.kill('SIGKILL');
        await gone;
      }),
    );
  }

  #sum(what: 'accepted' | 'refused' | 'outOfOrder' | 'repeated'): number {
    return [...this.#resources.values()].reduce((sum, resource) => sum + resource[what], 0);
  }

  /** Whether all that was to happen has happened a few times. */
  #isDisturbed(): boolean {
    const { killed, frozen, slotMoves, failovers } = this.#counts;
    const times = { kill: killed, freeze: frozen, slots: slotMoves, primaries: 3 * failovers };
    return this.#options.disturbances.every((each) => times[each] >= 3);
  }

  #start(): void {
    const script = fileURLToPath(new URL('section-worker.ts', import.meta.url));
    const argument: SectionArgument = {
      nodes: this.#options.cluster.addresses,
      resources: [...this.#resources.keys()],
      lanes: 2,
      ttlMs: TTL_MS,
    };
    const execArgv = ['--conditions=@keyslot/source', '--no-warnings'];
    const worker = fork(script, [JSON.stringify(argument)], { execArgv });
    this.#workers.add(worker);
    worker.on('message', (asked: Asked) => this.#hear(worker, asked));
    worker.once('exit', () => {
      this.#workers.delete(worker);
      if (!this.#done.signal.aborted) this.#start();
    });
  }

  #hear(worker: ChildProcess, asked: Asked): void {
    if (asked.kind === 'ready') return;
    if (asked.kind === 'failed') {
      this.#failures[asked.code] = (this.#failures[asked.code] ?? 0) + 1;
      return;
    }
    const resource = this.#resources.get(asked.resource);
    if (resource === undefined) throw new Error('a worker asked for a resource that there is not');
    if (asked.kind === 'read') {
      const version = resource.read(asked.fencing);
      this.#answer(worker, { id: asked.id, version });
      // It has read and will write: from now on it matters.
      if (version !== undefined) this.#strike(worker);
      return;
    }
    const verdict = resource.write(asked.fencing, asked.base);
    if (verdict === 'refused' && asked.isHeld) this.#counts.believed++;
    this.#answer(worker, { id: asked.id, version: resource.version });
  }

  #answer(worker: ChildProcess, answer: Answered): void {
    // One that was killed meanwhile has no use for it.
    if (worker.connected) worker.send(answer, () => {});
  }

  #strike(worker: ChildProcess): void {
    const next = this.#next;
    if (next === undefined || this.#frozen.has(worker)) return;
    this.#next = undefined;
    if (next === 'kill') {
      this.#counts.killed++;
      worker.kill('SIGKILL');
      return;
    }
    this.#counts.frozen++;
    this.#frozen.add(worker);
    worker.kill('SIGSTOP');
    // Well past its lease: others have had the lock by then.
    void sleep(TTL_MS + 200 + Math.random() * 300).then(() => {
      this.#frozen.delete(worker);
      worker.kill('SIGCONT');
    });
  }

  /** A disturbance that ends with an error ends the run. */
  async #while(isWanted: boolean, disturb: () => Promise<void>): Promise<void> {
    if (!isWanted) return;
    while (!this.#done.signal.aborted) await disturb();
  }

  async #befall(): Promise<void> {
    const { disturbances } = this.#options;
    const kinds = (['kill', 'freeze', 'freeze'] as const).filter((each) => disturbances.includes(each));
    await this.#pause(300 + Math.random() * 500);
    this.#next = kinds[Math.floor(Math.random() * kinds.length)];
  }

  /** One thing after the other: a slot whose owner dies on its way is another story. */
  async #disturbCluster(): Promise<void> {
    const { disturbances } = this.#options;
    if (disturbances.includes('slots'))
      for (const resource of this.#resources.keys()) await this.#moveSlot(resource);
    if (disturbances.includes('primaries')) await this.#killPrimary();
  }

  async #moveSlot(resource: string): Promise<void> {
    if (this.#done.signal.aborted) return;
    const { cluster } = this.#options;
    const from = cluster.primaryOf(lockKey(resource));
    const others = cluster.primaries.filter((node) => node !== from);
    const to = others[Math.floor(Math.random() * others.length)];
    if (to === undefined) throw new Error('there is nowhere to move a slot to');
    await cluster.moveSlots({ to, slots: [slotOf(lockKey(resource))] });
    this.#counts.slotMoves++;
    await this.#pause(200);
  }

  async #killPrimary(): Promise<void> {
    if (this.#done.signal.aborted) return;
    const { cluster } = this.#options;
    const [resource = ''] = [...this.#resources.keys()].toSorted(() => Math.random() - 0.5);
    const primary = cluster.primaryOf(lockKey(resource));
    await cluster.kill(primary);
    await cluster.untilFailedOver(primary);
    this.#counts.failovers++;
    await cluster.heal();
    await this.#pause(2_000);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#done.signal }).catch(() => {
      // The run is over.
    });
  }
}
