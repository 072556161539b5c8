import { constants } from 'node:os';
import { isKeyslotError } from '@keyslot/kernel';
import { readArguments, UsageError, usage } from './arguments.ts';
import { Opened } from './opened.ts';
import { runDemo } from './run.ts';
import { Screen } from './screen.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The demo was ended before it was done, on somebody's wish. */
class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(signal);
    this.exitCode = 128 + constants.signals[signal];
  }
}

async function main(args: readonly string[]): Promise<number> {
  const options = readArguments(args);
  if (options === 'help') {
    console.log(usage);
    return 0;
  }

  const interruption = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => interruption.abort(new Interrupted(signal)));
  const screen = new Screen();
  const opened = new Opened();
  try {
    return (await runDemo(options, { screen, opened, signal: interruption.signal })) ? 0 : 1;
  } finally {
    screen.end();
    await opened[Symbol.asyncDispose]();
  }
}

function exitCodeFor(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
  // What Keyslot throws on purpose explains itself; of everything else the stack may be needed.
  console.error('\nThe demo could not be run to its end:', isKeyslotError(error) ? error.message : error);
  return 1;
}

// What was still being started when the demo was interrupted would keep the process alive, hence the explicit end.
process.exit(await main(process.argv.slice(2)).catch(exitCodeFor));
