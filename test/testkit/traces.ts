import { execFileSync } from 'node:child_process';

/** Whether a process exists and is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false; // ps ends with 1 when there is none
  }
}

/** The command lines of all processes that mention `text`. */
export function processesNaming(text: string): string[] {
  return execFileSync('ps', ['-eo', 'stat=,args='], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 })
    .split('\n')
    .filter((line) => line.includes(text) && !line.startsWith('Z'));
}

/** Everything that listens on TCP on this machine, by IPv4 and IPv6. */
export function listeners(): { address: string; port: number }[] {
  return ['tcp', 'tcp6'].flatMap((family) =>
    execFileSync('cat', [`/proc/net/${family}`], { encoding: 'utf8' })
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === '0A')
      .map(([, local = '']) => {
        const [address = '', port = ''] = local.split(':');
        return { address: readable(address), port: Number.parseInt(port, 16) };
      }),
  );
}

/** The kernel writes an IPv4 address as one little-endian number; longer ones stay as they are. */
function readable(hex: string): string {
  return hex.length === 8 ? [...Buffer.from(hex, 'hex').reverse()].join('.') : hex;
}
