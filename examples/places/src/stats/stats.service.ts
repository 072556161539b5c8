import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { InvalidationTold, Journey, Step } from '@keyslot/cache';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Stats } from './stats.ts';

/** Counts requests, and what the cache tells of itself on its diagnostics channels. */
@Injectable()
export class StatsService implements OnModuleInit, OnModuleDestroy {
  readonly #cache = {
    localHits: 0,
    shared: 0,
    clusterHits: 0,
    loads: 0,
    loadsKeptNowhere: 0,
    invalidations: 0,
  };
  #requests = 0;
  #errors = 0;

  onModuleInit(): void {
    subscribe('keyslot:cache.journey', this.#onJourney);
    subscribe('keyslot:cache.invalidation', this.#onInvalidation);
  }

  onModuleDestroy(): void {
    unsubscribe('keyslot:cache.journey', this.#onJourney);
    unsubscribe('keyslot:cache.invalidation', this.#onInvalidation);
  }

  countRequest(status: number): void {
    this.#requests += 1;
    if (status >= 500) this.#errors += 1;
  }

  read(): Stats {
    return { requests: this.#requests, errors: this.#errors, cache: { ...this.#cache } };
  }

  readonly #onJourney = (message: unknown): void => {
    const { steps } = message as Journey;
    const passed = (at: Step['at'], outcome: string) =>
      steps.some((step) => step.at === at && step.outcome === outcome);

    if (passed('local', 'hit')) this.#cache.localHits += 1;
    else if (passed('flight', 'joined')) this.#cache.shared += 1;
    else if (passed('loader', 'loaded') || passed('loader', 'failed')) {
      this.#cache.loads += 1;
      if (!passed('lease', 'leader')) this.#cache.loadsKeptNowhere += 1;
    } else this.#cache.clusterHits += 1;
  };

  readonly #onInvalidation = (message: unknown): void => {
    const { outcome } = message as InvalidationTold;
    // The others are about the same invalidations: how they went on, or that another instance made them.
    if (outcome === 'deleted' || outcome === 'pending') this.#cache.invalidations += 1;
  };
}
