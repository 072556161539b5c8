import CircuitBreaker from 'opossum';

/** Whether calls pass: all of them, none, or none but one probe. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** When a breaker opens and how it closes. */
export interface BreakerSettings {
  /** How many signs of trouble within a second open it, if there were no fewer of them than of health. */
  readonly threshold: number;

  /** How long it stays open before a probe is sent, in milliseconds. */
  readonly probeAfterMs: number;
}

const WINDOW_MS = 1_000;
const BUCKETS = 2;

/**
 * A circuit breaker (Nygard, "Release It!"): opossum's, fed by the way.
 *
 * opossum wraps calls, which costs a promise for each. Here calls do not pass through it: it is told of
 * every sign of trouble, and of health once in a thousand answers, and its state is read as a field. While it is half
 * open, the only thing that passes is a probe of our own.
 */
export class Breaker {
  readonly #circuit: CircuitBreaker<[() => Promise<unknown>]>;
  readonly #probe: () => Promise<unknown>;
  readonly #onChange: (state: BreakerState) => void;
  state: BreakerState = 'closed';

  constructor(
    { threshold, probeAfterMs }: BreakerSettings,
    probe: () => Promise<unknown>,
    onChange: (state: BreakerState) => void,
  ) {
    const options = {
      timeout: false as const,
      resetTimeout: probeAfterMs,
      errorThresholdPercentage: 49,
      volumeThreshold: threshold,
      rollingCountTimeout: WINDOW_MS,
      rollingCountBuckets: BUCKETS,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    };
    this.#circuit = new CircuitBreaker((work: () => Promise<unknown>) => work(), options);
    this.#probe = probe;
    this.#onChange = onChange;
    this.#circuit.on('open', () => this.#became('open'));
    this.#circuit.on('close', () => this.#became('closed'));
    this.#circuit.on('halfOpen', () => {
      this.#became('half-open');
      this.#tell(probe);
    });
  }

  /** The node was silent for as long as a call may take, or its connection was lost. */
  trouble(): void {
    if (this.state === 'closed') this.#tell(() => Promise.reject(TROUBLE));
  }

  /** The node has answered since it was asked last. */
  health(): void {
    if (this.state === 'closed') this.#tell(() => Promise.resolve());
  }

  /** Opens it: the node has been silent for long enough. */
  open(): void {
    this.#circuit.open();
  }

  /** Lets nothing pass until a probe, sent now, was answered. */
  verify(): void {
    if (this.state !== 'closed') return;
    this.#became('half-open');
    this.#probe().then(
      () => {
        // Opened meanwhile, it has a probe of its own to come.
        if (this.state === 'half-open' && this.#circuit.closed) this.#became('closed');
      },
      () => this.#circuit.open(),
    );
  }

  close(): void {
    this.#circuit.shutdown();
  }

  #became(state: BreakerState): void {
    if (this.state === state) return;
    this.state = state;
    this.#onChange(state);
  }

  #tell(work: () => Promise<unknown>): void {
    // What comes of it is told by the events above.
    this.#circuit.fire(work).catch(() => {});
  }
}

const TROUBLE = new Error('trouble');
