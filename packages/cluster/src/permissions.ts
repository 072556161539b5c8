import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A command that Keyslot uses. */
interface Needed {
  /** As an ACL rule names it. */
  readonly command: string;

  /** Harmless as it is: it names a key that nobody has, and a channel to which nobody listens. */
  readonly attempt: readonly [name: string, ...args: (string | number)[]];

  /** What does not work without it: everything; replica reads, quiet connecting and wake-ups; the self-check's clock, and locks and limits. */
  readonly matters: 'always' | 'sometimes' | 'for-the-check';
}

/** What an ACL denies. */
export interface Denied {
  readonly command: string;
  readonly matters: Needed['matters'];
}

function needed(): Needed[] {
  const nobodys = `keyslot:self-check:${randomUUID()}`;
  const always = (command: string, ...attempt: Needed['attempt']): Needed => ({
    command,
    attempt,
    matters: 'always',
  });
  const sometimes: typeof always = (command, ...attempt) => ({ command, attempt, matters: 'sometimes' });
  return [
    always('get', 'get', nobodys),
    always('set', 'set', nobodys, '', 'XX', 'PX', 1),
    always('del', 'del', nobodys),
    always('getrange', 'getrange', nobodys, 0, 0),
    always('pexpire', 'pexpire', nobodys, 1),
    always('eval', 'eval', 'return 1', 0),
    always('evalsha', 'evalsha', '0'.repeat(40), 0),
    always('publish', 'publish', nobodys, ''),
    always('ping', 'ping'),
    always('cluster|slots', 'cluster', 'slots'),
    always('cluster|info', 'cluster', 'info'),
    sometimes('info', 'info', 'server'),
    sometimes('readonly', 'readonly'),
    sometimes('setrange', 'setrange', nobodys, 0, ''),
    sometimes('pttl', 'pttl', nobodys),
    sometimes('spublish', 'spublish', nobodys, ''),
    sometimes('sunsubscribe', 'sunsubscribe', nobodys),
    { command: 'time', attempt: ['time'], matters: 'for-the-check' },
    always('asking', 'asking'),
    // The last ones: afterwards the connection is good for nothing else.
    sometimes('ssubscribe', 'ssubscribe', nobodys),
    always('subscribe', 'subscribe', nobodys),
  ];
}

/**
 * Which of the commands that Keyslot uses the connection's user may not run. `ACL DRYRUN` says so without running
 * anything; an application's user may rarely ask that, so otherwise each is attempted in a form that does nothing.
 * A server looks at the permission for a command before it looks at keys, slots and memory.
 *
 * @param connection - one of its own: it is in subscriber mode afterwards
 */
export async function deniedCommands(connection: Redis): Promise<Denied[]> {
  const user = await connection.call('ACL', 'WHOAMI').then(String, () => undefined);
  const dryRun = (args: Needed['attempt']) =>
    connection.call('ACL', 'DRYRUN', user ?? '', ...args).then(String);
  const mayDryRun =
    user !== undefined &&
    (await dryRun(['ping']).then(
      () => true,
      () => false,
    ));
  const outcomes = await Promise.all(
    needed().map(async ({ command, attempt, matters }) => {
      const answer = mayDryRun ? dryRun(attempt) : run(connection, attempt);
      const words = await answer.then(String, (error: Error) => error.message);
      return isDenied(words) ? [{ command, matters }] : [];
    }),
  );
  return outcomes.flat();
}

function run(connection: Redis, [name, ...args]: Needed['attempt']): Promise<unknown> {
  // ioredis has to know that it subscribes, or takes the answer for that of another command.
  if (name === 'subscribe') return connection.subscribe(String(args[0]));
  if (name === 'ssubscribe') return connection.ssubscribe(String(args[0]));
  return connection.call(name, ...args);
}

/** Of keys and channels it is said that they may not be accessed: which ones are to be used is not known here. */
function isDenied(words: string): boolean {
  return /no permissions to run|unknown command|^ERR Command '.*' not found/i.test(words);
}
