import { CommandFailedError, type ScriptArgs } from '@keyslot/cluster';
import type { Decision } from './decision.ts';
import type { Letter } from './limit.ts';
import { block, type Charge, type Counters, charge, type Mode } from './models/counters.ts';
import { type LeaseRequest, type Leases, takeLease } from './models/leases.ts';
import { blockLog, chargeLog, type Log } from './models/sliding-log.ts';

/** What a script replies, and what its key holds afterwards if that changes. */
interface Ran {
  readonly reply: unknown;
  readonly kept: unknown;
}

type Body = (known: unknown, nowUs: number, args: Readonly<ScriptArgs>) => Ran;

const BODIES: Readonly<Record<string, Body>> = {
  // Whatever it is asked, it says "ask `charge`", which is always true.
  gcra: () => ({ reply: null, kept: undefined }),

  charge: (known, now, { mode, limits }) => {
    const { decision, kept } = charge(known as Counters, now, mode as Mode, chargesOf(String(limits)));
    return { reply: replyOf(decision), kept };
  },

  block: (known, now, { blockUs }) => ({ reply: 1, kept: block(known as Counters, now, Number(blockUs)) }),

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

  'block-log': (known, now, { blockUs }) => ({
    reply: 1,
    kept: blockLog(known as Log, now, Number(blockUs)),
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

/** What a script does, by its model. @throws {CommandFailedError} for one that is none of the limiter's own */
export function memoryScript(name: string): Body {
  const body = Object.hasOwn(BODIES, name) ? BODIES[name] : undefined;
  if (body === undefined) throw new CommandFailedError(name, 'ERR no such script here');
  return body;
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
