import { namesOf } from './namespace.ts';
import { tenantPrefixOf } from './tenant.ts';

/** Whose keys a process may touch. */
export interface TenantAccess {
  /** The `namespace` of the cache. @default none */
  readonly namespace?: string;

  /** The tenant's id, as `forTenant` is given it. */
  readonly tenant: string;
}

/** What client and cache send for a tenant, and nothing that tells of other keys or of the server's settings. */
const COMMANDS = [
  ...['get', 'set', 'del', 'getrange', 'setrange', 'pexpire', 'pttl', 'eval', 'evalsha'],
  ...['publish', 'subscribe', 'spublish', 'ssubscribe', 'sunsubscribe'],
  ...['ping', 'info', 'asking', 'readonly', 'readwrite', 'cluster|slots', 'cluster|info', 'client|setname'],
];

/**
 * The least that the ACL user of a process may be allowed that uses a cache for one tenant only: what follows a user's
 * name in `ACL SETUSER`, on every node. It takes away what the user had, except for its passwords.
 *
 * The server then refuses all other keys, those of other tenants and those of the cache itself. What tenants still have
 * in common, because processes tell each other there what they deleted, is the channel of the namespace. On it they hear
 * the keys that others delete, never a value, and whoever means harm may say there what is not so:
 *
 * - that keys of others were deleted: processes forget their copies and ask the cluster again, and after a failover delete
 *   them there
 * - that deletes of others are not confirmed: for as long as that is repeated, every process loads these keys for itself and
 *   stores nothing
 * - very much, until processes forget what else they have heard in the last seconds: if a shard fails over just then, one
 *   may read an old value for the moment until whoever deleted it repeats that
 *
 * No message carries a value, none ends what another process has said, and none concerns another namespace. Where even
 * that is too much, give each tenant a namespace. Memory and connections are the server's.
 *
 * `client.selfCheck()` asks for `+time +config|get` as well; it says so, and finds no error without them.
 *
 * @throws {InvalidTenantError} for what cannot be a tenant's id.
 * @throws {InvalidOptionError} for a namespace that no cache can have.
 *
 * @example
 * ```ts run
 * import { tenantAccess } from '@keyslot/cache';
 *
 * const rules = tenantAccess({ namespace: 'shop', tenant: 'acme' });
 * rules.split(' ').slice(4, 7); // => ['~shop:@acme:*', '&keyslot:shop:invalidations', '&keyslot:w:{*}']
 * ```
 */
export function tenantAccess({ namespace, tenant }: TenantAccess): string {
  const { prefix, channel } = namesOf(namespace);
  const rules = [
    ...['resetkeys', 'resetchannels', 'clearselectors', '-@all'],
    `~${prefix}${tenantPrefixOf(tenant)}*`,
    ...[`&${channel}`, '&keyslot:w:{*}'],
    ...COMMANDS.map((command) => `+${command}`),
  ];
  return rules.join(' ');
}
