import type { Redis } from 'ioredis';
import { Breaker, type BreakerState } from './breaker.ts';
import { Call, type CallGuard } from './call.ts';
import { tellConnection } from './channels.ts';
import { OutcomeUnknownError } from './errors.ts';
import { ping } from './ping.ts';
import type { Policy } from './policy.ts';
import { RetryBudget } from './retry-budget.ts';
import { Silence } from './silence.ts';

/** How many calls in a row a node may leave unanswered, silent all the while, before it counts as hung. */
const SILENT_CALLS = 5;

/**
 * For how long a node must have been silent before it may count as hung, in milliseconds: longer than answers usually
 * take, wherever the node is, but not as long as the deadline that calls have by default.
 */
const SILENT_MS = 150;

/** Health is told to the breaker once for so many replies: often enough to outweigh a single loss. */
const HEALTHY_REPLIES = 1_024;

/** What is left of a call's time, in milliseconds, must be more than this for it to be worth sending. */
const LEAST_LEFT_MS = 1;

/** How long a probe may take at least and at most, in milliseconds: a connection is kept in silence for as long. */
const PROBE_MS = 250;
const LONGEST_PROBE_MS = 1_000;

/**
 * What stands between calls and one node: a bulkhead, with a bounded queue before it, and a breaker. It is
 * known by the node's id, so a promoted replica begins with neither the breaker's state nor the queue of the
 * primary that it replaces.
 */
export class Guard implements CallGuard {
  /** The node's id, or its address until the id is known. */
  id: string;
  readonly address: string;

