import { slotOf } from '@keyslot/keys';
import { type CacheClient, NOW } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import { HEAD_BYTES } from './entry.ts';
import { replyOrNameOf } from './error-name.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { removeSeen } from './remove-seen.ts';
import { fill, renew } from './scripts/index.ts';
import { tellProblem } from './telling.ts';
import { newToken } from './token.ts';
import { tagOf, wakeChannelOf } from './wake-channel.ts';

/**
 * Who loads a stale value anew. `failed`: somebody did a short while ago, and there is nothing new. `unknown`: nobody may
 * be about to.
 */
export type Election =
  | { readonly outcome: 'elected' | 'failed' | 'unknown' }
  | {
      readonly outcome: 'somebody-else';

      /** Whose claim it is. */
      readonly head: Buffer;

      /** Whether that is, or was, to replace another value than the one that is stale: what it loads comes too late. */
      readonly isOfOther: boolean;
    };

/** A process's wish to load one stale value anew. */
export interface Claim {
  readonly key: ClusterKey;

  /** By which a process knows its own: nobody ends or prolongs what somebody else has claimed meanwhile. */
  readonly token: Buffer;

  /** The head of the stale value. */
  readonly of: Buffer;
}

/**
 * What a claim holds: a kind, the token of whoever claimed, and the head of the value that is to be replaced. The first two
 * are as long as the head of an entry, and are compared by the same scripts; no kind is that of a lease, whose end they tell.
 */
const LOADING = 'C';
const FAILED = 'F';

function headOf(kind: typeof LOADING | typeof FAILED, { token }: Claim): Buffer {
  return Buffer.concat([Buffer.from(kind), token]);
}

function bytesOf(kind: typeof LOADING | typeof FAILED, claim: Claim): Buffer {
  return Buffer.concat([headOf(kind, claim), claim.of]);
}

/**
 * Settles who in the fleet loads a stale value anew, by a key beside the entry. Economy: it is never asked whether
 * something may be stored.
 */
export class Claims {
  readonly #client: CacheClient;
  readonly #onOutOfMemory: (slot: number) => void;

  /** @param onOutOfMemory - told the slot of a claim that was refused for want of memory */
  constructor(client: CacheClient, onOutOfMemory: (slot: number) => void) {
    this.#client = client;
    this.#onOutOfMemory = onOutOfMemory;
  }

  /** Claims the load for some time, unless somebody else has. Never rejects. */
  async elect(claim: Claim, forMs: number): Promise<Election> {
    try {
      const args = [claim.key.text, bytesOf(LOADING, claim), 'NX', 'GET', 'PX', forMs];
      // With its own token in it, a repeated command recognises what it did the first time.
      const options = { ...NOW, safety: 'idempotent', buffers: true } as const;
      const there = (await this.#client.call('set', args, options)) as Buffer | null;
      if (there === null) return { outcome: 'elected' };
      const head = there.subarray(0, HEAD_BYTES);
      if (head.equals(headOf(LOADING, claim))) return { outcome: 'elected' };
      const isOfOther = !there.subarray(HEAD_BYTES).equals(claim.of);
      // What failed for another value says nothing of this one.
      if (head.toString('latin1', 0, 1) === FAILED && !isOfOther) return { outcome: 'failed' };
      return { outcome: 'somebody-else', head, isOfOther };
    } catch (error) {
      return this.#notElected(claim, error);
    }
  }

  /**
   * Claims the load in the place of somebody who loads for a value that is gone, or has failed to. Whoever asks has seen
   * since that the value is still there for which he claims. Never rejects.
   */
  async takeOver(claim: Claim, from: Buffer, forMs: number): Promise<Election> {
    try {
      const taken = await this.#replace(claim, from, LOADING, forMs);
      return taken === 'filled'
        ? { outcome: 'elected' }
        : { outcome: 'somebody-else', head: from, isOfOther: false };
    } catch (error) {
      return this.#notElected(claim, error);
    }
  }

  /** Says once more who loads, for longer. `'lost'`: somebody else does by now, or nobody. */
  renew(claim: Claim, forMs: number): Promise<'renewed' | 'lost'> {
    const args = { lease: headOf(LOADING, claim), leaseMs: forMs };
    return this.#change(claim, () => this.#client.run(renew, { entry: claim.key }, args, NOW), 'renewed');
  }

  /** The load is over, and the next one may begin. */
  async end(claim: Claim): Promise<void> {
    const remove = () => removeSeen(this.#client, claim.key, headOf(LOADING, claim));
    await this.#change(claim, remove, 'changed');
  }

  /** The load brought nothing new, and nobody is to try again for a while. */
  async fail(claim: Claim, forMs: number): Promise<void> {
    const mine = headOf(LOADING, claim);
    await this.#change(claim, () => this.#replace(claim, mine, FAILED, forMs), 'superseded');
  }

  #replace(
    claim: Claim,
    head: Buffer,
    kind: typeof LOADING | typeof FAILED,
    ttlMs: number,
  ): Promise<'filled' | 'superseded'> {
    const { key } = claim;
    const args = { head, value: bytesOf(kind, claim), ttlMs, channel: wakeChannelOf(key.slot) };
    return this.#client.run(fill, { entry: key }, args, NOW);
  }

  #notElected({ key }: Claim, error: unknown): Election {
    if (isOutOfMemory(error)) this.#onOutOfMemory(key.slot);
    tellProblem({ what: 'not-elected', template: key.template, why: replyOrNameOf(error) });
    return { outcome: 'unknown' };
  }

  /** What goes wrong is told. It expires by itself: until then nobody else loads, or somebody does too early. */
  async #change<Outcome>(
    { key }: Claim,
    change: () => Promise<Outcome>,
    otherwise: Outcome,
  ): Promise<Outcome> {
    try {
      return await change();
    } catch (error) {
      tellProblem({ what: 'not-released', template: key.template, why: replyOrNameOf(error) });
      return otherwise;
    }
  }
}

/** No template renders this character, so that no key of anybody's is taken for a claim. */
const CLAIM = '\0r';

/** What is claimed to load a value anew. @param of - the head of the stale value */
export function claimFor(entry: ClusterKey, of: Buffer): Claim | undefined {
  const key = claimOf(entry);
  return key && { key, token: newToken(), of };
}

/**
 * The key by which a refresh is claimed: behind that of the entry, so that whoever may touch that may touch this, and
 * in its slot. None for a text that leaves no way to it; then each process refreshes for itself.
 */
function claimOf({ text, template, slot }: ClusterKey): ClusterKey | undefined {
  for (const candidate of [text + CLAIM, `${text}${CLAIM}{${tagOf(slot)}}`])
    if (slotOf(candidate) === slot) return { text: candidate, template, slot };
  return undefined;
}
