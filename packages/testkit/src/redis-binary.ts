import { resolve } from 'node:path';
import { isExecutable, onPath, run } from './command.ts';
import { debianServer } from './debian-package.ts';
import { RedisServerNotFoundError, RedisServerUnusableError } from './errors.ts';
import { serverVersion } from './server-version.ts';

/** A Redis or Valkey server that this machine can run. */
export interface RedisServer {
  /** What to run: the server's binary, or `docker`. */
  readonly bin: string;

  /** The image of which containers are made; only when `from` is `'docker'`. */
  readonly image?: string;

  readonly product: 'Redis' | 'Valkey';
  readonly version: string;

  /** Where it was found. */
  readonly from: 'REDIS_SERVER_BIN' | 'PATH' | 'docker' | 'package';

  /** One line for people: product, version, where it is. */
  readonly describe: string;
}

/** The image that Docker is asked for when `KEYSLOT_REDIS_IMAGE` names no other. */
const DEFAULT_IMAGE = 'redis:7-alpine';

const SERVERS = ['redis-server', 'valkey-server'] as const;

/**
 * Finds the server that test clusters are made of. The first hit counts:
 *
 * 1. `REDIS_SERVER_BIN`; when it is set it is used or refused, never passed over.
 * 2. `redis-server` or `valkey-server` on PATH.
 * 3. Docker, when an engine answers.
 * 4. On Debian and Ubuntu the distribution's package, unpacked into `KEYSLOT_CACHE_DIR` (by default
 *    `~/.cache/keyslot`) without installing anything and without root.
 *
 * @throws {RedisServerUnusableError} when `REDIS_SERVER_BIN` names no usable server.
 * @throws {RedisServerNotFoundError} when there is none. The message names what was tried, and the remedies.
 */
export async function findRedisServer(): Promise<RedisServer> {
  const chosen = process.env['REDIS_SERVER_BIN'];
  if (chosen !== undefined && chosen !== '') return chosenServer(chosen);

  const tried: string[] = ['REDIS_SERVER_BIN: not set'];
  for (const find of [serverOnPath, serverInDocker, serverFromPackage]) {
    const found = await find();
    if ('bin' in found) return found;
    tried.push(found.unusable);
  }
  throw new RedisServerNotFoundError(tried);
}

type Search = Promise<RedisServer | { readonly unusable: string }>;

async function chosenServer(chosen: string): Promise<RedisServer> {
  const bin = resolve(chosen);
  if (!isExecutable(bin)) throw new RedisServerUnusableError(chosen, 'is no executable file');

  const found = await serverVersion(bin);
  if ('unusable' in found) throw new RedisServerUnusableError(chosen, found.unusable);
  return described({ bin, from: 'REDIS_SERVER_BIN', ...found }, `${bin}, by REDIS_SERVER_BIN`);
}

async function serverOnPath(): Search {
  const unusable: string[] = [];
  for (const name of SERVERS) {
    const bin = onPath(name);
    if (bin === undefined) continue;

    const found = await serverVersion(bin);
    if (!('unusable' in found)) return described({ bin, from: 'PATH', ...found }, `${bin}, on PATH`);
    unusable.push(`${bin} ${found.unusable}`);
  }
  return { unusable: `PATH: ${unusable.join('; ') || `neither ${SERVERS.join(' nor ')}`}` };
}

async function serverInDocker(): Search {
  const bin = onPath('docker');
  if (bin === undefined) return { unusable: 'Docker: no docker on PATH' };

  const engine = await run(bin, ['version', '--format', '{{.Server.Version}}'], { timeoutMs: 5000 });
  if (!engine.ok) return { unusable: 'Docker: no engine answers' };

  const image = process.env['KEYSLOT_REDIS_IMAGE'] || DEFAULT_IMAGE;
  const known = await run(bin, ['image', 'inspect', image]);
  if (!known.ok) {
    const pulled = await run(bin, ['pull', '--quiet', image], { timeoutMs: 180_000 });
    if (!pulled.ok) return { unusable: `Docker: ${pulled.failure}` };
  }
  const found = await serverVersion(bin, ['run', '--rm', '--network', 'none', image, 'redis-server']);
  if ('unusable' in found) return { unusable: `Docker: the image ${image} ${found.unusable}` };
  return described({ bin, image, from: 'docker', ...found }, `containers of the image ${image}`);
}

async function serverFromPackage(): Search {
  const unpacked = await debianServer();
  if ('unusable' in unpacked) return { unusable: `Debian package: ${unpacked.unusable}` };

  const { bin, product, version } = unpacked;
  return described(
    { bin, product, version, from: 'package' },
    `${bin}, the distribution's package unpacked privately`,
  );
}

function described(server: Omit<RedisServer, 'describe'>, where: string): RedisServer {
  return { ...server, describe: `${server.product} ${server.version} (${where})` };
}
