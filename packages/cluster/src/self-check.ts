import { filter, firstValueFrom, map, race, take, timer } from 'rxjs';
import type { ConnectionTrouble } from './connection-trouble.ts';
import type { Finding } from './finding.ts';
import { aboutCluster, aboutShard } from './findings.ts';
import type { Guards } from './guards.ts';
import { type Inquiry, inquire } from './node-inquiry.ts';
import type { ShardTopology, Topology } from './topology.ts';
import type { TopologyWatch } from './topology-watch.ts';

/** How long the topology is waited for, in milliseconds. */
const TOPOLOGY_MS = 2_000;

/** How long after the topology is known the check at boot begins: an application has better to do then. */
const BOOT_PAUSE_MS = 500;

/** Asks every primary what silently hurts, all at once, and says what it found. */
export class SelfCheck {
  readonly #topology: TopologyWatch;
  readonly #guards: () => Guards;
  readonly #trouble: ConnectionTrouble;
  readonly #open = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(topology: TopologyWatch, guards: () => Guards, trouble: ConnectionTrouble) {
    this.#topology = topology;
    this.#guards = guards;
    this.#trouble = trouble;
  }

  /** Never rejects: a node that cannot be asked is a finding. */
  async run(): Promise<readonly Finding[]> {
    const topology = await this.#known();
    if (topology === undefined) return aboutCluster(undefined, [], this.#trouble.why);
    const inquiries = await Promise.all(topology.shards.map((shard) => this.#ask(shard)));
    return [
      ...aboutCluster(topology, inquiries, undefined),
      ...topology.shards.flatMap((shard, i) => aboutShard(shard, inquiries[i] as Inquiry)),
    ];
  }

  /** Runs once, a moment after the topology is known first, unless it is closed before. Holds nothing up. */
  atBoot(tell: (findings: readonly Finding[]) => void): void {
    this.#topology.topology$.pipe(filter(isKnown), take(1)).subscribe(() => {
      const check = async () => {
        const findings = await this.run();
        if (!this.#closed) tell(findings);
      };
      this.#timer = setTimeout(() => void check(), BOOT_PAUSE_MS).unref();
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const end of this.#open) end();
  }

  #known(): Promise<Topology | undefined> {
    const known = this.#topology.topology$.pipe(filter(isKnown));
    const late = timer(TOPOLOGY_MS).pipe(map(() => undefined));
    return firstValueFrom(race(known, late), { defaultValue: undefined });
  }

  async #ask({ primary }: ShardTopology): Promise<Inquiry> {
    const guards = this.#guards();
    const like = (guards.at(primary) ?? guards.any())?.node;
    if (like === undefined || this.#closed) return { outcome: 'failed', why: 'no connection' };
    const colon = primary.lastIndexOf(':');
    const address = { host: primary.slice(0, colon), port: Number(primary.slice(colon + 1)) };
    let end: (() => void) | undefined;
    try {
      return await inquire(like, address, (it) => {
        end = it;
        this.#open.add(it);
      });
    } finally {
      if (end !== undefined) this.#open.delete(end);
    }
  }
}

function isKnown({ shards }: Topology): boolean {
  return shards.length > 0;
}
