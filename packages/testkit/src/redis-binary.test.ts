import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findRedisServer } from './redis-binary.ts';

/** Looks like a server as far as `--version` goes. Nothing is started here. */
async function program(folder: string, name: string, says: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\necho '${says}'\n`);
  await chmod(path, 0o755);
  return path;
}

const REDIS = 'Redis server v=7.2.4 sha=00000000:0 malloc=libc bits=64 build=0';
const VALKEY = 'Valkey server v=8.1.1 sha=00000000:0 malloc=libc bits=64 build=0';
const OLD = 'Redis server v=6.2.6 sha=00000000:0 malloc=libc bits=64 build=0';

describe('findRedisServer', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyslot-find-'));
    vi.stubEnv('REDIS_SERVER_BIN', '');
    // Nothing but what a test puts there: no server, no docker, no apt-get.
    vi.stubEnv('PATH', folder);
    vi.stubEnv('KEYSLOT_CACHE_DIR', join(folder, 'cache'));
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  it('takes REDIS_SERVER_BIN before anything on PATH', async () => {
    await program(folder, 'redis-server', REDIS);
    vi.stubEnv('REDIS_SERVER_BIN', await program(folder, 'mine', VALKEY));

    expect(await findRedisServer()).toEqual({
      bin: join(folder, 'mine'),
      product: 'Valkey',
      version: '8.1.1',
      from: 'REDIS_SERVER_BIN',
      describe: `Valkey 8.1.1 (${join(folder, 'mine')}, by REDIS_SERVER_BIN)`,
    });
  });

  it.each([
    ['a file that is not there', async () => '/no/such/server', /which is no executable file/],
    ['an older version', () => program(folder, 'old', OLD), /which is version 6\.2\.6, older than 7\.0/],
    ['another program', () => program(folder, 'other', 'hello'), /which is no Redis or Valkey server/],
  ])('refuses %s in REDIS_SERVER_BIN instead of passing it over', async (_, make, message) => {
    await program(folder, 'redis-server', REDIS);
    vi.stubEnv('REDIS_SERVER_BIN', await make());

    await expect(findRedisServer()).rejects.toMatchObject({ code: 'TESTKIT_SERVER_UNUSABLE' });
    await expect(findRedisServer()).rejects.toThrow(message);
  });

  it('takes valkey-server when redis-server on PATH is too old', async () => {
    await program(folder, 'redis-server', OLD);
    await program(folder, 'valkey-server', VALKEY);
    expect(await findRedisServer()).toMatchObject({ from: 'PATH', product: 'Valkey' });
  });

  it('passes over PATH entries that do not exist', async () => {
    await program(folder, 'redis-server', REDIS);
    vi.stubEnv('PATH', ['/no/such/folder', '', folder].join(delimiter));
    expect(await findRedisServer()).toMatchObject({ from: 'PATH', version: '7.2.4' });
  });

  it('names what it tried and the three remedies when there is nothing', async () => {
    const search = findRedisServer();
    await expect(search).rejects.toMatchObject({ code: 'TESTKIT_SERVER_NOT_FOUND' });
    await expect(search).rejects.toThrow(
      /REDIS_SERVER_BIN: not set[^]*PATH: neither[^]*Docker: [^]*on PATH[^]*REDIS_SERVER_BIN[^]*start Docker/,
    );
  });
});
