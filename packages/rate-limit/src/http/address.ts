import { isIPv4, isIPv6 } from 'node:net';
import { NoSubjectError } from '../errors.ts';

/** What is looked at of a request: Node's, and what Express and Fastify add to it. */
export interface AddressedRequest {
  /** The framework's own conclusion, by its `trust proxy` setting. */
  readonly ip?: string | undefined;

  /** The connection. */
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined;
}

/**
 * Who sent a request, by its address: an IPv4 address, or the /64 network of an IPv6 address, because whoever has one has all
 * of them.
 *
 * It is the connection's address, unless the framework was told which proxies to trust (`trust proxy` of Express,
 * `trustProxy` of Fastify). `X-Forwarded-For` is never looked at here: anybody can send one.
 *
 * @throws {NoSubjectError} when there is none, as on a Unix socket
 */
export function addressOf({ ip, socket }: AddressedRequest): string {
  const address = ip ?? socket?.remoteAddress;
  if (address === undefined || address === '') throw new NoSubjectError('no address');
  if (isIPv4(address)) return address;
  const bare = withoutPort(address).replace(/%.*$/s, '');
  if (isIPv4(bare)) return bare;
  // A text that a trusted proxy took from a header; it is one subject as it is.
  if (!isIPv6(bare)) return address;

  const groups = groupsOf(bare);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return [groups[6], groups[7]].flatMap((group = 0) => [group >> 8, group & 255]).join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** Some proxies name the port, too. With it, each connection of a client would be somebody else. */
function withoutPort(address: string): string {
  const [, ipv6, ipv4] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(address) ?? [];
  return ipv6 ?? ipv4 ?? address;
}

/** The eight numbers of an IPv6 address. The URL parser has read the forms that there are, and writes one. */
function groupsOf(address: string): number[] {
  const written = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = [], tail] = written.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const all = [...head, ...Array.from({ length: zeros }, () => '0'), ...(tail ?? [])];
  return all.map((group) => Number.parseInt(group, 16));
}
