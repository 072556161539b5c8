import { CommandFailedError, type ScriptArgs } from '@keyslot/cluster';
import type { Decision } from './decision.ts';
import type { Letter } from './limit.ts';
import { block, type Charge, type Counters, charge, type Kept, type Mode } from './models/counters.ts';
import { type Hits, hit } from './models/hits.ts';
import { type LeaseRequest, type Leases, takeLease } from './models/leases.ts';
import { blockLog, chargeLog, type Log } from './models/sliding-log.ts';

/** What a key holds, and until when, in milliseconds of the server's clock. */
export interface MemoryKey {
  readonly value: unknown;
  readonly untilMs: number;
}

/** What a script replies, and what its key holds afterwards if that changes. */
interface Ran {
  readonly reply: unknown;
  readonly kept: Kept<unknown> | undefined;
}

type Body = (known: unknown, nowUs: number, args: Readonly<ScriptArgs>, leftMs: number) => Ran;

const BODIES: Readonly<Record<string, Body>> = {
  // Whatever it is asked, it says "ask `charge`", which is always true.
  gcra: () => ({ reply: null, kept: undefined }),

  charge: (known, now, { mode, limits }) => {
    const { decision, kept } = charge(known as Counters, now, mode as Mode, chargesOf(String(limits)));
    return { reply: replyOf(decision), kept };
  },

  block: (known, now, { blockUs }, leftMs) => ({
    reply: 1,
    kept: block(known as Counters, now, Number(blockUs), leftMs),
  }),

  log: (known, now, { mode, cost, limit, window }) => {
    const request = {
      cost: Number(cost),
      limit: Number(limit),
      windowUs: Number(window),
      mode: mode as Mode,
    };
    const { decision, kept } = chargeLog(known as Log, now, request);
    return { reply: replyOf(decision), kept };
  },

  'block-log': (known, now, { blockUs }, leftMs) => ({
    reply: 1,
    kept: blockLog(known as Log, now, Number(blockUs), leftMs),
  }),

  hit: (known, now, { windowMs, limit, blockMs }) =>
    hit(known as Hits | undefined, Math.floor(now / 1000), {
      windowMs: Number(windowMs),
      limit: Number(limit),
      blockMs: Number(blockMs),
    }),

  'take-lease': (known, now, { id, limit, leaseUs, mode }) => {
    const request = {
      id: String(id),
      limit: Number(limit),
      leaseUs: Number(leaseUs),
      mode: mode as LeaseRequest['mode'],
    };
    const { decision, kept } = takeLease(known as Leases, now, request);
    return {
      reply: [decision.admitted ? 1 : 0, decision.free, decision.retryUs, decision.resetUs],
      kept,
    };
  },
};

/**
 * What a script does, by its model: what it replies, and what its key holds afterwards.
 *
 * @throws {CommandFailedError} for one that is none of the limiter's own
 */
export function runInMemory(
  name: string,
  before: MemoryKey | undefined,
  nowUs: number,
  args: Readonly<ScriptArgs>,
): { readonly reply: unknown; readonly key: MemoryKey | undefined } {
  const body = Object.hasOwn(BODIES, name) ? BODIES[name] : undefined;
  if (body === undefined) throw new CommandFailedError(name, 'ERR no such script here');
  const nowMs = Math.floor(nowUs / 1000);
  const key = unexpired(before, nowMs);
  const { reply, kept } = body(key?.value, nowUs, args, key === undefined ? 0 : key.untilMs - nowMs);
  if (kept === undefined) return { reply, key };
  const after = { value: kept.value, untilMs: nowMs + Math.ceil(kept.forUs / 1000) + 1 };
  return { reply, key: kept.value === undefined ? undefined : after };
}

/** What a key holds, unless that is over. */
export function unexpired(key: MemoryKey | undefined, nowMs: number): MemoryKey | undefined {
  return key === undefined || nowMs > key.untilMs ? undefined : key;
}

/** Reads what `plan.ts` writes. */
function chargesOf(text: string): Charge[] {
  return text.split(' ').map((word) => {
    const [added = 0, capacity = 0, a = 0, b = 0] = word.slice(1).split(',').map(Number);
    return { letter: word.charAt(0) as Letter, unit: 1, charge: added, capacity, a, b };
  });
}

function replyOf({ admitted, blockedUs, standings }: Decision): number[] {
  return [
    admitted ? 1 : 0,
    blockedUs,
    ...standings.flatMap(({ free, retryUs, resetUs }) => [free, retryUs, resetUs]),
  ];
}
