import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What the demo is asked to do. */
export interface DemoOptions {
  /** Whether to end after the run, with an exit code that says whether the promises held. */
  readonly once: boolean;

  /** Where the summary is written as JSON; nowhere without it. */
  readonly json: string | undefined;

  /** How long the run with its faults takes. */
  readonly seconds: number;

  /** Requests per second. */
  readonly rate: number;
}

export const usage = `npm start [-- options]

Starts a six-node cluster, a database and two instances of the places service, puts load on them, kills a
primary, moves slots, and says what callers noticed. All of it is on 127.0.0.1 and gone afterwards.

  --once         end after the run; the exit code is 0 if the promises held, else 1
  --json FILE    write the summary to FILE
  --seconds N    how long the run takes, 20 to 3600        (30)
  --rate N       requests per second, 10 to 5000           (300)
  --help         show this

Environment: DATABASE_URL uses that Postgres instead of an embedded one, REDIS_SERVER_BIN that redis-server,
KEYSLOT_CACHE_DIR keeps downloads and prepared data elsewhere than in ~/.cache/keyslot.`;

/** An argument that cannot be used. */
export class UsageError extends Error {}

/** @returns `'help'` when that is what was asked for. @throws {UsageError} */
export function readArguments(args: readonly string[]): DemoOptions | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    once: values.once ?? false,
    json: values.json === undefined ? undefined : writable('--json', values.json),
    seconds: whole('--seconds', values.seconds ?? '30', 20, 3600),
    rate: whole('--rate', values.rate ?? '300', 10, 5000),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean' },
        json: { type: 'string' },
        seconds: { type: 'string' },
        rate: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function whole(option: string, text: string, from: number, to: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new UsageError(`${option}: got '${text}'; allowed: a whole number from ${from} to ${to}`);
}

/** Found out now rather than when the run is over. */
function writable(option: string, file: string): string {
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
    return file;
  } catch (error) {
    throw new UsageError(`${option}: got '${file}'; allowed: a file in a folder that can be written to`, {
      cause: error,
    });
  }
}
