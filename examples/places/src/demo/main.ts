import { constants } from 'node:os';
import { readArguments, UsageError, usage } from './arguments.ts';
import { Opened } from './opened.ts';
import { runDemo } from './run.ts';
import { Screen } from './screen.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ends the demo early, on somebody's wish. */
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

  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of SIGNALS) process.once(signal, () => reject(new Interrupted(signal)));
  });
  const screen = new Screen();
  const opened = new Opened();
  try {
    const ok = await Promise.race([interrupted, runDemo(options, screen, opened)]);
    return ok ? 0 : 1;
  } finally {
    screen.end();
    await opened[Symbol.asyncDispose]();
  }
}

// What was still being started when the demo was interrupted would keep the process alive, hence the explicit end.
process.exit(
  await main(process.argv.slice(2)).catch((error: unknown) => {
    if (error instanceof Interrupted) return error.exitCode;
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${usage}`);
      return 2;
    }
    console.error('The demo could not be run to its end.', error);
    return 1;
  }),
);
