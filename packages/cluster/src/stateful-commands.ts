import { InvalidOptionError } from '@keyslot/kernel';
import type { Argument } from './argument.ts';

/** Commands that change what the connection is, or what its replies are, for everybody's commands behind them. */
const CHANGING = new Set(
  `multi exec discard watch unwatch subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe
   monitor sync psync replconf reset quit hello auth select readonly readwrite asking`.split(/\s+/),
);

/** Commands that hold up everybody's commands behind them. */
const BLOCKING = new Set(
  'blpop brpop brpoplpush blmove blmpop bzpopmin bzpopmax bzmpop wait waitaof'.split(' '),
);

/** @throws {InvalidOptionError} for a command that needs a connection of its own. */
export function refuseStateful(name: string, args: readonly Argument[]): void {
  const isStateful =
    CHANGING.has(name) ||
    BLOCKING.has(name) ||
    (name === 'client' && /^(reply|tracking|caching|setname|no-)/i.test(String(args[0]))) ||
    ((name === 'xread' || name === 'xreadgroup') && args.some((arg) => /^block$/i.test(String(arg))));
  if (isStateful) {
    throw new InvalidOptionError(
      'name',
      name,
      'commands that neither block nor change the shared connection',
    );
  }
}
