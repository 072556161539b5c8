/** Something that has to be prolonged while work for it goes on. */
export interface Held {
  /** Prolongs it. Never rejects; `'lost'` says that there is nothing left to prolong. */
  renew(): Promise<'renewed' | 'lost'>;
}

/**
 * Renews leases for as long as their loads take, by one timer for all of them: most loads are over before the first
 * renewal, and should not pay for a timer each.
 */
export class HeldLeases {
  readonly #everyMs: number;
  readonly #since = new Map<Held, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param leaseMs - how long a lease lasts. Each is renewed when a third to a half of that has passed. */
  constructor(leaseMs: number) {
    this.#everyMs = leaseMs / 6;
  }

  /** Has it renewed from now on, until {@link end}. */
  hold(held: Held): void {
    this.#since.set(held, performance.now());
    this.#timer ??= setInterval(() => this.#look(), this.#everyMs).unref();
  }

  end(held: Held): void {
    this.#since.delete(held);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#since.clear();
  }

  #look(): void {
    // The timer outlives the last lease by one round, so that steady loads do not set and clear it each.
    if (this.#since.size === 0) {
      this.close();
      return;
    }
    const now = performance.now();
    for (const [held, since] of this.#since) {
      if (now - since < 2 * this.#everyMs) continue;
      this.#since.set(held, now);
      void held.renew().then((outcome) => {
        if (outcome === 'lost') this.end(held);
      });
    }
  }
}
