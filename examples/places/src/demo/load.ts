import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import { placeById } from '../places/place.ts';
import type { CommitLog } from './commit-log.ts';
import type { Read } from './oracle.ts';
import { AnswerTimes, Phase } from './phases.ts';
import type { DemoRequest, Traffic } from './traffic.ts';

export interface LoadOptions {
  /** Base URLs of the instances; requests go to them in turn. */
  readonly instances: readonly string[];

  readonly traffic: Traffic;

  /** The clock that reads are judged by. */
  readonly clock: Pick<CommitLog, 'now'>;

  /** Requests per second, whether or not the answers keep up. */
  readonly rate: number;
}

/** How often due requests are sent, in milliseconds. */
const TICK_MS = 5;

/** How long an answer may take before the request counts as failed, in milliseconds. */
const PATIENCE_MS = 10_000;

/** How many different errors are kept, to be shown. */
const KEPT_ERRORS = 10;

const shown = z.object({ id: z.int(), version: z.int() });
const answer = z.union([shown.transform((place) => [place]), z.array(shown)]);

/**
 * Callers who do not wait for each other: requests begin at their time, however slow the answers are, and an
 * answer's time counts from when its request was due. What is slow shows, rather than slowing down the load.
 */
export class Load implements AsyncDisposable {
  readonly times = new AnswerTimes();
  readonly errors = new Map<string, number>();
  readonly keysTouched = new Set<string>();
  readonly #options: LoadOptions;
  readonly #pools: readonly Pool[];
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #rate: number;
  #phase = new Phase('warming up');
  #reads: Read[] = [];
  #pacing: Promise<void> | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#rate = options.rate;
    this.#pools = options.instances.map(
      (url) => new Pool(url, { connections: 64, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS }),
    );
  }

  start(): void {
    this.#pacing ??= this.#pace();
  }

  /** Requests per second from now on; 0 for none. */
  setRate(rate: number): void {
    this.#rate = rate;
  }

  get phase(): Phase {
    return this.#phase;
  }

  beginPhase(name: string): Phase {
    this.#phase.end();
    this.#phase = new Phase(name);
    return this.#phase;
  }

  /** The places that were shown and have not been taken yet. */
  takeReads(): Read[] {
    const reads = this.#reads;
    this.#reads = [];
    return reads;
  }

  /** Sends no more, and resolves when all answers are there. {@link setRate} goes on. */
  async pause(): Promise<void> {
    this.setRate(0);
    await Promise.all(this.#running);
    this.#phase.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
    await this.pause();
    await this.#pacing;
  }

  async #pace(): Promise<void> {
    let dueAt = performance.now();
    let turn = 0;
    while (!this.#stop.signal.aborted) {
      if (this.#rate === 0) dueAt = performance.now();
      for (; this.#rate > 0 && dueAt <= performance.now(); dueAt += 1000 / this.#rate) {
        const pool = this.#pools[turn++ % this.#pools.length] as Pool;
        const running: Promise<void> = this.#send(pool, dueAt).finally(() => this.#running.delete(running));
        this.#running.add(running);
      }
      await sleep(TICK_MS);
    }
  }

  async #send(pool: Pool, dueAt: number): Promise<void> {
    const request = this.#options.traffic.next();
    const phase = this.#phase;
    const startedAtMs = this.#options.clock.now();
    for (const key of request.asksFor) this.keysTouched.add(key);

    const problem = await this.#ask(pool, request, startedAtMs).catch((error: Error) => error.message);
    if (this.#stop.signal.aborted && pool.destroyed) return;

    const tookMs = performance.now() - dueAt;
    this.times.record(tookMs, problem !== undefined);
    phase.times.record(tookMs, problem !== undefined);
    if (problem !== undefined) this.#keepError(`${request.method} ${request.kind}: ${problem}`);
  }

  /** What is wrong with the answer; nothing if all is well. */
  async #ask(pool: Pool, request: DemoRequest, startedAtMs: number): Promise<string | undefined> {
    const { statusCode, body } = await pool.request({
      method: request.method,
      path: request.path,
      ...(request.body !== undefined && {
        body: request.body,
        headers: { 'content-type': 'application/json' },
      }),
    });
    const text = await body.text();
    if (statusCode !== request.expected) return `status ${statusCode}, ${text.slice(0, 200)}`;
    if (statusCode !== 200) return undefined;

    const places = answer.safeParse(JSON.parse(text));
    if (!places.success) return `an answer that is no place and no list of places: ${text.slice(0, 200)}`;
    for (const { id, version } of places.data) {
      this.#reads.push({ placeId: id, version, startedAtMs });
      if (request.kind === 'near') this.keysTouched.add(placeById({ id }).text);
    }
    return undefined;
  }

  #keepError(error: string): void {
    if (this.errors.size < KEPT_ERRORS || this.errors.has(error)) {
      this.errors.set(error, (this.errors.get(error) ?? 0) + 1);
    }
  }
}
