import type { Clock } from '@keyslot/kernel';
import type { Claim, Claims } from './claims.ts';
import type { ClusterKey } from './cluster-key.ts';
import type { ClusterTier, Found } from './cluster-tier.ts';
import { nameOf } from './error-name.ts';
import type { Expected } from './expected.ts';
import { type Held, HeldLeases } from './held-leases.ts';
import { tellProblem } from './telling.ts';
import { newToken } from './token.ts';
import { untilLeaseEnds } from './waiting.ts';
import type { WakeUps } from './wake-ups.ts';

/** The right to load. */
export interface Leading {
  readonly kind: 'leader';
  readonly token: Buffer;
}

/** What came of asking for the right to load, and of waiting while somebody else had it. */
export type Right =
  | Leading
  | Extract<Found, { kind: 'value' | 'away' | 'failed' }>
  | { readonly kind: 'gave-up' };

/** Between attempts at a key where something is in the way that may not go away, in milliseconds. */
const IN_THE_WAY_PAUSE_MS = 20;

interface LeaseSettings {
  readonly leaseMs: number;
  readonly waitMs: number;
  readonly clock: Clock;
}

/** Gets leases, waits for those of others, and keeps its own alive. */
export class LeaseKeeper {
  readonly #tier: ClusterTier;
  readonly #claims: Claims;
  readonly #wakeUps: WakeUps;
  readonly #settings: LeaseSettings;
  readonly #held: HeldLeases;

  constructor(tier: ClusterTier, claims: Claims, wakeUps: WakeUps, settings: LeaseSettings) {
    this.#tier = tier;
    this.#claims = claims;
    this.#wakeUps = wakeUps;
    this.#settings = settings;
    this.#held = new HeldLeases(settings.leaseMs);
  }

  /** The right to load `key`, or what is there. */
  async lead(key: ClusterKey, expected?: Expected): Promise<Found | Leading> {
    const token = newToken();
    const led = await this.#tier.lead(key, token, this.#settings.leaseMs, expected);
    return led.kind === 'leader' ? { kind: 'leader', token } : led;
  }

  /**
   * The right to load `key`, or the value that somebody else loads meanwhile.
   *
   * @param onWait - told that it is somebody else who loads
   */
  async leadOrWait(key: ClusterKey, expected?: Expected, onWait?: () => void): Promise<Right> {
    const { clock, leaseMs, waitMs } = this.#settings;
    const until = clock.monotonic() + waitMs;
    const token = newToken();
    for (;;) {
      const led = await this.#tier.lead(key, token, leaseMs, expected);
      if (led.kind === 'leader') return { kind: 'leader', token };
      let found: Found = led;
      if (led.kind === 'leased') {
        onWait?.();
        const waiting = { tier: this.#tier, wakeUps: this.#wakeUps, clock, until, expected };
        found = await untilLeaseEnds(key, led.lease, waiting);
      }
      if (found.kind === 'value' || found.kind === 'away' || found.kind === 'failed') return found;
      if (clock.monotonic() >= until) return { kind: 'gave-up' };
      // Who may not remove what is in the way would ask again and again.
      const isInTheWay =
        found.kind === 'undecodable' ||
        (found.kind === 'ended' && (await this.#tier.clear(key, found)) === 'failed');
      if (isInTheWay) await clock.sleep(IN_THE_WAY_PAUSE_MS);
      // There was a value or a lease and now there is none: it was deleted, released, or healed. Ask again.
    }
  }

  /** Renews a lease for as long as `work` takes. */
  async keepDuring<T>(key: ClusterKey, token: Buffer, work: () => Promise<T>): Promise<T> {
    const { leaseMs } = this.#settings;
    return await this.#during(
      { renew: () => this.#tier.renew(key, token, leaseMs).catch(notRenewed(key)) },
      work,
    );
  }

  /** Has the fleet leave a stale value to this process for as long as `work` takes. */
  async keepElectedDuring<T>(claim: Claim, work: () => Promise<T>): Promise<T> {
    const { leaseMs } = this.#settings;
    return await this.#during({ renew: () => this.#claims.renew(claim, leaseMs) }, work);
  }

  /** Nothing is renewed any more. */
  close(): void {
    this.#held.close();
  }

  async #during<T>(held: Held, work: () => Promise<T>): Promise<T> {
    this.#held.hold(held);
    try {
      return await work();
    } finally {
      this.#held.end(held);
    }
  }
}

/** It may be that the next renewal gets through. */
function notRenewed({ template }: ClusterKey): (error: unknown) => 'renewed' {
  return (error) => {
    tellProblem({ what: 'not-renewed', template, why: nameOf(error) });
    return 'renewed';
  };
}
