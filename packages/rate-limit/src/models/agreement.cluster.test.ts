import type { TestCluster } from '@keyslot/testkit';
import { test } from '@keyslot/testkit/vitest';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { type MemoryKey, runInMemory, unexpired } from '../memory-scripts.ts';
import { argumentFor, type Plan, planOf } from '../plan.ts';
import { blockLogLua, blockLua, chargeLua, gcraLua, logLua, takeLeaseLua } from '../scripts/generated.ts';
import type { Counters } from './counters.ts';
import { counterSchedules, logSchedules, type Schedule, type Step } from './schedules.fixture.ts';

/** The same schedules each time; others, and as many as one likes, with `KEYSLOT_SCHEDULES`. */
const MORE = process.env['KEYSLOT_SCHEDULES'];
const RUNS = Number(MORE ?? 10_000);
const SEED = MORE === undefined ? { seed: 20_261_120 } : {};
const KEY = '{agreement}';

/**
 * The test build of a script: the same text, to which the time is what the last argument says. Its key expires by that time,
 * too; by the real clock, it is kept for ten minutes.
 */
function testBuild({ text }: { readonly text: string }): string {
  return `
    local server, time_us = redis, ARGV[#ARGV]
    local now_ms, until_key = math.floor(time_us / 1000), KEYS[1] .. ':until'
    if now_ms > tonumber(server.call('GET', until_key) or '0') then server.call('DEL', KEYS[1]) end
    local function expire_in(left)
      assert(left > 0)
      server.call('SET', until_key, string.format('%.0f', now_ms + left), 'PX', 600000)
      return 600000
    end
    local redis = {
      call = function(name, ...)
        local args = { ... }
        if name == 'TIME' then return { string.sub(time_us, 1, -7), string.sub(time_us, -6) } end
        if name == 'PTTL' then
          return server.call('EXISTS', KEYS[1]) == 0 and -2 or server.call('GET', until_key) - now_ms
        end
        if name == 'SET' then args[4] = expire_in(args[4]) end
        if name == 'PEXPIRE' then args[2] = expire_in(args[2]) end
        return server.call(name, unpack(args))
      end,
    }
    ${text}`;
}

/** As much of a `LuaSource` as this takes. */
interface Source {
  readonly name: string;
  readonly text: string;
  readonly args: readonly string[];
}

type Args = Readonly<Record<string, string | number>>;

/** A call of a script: which, and with what. */
interface ScriptCall {
  readonly source: Source;
  readonly args: Args;
  readonly nowUs: number;
}

const BLOCK_SHARES = [0, 0.3, 1, 4];

function callOf(plan: Plan, step: Step, nowUs: number): ScriptCall {
  const [limit] = plan.limits;
  if (limit === undefined) throw new Error('a plan has a limit');
  const mosts = plan.limits.map(({ most }) => most);
  const cost = costOf(step, Math.min(...mosts), Math.max(...mosts));
  const mode =
    step.op === 'peek' ? 'peek' : step.op === 'consume' || step.op === 'short' ? 'consume' : 'force';
  const isLog = plan.kind === 'log';
  if (step.op === 'block') {
    const blockUs = Math.floor((BLOCK_SHARES[step.cost % 4] ?? 0) * limit.windowUs);
    return { source: isLog ? blockLogLua : blockLua, args: { blockUs }, nowUs };
  }
  if (isLog) {
    const args = { mode, cost, limit: limit.limit, window: limit.windowUs };
    return { source: logLua, args, nowUs };
  }
  if (step.op === 'short' && plan.kind === 'gcra') {
    return {
      source: gcraLua,
      args: { charge: cost * limit.unit, capacity: limit.capacity },
      nowUs,
    };
  }
  return { source: chargeLua, args: { mode, limits: argumentFor(plan, cost) }, nowUs };
}

/** As `RateLimiter` lets it through. */
function costOf({ op, cost }: Step, least: number, most: number): number {
  if (op === 'reward') return -Math.min(cost, 2 * most);
  return Math.min(cost, op === 'penalty' ? 2 * most : least);
}

function callsOf({ start, plans, steps }: Schedule): ScriptCall[] {
  const made = plans.map((limits) => planOf(limits));
  const windowUs = made[0]?.limits[0]?.windowUs ?? 0;
  let nowUs = start;
  return steps.map((step) => {
    nowUs = Math.max(1_000_000, nowUs + Math.floor(step.windows * windowUs) + step.us);
    return callOf(made[step.plan] as Plan, step, nowUs);
  });
}

