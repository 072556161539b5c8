import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isAlive, processesNaming } from './traces.ts';

const program = new URL('./programs/holder.ts', import.meta.url).pathname;

/** Runs the program until it holds a cluster, ends it, and says what was left within two seconds. */
async function endOf(way: string, signal?: NodeJS.Signals) {
  const folder = await mkdtemp(join(tmpdir(), 'keyslot-left-'));
  try {
    const child = spawn(process.execPath, ['--conditions=@keyslot/source', program, way], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TMPDIR: folder },
    });
    const exited = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    expect(pids).toHaveLength(2);
    if (signal !== undefined) {
      await sleep(50);
      child.kill(signal);
    }
    const [code, endedBy] = (await exited) as [number | null, NodeJS.Signals | null];

    let left: string[] = [];
    for (const end = performance.now() + 2000; performance.now() < end; await sleep(20)) {
      left = [
        ...pids.filter(isAlive).map((pid) => `process ${pid}`),
        ...processesNaming(folder),
        ...(await readdir(folder)),
      ];
      if (left.length === 0) break;
    }
    return { left, code, endedBy };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('a program that holds a cluster with a frozen node leaves no process and no file behind', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'when %s ends it, and is seen to end by it',
    async (signal) => {
      expect(await endOf('wait', signal)).toEqual({ left: [], code: null, endedBy: signal });
    },
  );

  it('when SIGKILL ends it, so that nothing of its own can run', async () => {
    expect(await endOf('wait', 'SIGKILL')).toEqual({ left: [], code: null, endedBy: 'SIGKILL' });
  });

  it.each([
    ['an exception', 'throw'],
    ['a rejection that nobody handles', 'reject'],
  ])('when it crashes by %s', async (_, way) => {
    expect(await endOf(way)).toEqual({ left: [], code: 1, endedBy: null });
  });

  it('when it aborts', async () => {
    expect(await endOf('abort')).toMatchObject({ left: [], endedBy: 'SIGABRT' });
  });

  it('when it has a handler of its own, which then decides how it ends', async () => {
    expect(await endOf('own-handler', 'SIGINT')).toEqual({ left: [], code: 7, endedBy: null });
  });
});
