import { run } from './command.ts';

/** The program a binary is, as it says itself. */
export interface ServerVersion {
  readonly product: 'Redis' | 'Valkey';
  readonly version: string;
}

/** The oldest major version that the testkit can drive: slot ranges and sharded pub/sub came with 7.0. */
const OLDEST_MAJOR = 7;

/** Asks a binary what it is, or says why it will not do. */
export async function serverVersion(
  bin: string,
  args: readonly string[] = [],
): Promise<ServerVersion | { readonly unusable: string }> {
  const result = await run(bin, [...args, '--version'], { timeoutMs: 30_000 });
  if (!result.ok) return { unusable: `does not run (${result.failure})` };

  const version = /\bv=(\d+)(\.\S+)/.exec(result.stdout);
  if (version === null) return { unusable: 'is no Redis or Valkey server, by what it answers to --version' };
  if (Number(version[1]) < OLDEST_MAJOR) {
    return { unusable: `is version ${version[1]}${version[2]}, older than ${OLDEST_MAJOR}.0` };
  }
  return {
    product: /valkey/i.test(result.stdout) ? 'Valkey' : 'Redis',
    version: `${version[1]}${version[2]}`,
  };
}
