import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RunFolder } from './run-folder.mjs';

let folder: RunFolder;

beforeEach(() => {
  folder = new RunFolder();
});
afterEach(async () => {
  for (const { pid } of await folder.processes(0)) process.kill(pid, 'SIGKILL');
  folder.remove();
});

it('finds a process whose parent is gone, and no other', async () => {
  const pid = orphan({ ...process.env, ...folder.environment });
  const stranger = orphan({ ...process.env, KEYSLOT_RUN: 'another' });
  try {
    expect(await folder.processes(0)).toEqual([{ pid, command: expect.stringContaining('setTimeout') }]);
  } finally {
    process.kill(stranger, 'SIGKILL');
  }
});

it('finds a process that dropped its environment but sits in the folder', async () => {
  const inside = join(folder.path, 'node-1');
  mkdirSync(inside);
  const pid = orphan({}, inside);
  expect((await folder.processes(0)).map((each) => each.pid)).toEqual([pid]);
});

it('gives a process that is ending the time to do so', async () => {
  orphan({ ...process.env, ...folder.environment }, undefined, 300);
  expect(await folder.processes(5000)).toEqual([]);
});

it('finds files of Keyslot, not those of the tools', () => {
  writeFileSync(join(folder.path, 'keyslot-cluster-1'), '');
  mkdirSync(join(folder.path, 'node-compile-cache'));
  expect(folder.files()).toEqual(['keyslot-cluster-1']);
});

it('goes away with all it holds', () => {
  mkdirSync(join(folder.path, 'keyslot-cluster-1'));
  folder.remove();
  expect(existsSync(folder.path)).toBe(false);
});

/** Starts a process that outlives the one that started it. */
function orphan(env: NodeJS.ProcessEnv, cwd?: string, lifeMs = 20_000): number {
  const child = `setTimeout(() => {}, ${lifeMs})`;
  const parent = `
    const child = require('node:child_process').spawn(process.execPath, ['-e', '${child}'], { detached: true, stdio: 'ignore' });
    child.unref();
    console.log(child.pid);`;
  return Number(execFileSync(process.execPath, ['-e', parent], { env, cwd, encoding: 'utf8' }));
}
