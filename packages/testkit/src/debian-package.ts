import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { onPath, run } from './command.ts';
import { type ServerVersion, serverVersion } from './server-version.ts';

type Unpacked = ({ readonly bin: string } & ServerVersion) | { readonly unusable: string };

/**
 * The distribution's own server package, unpacked into a cache folder. Nothing is installed, no service is
 * started, root is not needed: `apt-get download` fetches what `apt-get install` would, `dpkg -x` unpacks it.
 *
 * Safe when several processes do it at once: each unpacks into a folder of its own, and the first to rename
 * its folder wins.
 */
export async function debianServer(): Promise<Unpacked> {
  const system = await debianSystem();
  if (system === undefined) return { unusable: 'this is neither Debian nor Ubuntu' };
  const cache = process.env['KEYSLOT_CACHE_DIR'] || join(homedir(), '.cache', 'keyslot');
  const home = join(cache, `redis-${system}-${process.arch}`);
  const bin = join(home, 'server');
  const before = await serverVersion(bin);
  if (!('unusable' in before)) return { bin, ...before };
  if (onPath('apt-get') === undefined || onPath('dpkg') === undefined) {
    return { unusable: 'apt-get or dpkg is missing' };
  }

  let workshop: string | undefined;
  try {
    await mkdir(cache, { recursive: true });
    workshop = await mkdtemp(join(cache, 'unpacking-'));
    const failure = await unpack(workshop);
    if (failure !== undefined) return { unusable: failure };
    await moveInto(join(workshop, 'root'), home);
  } catch (error) {
    return { unusable: `${cache}: ${(error as Error).message}` };
  } finally {
    if (workshop !== undefined) await rm(workshop, { recursive: true, force: true });
  }
  const after = await serverVersion(bin);
  return 'unusable' in after ? { unusable: `${bin} ${after.unusable}` } : { bin, ...after };
}

/** `debian-12`, say: a home folder may be shared by machines of different releases. */
async function debianSystem(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    await stat('/etc/debian_version');
    const release = await readFile('/etc/os-release', 'utf8');
    const field = (name: string) => new RegExp(`^${name}="?([\\w.-]+)"?$`, 'm').exec(release)?.[1];
    return `${field('ID') ?? 'debian'}-${field('VERSION_ID') ?? 'rolling'}`;
  } catch {
    return undefined; // no such files: another system
  }
}

/** Downloads and unpacks into `workshop/root`; what went wrong, otherwise nothing. */
async function unpack(workshop: string): Promise<string | undefined> {
  const [debs, root, lists] = ['debs', 'root', 'lists'].map((name) => join(workshop, name)) as Folders;
  for (const folder of [debs, root, join(lists, 'partial'), join(workshop, 'apt', 'archives', 'partial')]) {
    await mkdir(folder, { recursive: true });
  }

  const shared = ['-q', '-o', 'APT::Sandbox::User='];
  let failure = await download(shared, debs);
  if (failure !== undefined) {
    // No package lists on this machine, or old ones: fetch lists of our own, which needs no root.
    const own = [...shared, '-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(workshop, 'apt')}`];
    const updated = await run('apt-get', [...own, 'update'], { timeoutMs: 120_000 });
    if (!updated.ok) return `apt-get update: ${updated.failure}`;
    failure = await download(own, debs);
    if (failure !== undefined) return failure;
  }

  for (const file of await readdir(debs)) {
    if (!file.endsWith('.deb')) continue;
    const unpacked = await run('dpkg', ['-x', join(debs, file), root], { timeoutMs: 60_000 });
    if (!unpacked.ok) return unpacked.failure;
  }
  return await writeLauncher(root);
}

type Folders = [debs: string, root: string, lists: string];

/** Fetches the server and those of its libraries that the machine does not have. */
async function download(apt: readonly string[], folder: string): Promise<string | undefined> {
  let failure = '';
  for (const server of ['redis-server', 'valkey-server']) {
    const plan = await run('apt-get', [...apt, '-s', '--no-install-recommends', 'install', server], {
      timeoutMs: 60_000,
    });
    const wanted = plan.ok
      ? [...plan.stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] as string)
      : [];
    // Already installed, though not on PATH: the server and its tools are still fetched.
    if (plan.ok && wanted.length === 0) wanted.push(server, server.replace('-server', '-tools'));

    const fetched = plan.ok
      ? await run('apt-get', [...apt, 'download', ...wanted], { cwd: folder, timeoutMs: 120_000 })
      : plan;
    if (fetched.ok) return undefined;
    failure = fetched.failure;
  }
  return failure;
}

/** A script that starts the unpacked server with the libraries unpacked beside it. */
async function writeLauncher(root: string): Promise<string | undefined> {
  const programs = await readdir(join(root, 'usr', 'bin'));
  const program = ['redis-server', 'valkey-server'].find((name) => programs.includes(name));
  if (program === undefined) return 'the package holds no server';

  const libraries = (await readdir(join(root, 'usr', 'lib'))).filter((name) => name.includes('-linux-'));
  const paths = libraries.map((name) => `$here/usr/lib/${name}`).join(':');
  const launcher = join(root, 'server');
  await writeFile(
    launcher,
    `#!/bin/sh
here=\${0%/*}
LD_LIBRARY_PATH=${paths}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec "$here/usr/bin/${program}" "$@"
`,
  );
  await chmod(launcher, 0o755);
  return undefined;
}

/** Renames atomically; when another process was first, its folder stays. */
async function moveInto(folder: string, home: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await rename(folder, home);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      if (!('unusable' in (await serverVersion(join(home, 'server'))))) return;
      if (attempt > 0) throw error;
      // What is there does not run: an older version of the machine's libraries, say. Out of the way, then again.
      await rm(home, { recursive: true, force: true });
    }
  }
}
