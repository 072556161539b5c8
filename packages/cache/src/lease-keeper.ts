import type { Clock } from '@keyslot/kernel';
import type { ClusterKey, ClusterTier, Found } from './cluster-tier.ts';
import { tellProblem } from './telling.ts';
import { newToken } from './token.ts';
import { untilLeaseEnds } from './waiting.ts';
import type { WakeUps } from './wake-ups.ts';

/** What came of asking for the right to load, and of waiting while somebody else had it. */
export type Right =
  | { readonly kind: 'leader'; readonly token: Buffer }
  | Extract<Found, { kind: 'value' }>
  | { readonly kind: 'gave-up' }
  | { readonly kind: 'away' };

interface LeaseSettings {
  readonly leaseMs: number;
  readonly waitMs: number;
  readonly clock: Clock;
}

/** Gets leases, waits for those of others, and keeps its own alive. */
export class LeaseKeeper {
  readonly #tier: ClusterTier;
  readonly #wakeUps: WakeUps;
  readonly #settings: LeaseSettings;

  constructor(tier: ClusterTier, wakeUps: WakeUps, settings: LeaseSettings) {
    this.#tier = tier;
    this.#wakeUps = wakeUps;
    this.#settings = settings;
  }

  /** The right to load `key`, or the value that somebody else loads meanwhile. */
  async leadOrWait(key: ClusterKey): Promise<Right> {
    const { clock, leaseMs, waitMs } = this.#settings;
    const until = clock.now() + waitMs;
    const token = newToken();
    for (;;) {
      const led = await this.#tier.lead(key, token, leaseMs);
      if (led.kind === 'leader') return { kind: 'leader', token };
      const waiting = { tier: this.#tier, wakeUps: this.#wakeUps, clock, until };
      const found = led.kind === 'leased' ? await untilLeaseEnds(key, led.lease, waiting) : led;
      if (found.kind === 'value' || found.kind === 'away') return found;
      if (clock.now() >= until) return { kind: 'gave-up' };
      // There was a value or a lease and now there is none: it was deleted, released, or healed. Ask again.
    }
  }

  /** Renews a lease for as long as `work` takes. */
  async keepDuring<T>(key: ClusterKey, token: Buffer, work: () => Promise<T>): Promise<T> {
    const { leaseMs } = this.#settings;
    const timer = setInterval(() => {
      this.#tier.renew(key, token, leaseMs).then(
        (outcome) => {
          // The right is gone and the fill will find that out; there is nothing left to renew.
          if (outcome === 'lost') clearInterval(timer);
        },
        (error: unknown) => {
          const why = error instanceof Error ? error.name : 'not an Error';
          tellProblem({ what: 'not-renewed', template: key.template, why });
        },
      );
    }, leaseMs / 3);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }
}
