import type { Clock } from '@keyslot/kernel';
import { Claims } from './claims.ts';
import { ClusterTier } from './cluster-tier.ts';
import { Flights } from './flights.ts';
import { Invalidations } from './invalidations.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { LoaderLimit } from './loader-limit.ts';
import { Loads } from './loads.ts';
import { LocalTier } from './local-tier.ts';
import { Namespace } from './namespace.ts';
import { type Guarding, NO_GUARD } from './no-guard.ts';
import { type CacheOptions, type Settings, settingsOf } from './options.ts';
import { Removal } from './removal.ts';
import { Storing } from './storing.ts';
import { Temperature } from './temperature.ts';
import { WakeUps } from './wake-ups.ts';
import { WriteGuard } from './write-guard.ts';

/** What is under way, and must not be kept or joined any more. */
export interface UnderWay {
  forget(id: string): void;
  forgetAll(): void;
}

/** What the reads and writes of one cache pass on their way. Whoever opens them closes them. */
export class Stations {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly namespace: Namespace;
  readonly local: LocalTier;
  /** By who waits for a refresh: whoever does gets nothing from those who leave with the stale value. */
  readonly flights = { background: new Flights(), blocking: new Flights() } as const;
  readonly tier: ClusterTier;
  readonly claims: Claims;
  readonly leases: LeaseKeeper;
  readonly guard: Guarding;
  readonly loads: Loads;
  readonly storing: Storing;
  readonly removal: Removal;
  readonly temperature = new Temperature();
  readonly invalidations: Invalidations;
  readonly #wakeUps: WakeUps;

  /** @throws {InvalidOptionError} for options that cannot be used. */
  constructor(options: CacheOptions, underWay: UnderWay) {
    const { client } = options;
    const settings = settingsOf(options);
    const { clock, guard } = settings;
    this.settings = settings;
    this.clock = clock;
    this.namespace = new Namespace(settings.prefix);
    this.local = new LocalTier(settings.local, clock);
    this.guard = guard === undefined ? NO_GUARD : new WriteGuard(client, guard, clock);
    const learnOom = (slot: number) => this.guard.learnOom(slot);
    this.tier = new ClusterTier(client, settings.format, learnOom, clock);
    this.claims = new Claims(client, learnOom);
    this.#wakeUps = new WakeUps(client, clock);
    this.leases = new LeaseKeeper(this.tier, this.claims, this.#wakeUps, settings);
    this.loads = new Loads(new LoaderLimit(settings.loaders), client);
    this.storing = new Storing(this.tier, this.guard, settings.format, clock);
    this.invalidations = new Invalidations(client, this.tier, settings, this.namespace, {
      forget: (id) => {
        this.local.forget(id);
        underWay.forget(id);
      },
      // Messages arrive from now on, or do not. What was read meanwhile may have missed one.
      stand: (stands) => {
        this.local.stand(stands);
        underWay.forgetAll();
      },
    });
    this.removal = new Removal(client, this.invalidations);
  }

  async close(): Promise<void> {
    this.guard.close();
    this.leases.close();
    await Promise.all([this.invalidations.close(), this.#wakeUps[Symbol.asyncDispose]()]);
  }
}
