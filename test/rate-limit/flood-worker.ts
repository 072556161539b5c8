import { setImmediate as turn } from 'node:timers/promises';
import type { LimitOptions } from '@keyslot/rate-limit';
import { type Ready, sharedNow } from '../cache/fleet.ts';

/** What a worker is started with. */
export interface FloodArgument {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly name: string;
  readonly limits: readonly LimitOptions[];

  /** How wrong this process's clock is, in milliseconds. */
  readonly skewMs: number;
}

/** What the test asks of a worker: that so many callers ask without a pause. */
export interface FloodOrder {
  readonly subject: string;
  readonly callers: number;
  readonly forMs: number;
}

/** An admission: it happened between the two. Times are those of `sharedNow`. */
export interface Admission {
  readonly from: number;
  readonly to: number;
}

/** What a worker tells. */
export type FloodReport =
  | Ready
  | {
      readonly kind: 'flooded';
      readonly admissions: readonly Admission[];
      readonly denials: number;
      readonly errors: readonly string[];
    };

const { nodes, name, limits, skewMs } = JSON.parse(process.argv[2] ?? '{}') as FloodArgument;

// Before anything else is loaded, so that nobody has the right one.
const rightly = Date.now;
Date.now = () => rightly() + skewMs;
const { ClusterClient } = await import('@keyslot/cluster');
const { RateLimiter } = await import('@keyslot/rate-limit');

const tell = (report: FloodReport) => process.send?.(report);
const client = new ClusterClient({ nodes, deadline: '5s' });
await client.ready('20s');
// Half of the processes remember whom they denied.
const limiter = new RateLimiter({ client, name, limits, rememberDenials: skewMs < 0 ? 1000 : 0 });

process.on('message', (order: FloodOrder) => void flood(order));
process.on('disconnect', () => process.exit());
tell({ kind: 'ready' });

async function flood({ subject, callers, forMs }: FloodOrder): Promise<void> {
  const admissions: Admission[] = [];
  const errors: string[] = [];
  let denials = 0;
  const end = sharedNow() + forMs;
  const call = async () => {
    while (sharedNow() < end) {
      const from = sharedNow();
      try {
        const { allowed } = await limiter.consume(subject);
        if (allowed) admissions.push({ from, to: sharedNow() });
        else denials++;
      } catch (error) {
        errors.push((error as { code?: string }).code ?? String(error));
      }
      // What is answered from memory never lets anything else have its turn.
      await turn();
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  tell({ kind: 'flooded', admissions, denials, errors });
}