/** What the models say to the same calls. */
function modelled(calls: readonly ScriptCall[]): unknown[] {
  let key: MemoryKey | undefined;
  const run = (name: string, nowUs: number, args: Args) => {
    const ran = runInMemory(name, key, nowUs, args);
    key = ran.key;
    return ran.reply;
  };
  return calls.map(({ source, args, nowUs }) => {
    if (source.name === 'gcra') {
      const { charge = 0, capacity = 0 } = args as { readonly charge?: number; readonly capacity?: number };
      const { value } = unexpired(key, Math.floor(nowUs / 1000)) ?? {};
      if (!isForShortWay(value as Counters | undefined, nowUs, capacity)) return null;
      const limits = `g${charge},${capacity},0,0`;
      const [admitted, , , , reset = 0] = run('charge', nowUs, { mode: 'consume', limits }) as number[];
      return admitted === 1 ? reset : -reset;
    }
    return run(source.name, nowUs, args);
  });
}

function isForShortWay(known: Counters | undefined, nowUs: number, capacity: number): boolean {
  if (known === undefined || (known.words.length === 0 && known.blockedUntil === 0)) return true;
  const [word, ...others] = known.words;
  if (known.blockedUntil !== 0 || word?.letter !== 'g' || others.length > 0) return false;
  return word.state - nowUs <= 2 * capacity;
}

/** What a server replies to the test builds. */
async function replied(cluster: TestCluster, calls: readonly ScriptCall[]): Promise<unknown[]> {
  const pipeline = cluster.primaryOf(KEY).admin.pipeline().del(KEY, `${KEY}:until`);
  for (const { source, args, nowUs } of calls)
    pipeline.eval(testBuild(source), 1, KEY, ...source.args.map((name) => args[name] ?? ''), nowUs);
  const replies = await pipeline.del(KEY, `${KEY}:until`).exec();
  return (replies ?? []).slice(1, -1).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}

/** Has scripts and models decide the same schedules. */
async function agree(cluster: TestCluster, schedules: fc.Arbitrary<Schedule>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(schedules, async (schedule) => {
      const calls = callsOf(schedule);
      expect(await replied(cluster, calls)).toEqual(modelled(calls));
    }),
    { numRuns: RUNS, ...SEED },
  );
}

describe('the scripts agree with their models', () => {
  test('about counters, of any algorithm and several at once', async ({ cluster }) => {
    await agree(cluster, counterSchedules);
  });

  test('about logs', async ({ cluster }) => {
    await agree(cluster, logSchedules);
  });

  test('about a log that all was given back of before the clock was set back', async ({ cluster }) => {
    const limits = [{ limit: 1, per: 1, algorithm: 'sliding-log' as const }];
    const step = (op: Step['op'], us: number): Step => ({ op, cost: 1, plan: 0, windows: 0, us });
    const steps = [step('penalty', 0), step('reward', 0), step('consume', -1001), step('peek', 1)];
    const calls = callsOf({ start: 1_795_000_000_000_000, plans: [limits], steps });
    expect(await replied(cluster, calls)).toEqual(modelled(calls));
  });

  test('about leases', async ({ cluster }) => {
    const call = fc.record({
      // Of a process that was told another one.
      fewer: fc.constantFrom(0, 0, 0, 1, 2),
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      mode: fc.constantFrom('take', 'take', 'renew', 'peek'),
      us: fc.oneof(fc.integer({ min: 0, max: 1500 }), fc.constantFrom(0, 1000)),
    });
    const schedule = fc.tuple(
      fc.integer({ min: 1, max: 4 }),
      fc.array(call, { minLength: 1, maxLength: 24 }),
    );
    await fc.assert(
      fc.asyncProperty(schedule, async ([limit, steps]) => {
        let nowUs = 1_795_000_000_000_000;
        const calls = steps.map(({ us, id, mode, fewer }) => {
          nowUs += us;
          const args = { id, limit: Math.max(limit - fewer, 1), leaseUs: 1000, mode };
          return { source: takeLeaseLua, args, nowUs };
        });
        expect(await replied(cluster, calls)).toEqual(modelled(calls));
      }),
      { numRuns: RUNS / 5, ...SEED },
    );
  });
});