  readonly breaker: Breaker;
  readonly budget = new RetryBudget();
  readonly #policy: Policy;
  readonly #queue: Call[] = [];
  readonly #silence = new Silence(
    () => this.#inFlight > 0 || (this.#node?.commandQueue.length ?? 0) > 0,
    () => this.#giveUpIfHung(),
  );
  #node: Redis | undefined;
  #inFlight = 0;
  #replies = 0;
  #isFilling = false;
  #probeMs = PROBE_MS;

  /** How many calls in a row it was silent for, and how often it had been heard before them. */
  #silentCalls = 0;
  #silentSince = 0;

  constructor(
    address: string,
    node: Redis,
    policy: Policy,
    onChange: (guard: Guard, state: BreakerState) => void,
  ) {
    this.id = address;
    this.address = address;
    this.#policy = policy;
    this.breaker = new Breaker(
      policy.breaker,
      () => this.#probe(),
      (state) => onChange(this, state),
    );
    this.connect(node);
  }

  /** The connection, if there is one. */
  get node(): Redis | undefined {
    return this.#node;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** From now on calls go by this connection. */
  connect(node: Redis): void {
    this.#node = node;
    this.#silence.listenTo(node);
  }

  /** Something was sent that is no call. */
  watch(): void {
    this.#silence.watch();
  }

  /** Sends a call, or lets it wait for a place. */
  admit(call: Call): 'sent' | 'queued' | 'overloaded' {
    call.guard = this;
    // After a stall others are tried again before deadlines are noticed.
    if (call.failures > 0 && isOver(call, performance.now())) return 'queued';
    if (this.#inFlight < this.#policy.bulkhead.inFlight) {
      this.#send(call);
      return 'sent';
    }
    if (this.#queue.length >= this.#policy.bulkhead.queue) {
      call.guard = undefined;
      return 'overloaded';
    }
    this.#queue.push(call);
    return 'queued';
  }

  answered(call: Call): void {
    this.#replies++;
    if (this.#replies % HEALTHY_REPLIES === 0) this.breaker.health();
    this.#release(call);
  }

  lost(call: Call): void {
    if (!this.#leave(call) || this.#queue.length === 0 || this.#isFilling) return;
    // A connection that has ended refuses within the very call that sends: filling its places here would go as deep
    // as the queue is long. Whoever is told that it was lost takes the queue before that.
    this.#isFilling = true;
    setImmediate(() => {
      this.#isFilling = false;
      this.#fill();
    });
  }

  /** The connection was lost: one sign of trouble, however many calls were under way. Hands back those that wait. */
  disconnected(): Call[] {
    this.#node = undefined;
    this.breaker.trouble();
    return this.drain();
  }

  unanswered(call: Call, isLate: boolean): void {
    if (isLate && call.isInFlight && call.heardBefore === this.#silence.heard) this.#mayHang();
    this.#release(call);
  }

  /** Sends a call behind a word that lets it pass at a node that is taking its slot over. Not to be parted. */
  admitAsking(call: Call, asking: object): void {
    void this.#node?.sendCommand(asking as Parameters<Redis['sendCommand']>[0]);
    call.guard = this;
    this.#send(call);
  }

  /** Hands back what waits for a place: there will be none for some time. */
  drain(): Call[] {
    return this.#queue.splice(0).filter((call) => {
      if (!this.#waits(call)) return false;
      call.guard = undefined;
      return true;
    });
  }

  /** Nothing that waits here is sent any more. */
  close(): void {
    this.#queue.length = 0;
    this.#silence.close();
    this.breaker.close();
  }

  #send(call: Call): void {
    this.#inFlight++;
    call.isInFlight = true;
    call.heardBefore = this.#silence.heard;
    this.#silence.watch();
    void this.#node?.sendCommand(call as unknown as Parameters<Redis['sendCommand']>[0]);
  }

  #release(call: Call): void {
    if (this.#leave(call)) this.#fill();
  }

  /** Whether a place became free. A call that ends in the queue stays there as an empty one until its turn. */
  #leave(call: Call): boolean {
    call.guard = undefined;
    if (!call.isInFlight) return false;
    call.isInFlight = false;
    this.#inFlight--;
    return true;
  }

  #fill(): void {
    if (this.#queue.length === 0) return;
    const now = performance.now();
    while (this.#queue.length > 0 && this.#inFlight < this.#policy.bulkhead.inFlight) {
      const next = this.#queue.shift();
      // One whose time is over is left to its deadline: it was never sent, and is told so.
      if (next !== undefined && this.#waits(next) && !isOver(next, now)) this.#send(next);
    }
  }

  /** Whether a place in the queue still stands for its call, which may have ended, or have been sent by now. */
  #waits(call: Call): boolean {
    return call.guard === this && !call.isInFlight && !call.settled;
  }

  /** Ends a connection that has been silent for longer than any call that it has may take. */
  #giveUpIfHung(): void {
    const { silence } = this.#policy;
    const node = this.#node;
    const silentMs = this.#silence.ms;
    if (silence === undefined || node === undefined || silentMs < silence.leastMs) return;
    if (node.status === 'ready' && node.commandQueue.length === 0) return;
    if (silentMs < silence.mostMs && silentMs < longestOf(node)) {
      // Those that it has may wait for it; others had better not, and whether it has an heir is asked for meanwhile.
      if (this.breaker.state === 'closed') this.breaker.open();
      return;
    }
    const { command: first } = node.commandQueue.peekFront() ?? {};
    const why = `No answer for ${silentMs} ms`;
    tellConnection({ node: this.address, state: 'error', why });
    node.stream?.destroy(new Error(why));
    // It may be what the node was busy with: sent again, it would cost the next connection, too.
    if (first instanceof Call) first.fail(new OutcomeUnknownError(first.command));
  }

  /** A slow answer is an answer, also one that comes too late for its call; only silence says that the node hangs. */
  #mayHang(): void {
    if (this.#silence.ms < SILENT_MS) return;
    if (this.#silentSince !== this.#silence.heard) {
      this.#silentSince = this.#silence.heard;
      this.#silentCalls = 0;
    }
    this.#silentCalls++;
    if (this.#silentCalls >= SILENT_CALLS) this.breaker.open();
    else this.breaker.trouble();
  }

  async #probe(): Promise<void> {
    if (this.#node === undefined) throw new Error('no connection');
    const start = performance.now();
    const answer = ping(this.#node, this.#probeMs);
    this.#silence.watch();
    try {
      await answer;
      this.#probeFor(3 * (performance.now() - start));
    } catch (error) {
      // It may be far away, rather than hung.
      this.#probeFor(2 * this.#probeMs);
      throw error;
    }
  }

  #probeFor(ms: number): void {
    this.#probeMs = Math.min(Math.max(ms, PROBE_MS), LONGEST_PROBE_MS);
  }
}

/** Whether it is too late to send a call. */
function isOver({ expiresAt }: Call, now: number): boolean {
  return expiresAt - now <= LEAST_LEFT_MS;
}

/** The longest time, in milliseconds, that an open call which a node was sent may take. */
function longestOf({ commandQueue }: Redis): number {
  let longest = 0;
  for (const { command } of commandQueue.toArray())
    if (command instanceof Call && !command.settled) longest = Math.max(longest, command.deadlineMs);
  return longest;
}
