import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TestCluster } from '@keyslot/testkit';
import { test } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import type { Order, Report } from './one-load-worker.ts';

interface Event {
  readonly at: number;
  readonly report: Report;
}

/** Processes that ask for one key at once. */
class Fleet implements AsyncDisposable {
  readonly events: Event[] = [];
  readonly #workers: readonly ChildProcess[];
  #heard = () => {};

  private constructor(workers: readonly ChildProcess[]) {
    this.#workers = workers;
    for (const worker of workers) {
      worker.on('message', (report: Report) => {
        this.events.push({ at: performance.now(), report });
        this.#heard();
      });
    }
  }

  static async start(cluster: TestCluster, size: number): Promise<Fleet> {
    const script = fileURLToPath(new URL('one-load-worker.ts', import.meta.url));
    const execArgv = ['--conditions=@keyslot/source', '--no-warnings'];
    const fleet = new Fleet(
      Array.from({ length: size }, () => fork(script, [JSON.stringify(cluster.addresses)], { execArgv })),
    );
    await fleet.until(() => fleet.all('ready').length === size);
    return fleet;
  }

  all(kind: Report['kind']): Event[] {
    return this.events.filter(({ report }) => report.kind === kind);
  }

  /** Values of all callers of all processes that have answered. */
  get values(): string[] {
    return this.events.flatMap(({ report }) => (report.kind === 'answered' ? report.values : []));
  }

  order(order: Order): void {
    for (const worker of this.#workers) if (worker.connected) worker.send(order);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  kill(pid: number): void {
    this.#workers.find((worker) => worker.pid === pid)?.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return;
        const gone = once(worker, 'exit');
        worker.kill('SIGKILL');
        await gone;
      }),
    );
  }
}

describe('one cold key', () => {
  test('is loaded once for 4 processes of 250 callers', async ({ cluster }) => {
    await using fleet = await Fleet.start(cluster, 4);

    fleet.order({ id: randomUUID(), callers: 250, loadMs: 300, lease: '1000ms' });
    await fleet.until(() => fleet.values.length === 1_000);

    expect(fleet.all('loading')).toHaveLength(1);
    expect(new Set(fleet.values).size).toBe(1);
  });

  test('is loaded once when the loader takes three times the lease', async ({ cluster }) => {
    await using fleet = await Fleet.start(cluster, 4);

    fleet.order({ id: randomUUID(), callers: 250, loadMs: 900, lease: '300ms' });
    await fleet.until(() => fleet.values.length === 1_000);

    expect(fleet.all('loading')).toHaveLength(1);
  });

  test('is loaded by exactly one other, within the lease, when the leader is killed', async ({ cluster }) => {
    const leaseMs = 1_000;
    await using fleet = await Fleet.start(cluster, 4);

    fleet.order({ id: randomUUID(), callers: 250, loadMs: 600, lease: `${leaseMs}ms` });
    await fleet.until(() => fleet.all('loading').length === 1);
    const [first] = fleet.all('loading');
    const leader = first?.report.kind === 'loading' ? first.report.pid : 0;
    fleet.kill(leader);
    const killedAt = performance.now();
    await fleet.until(() => fleet.values.length === 750);

    const [, second, ...more] = fleet.all('loading');
    expect(more).toEqual([]);
    expect(second?.report).not.toMatchObject({ pid: leader });
    // A poll of a waiter, and a machine that does other things as well, come on top.
    expect((second?.at ?? Number.POSITIVE_INFINITY) - killedAt).toBeLessThan(leaseMs + 1_000);
    expect(new Set(fleet.values).size).toBe(1);
  });
});
