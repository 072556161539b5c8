import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LoaderOverloadedError, LoaderTimeoutError } from './errors.ts';
import { DEFAULT_POLICY } from './freshness.ts';
import { LoaderLimit } from './loader-limit.ts';
import { OpenLoad, TEMPLATE } from './loaders.fixture.ts';
import { type Loader, Loads } from './loads.ts';

function scene(concurrency: number, queue = 10) {
  const limit = new LoaderLimit({ concurrency, queue });
  const loads = new Loads(limit, {});
  const run = (loader: Loader<string>, hardTimeoutMs: number) =>
    loads.run({ template: TEMPLATE, text: 'key', loader, policy: { ...DEFAULT_POLICY, hardTimeoutMs } });
  return { limit, loads, run };
}

describe('a loader that takes longer than it may, and does not heed its signal', () => {
  it('keeps its place until it ends, while its callers are told', async () => {
    const { limit, run } = scene(1);
    const deaf = new OpenLoad();
    await expect(run(deaf.load, 50)).rejects.toThrow(LoaderTimeoutError);
    expect(limit.running).toBe(1);
    const next = new OpenLoad();
    const waiting = run(next.load, 10_000);
    await turn();
    expect(next.began).toBe(false);
    deaf.end('error');
    next.end('value');
    expect(await waiting).toMatchObject({ value: 'value' });
    expect(limit.running).toBe(0);
  });

  it('keeps it for as long again at the most, so that it blocks nobody for ever', async () => {
    const { limit, run } = scene(1);
    const never = () => new Promise<string>(() => {});
    await expect(run(never, 50)).rejects.toThrow(LoaderTimeoutError);
    expect(await run(() => 'next', 10_000)).toMatchObject({ value: 'next' });
    await expect.poll(() => limit.running).toBe(0);
  });

  it('keeps one that was lent to it, too', async () => {
    const { limit, run } = scene(1);
    const [inner, outer] = [new OpenLoad(), new OpenLoad()];
    const asking = async () => {
      await run(inner.load, 10_000);
      return await outer.load();
    };
    await expect(run(asking, 100)).rejects.toThrow(LoaderTimeoutError);
    inner.end('value');
    await expect.poll(() => outer.began).toBe(true);
    expect([limit.running, limit.lent]).toEqual([1, 0]);
    outer.end('value');
    await expect.poll(() => limit.running).toBe(0);
  });

  it('does so also for many keys', async () => {
    const { limit, loads } = scene(1);
    const deaf = new OpenLoad();
    const together = loads.together(TEMPLATE, 50, new Set(['key']), deaf.load);
    await expect(together).rejects.toThrow(LoaderTimeoutError);
    expect(limit.running).toBe(1);
    deaf.end('value');
    await expect.poll(() => limit.running).toBe(0);
  });
});

describe('a load that waits for its turn', () => {
  it('is refused when it has waited for as long as it may take, and is never made then', async () => {
    const { limit, run } = scene(1);
    const [long, late] = [new OpenLoad(), new OpenLoad()];
    const running = run(long.load, 60_000);
    const refused = run(late.load, 50);
    await expect(refused).rejects.toThrow(LoaderOverloadedError);
    await expect(refused).rejects.toThrow('waited 50 ms');
    expect(limit.waiting).toBe(0);
    long.end('value');
    await running;
    await turn();
    expect([late.began, limit.running]).toEqual([false, 0]);
  });

  it('has its whole time once it is its turn', async () => {
    const { run } = scene(1);
    const first = run(() => sleep(600, 'first'), 60_000);
    const second = run(() => sleep(600, 'second'), 1_000);
    expect(await second).toMatchObject({ value: 'second' });
    await first;
  });
});
