import { constants } from 'node:os';

/** Ends everything it stands for before it returns: there is no time to wait in an exit handler. */
export type EndNow = () => void;

const ends = new Set<EndNow>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `end` when this process exits, crashes or is told to end by a signal.
 *
 * A program with signal handlers of its own decides itself when it ends; what is still open then is
 * ended at its exit.
 *
 * @returns takes the hook back
 */
export function onProcessEnd(end: EndNow): () => void {
  if (ends.size === 0) {
    process.on('exit', endAll);
    for (const signal of SIGNALS) process.on(signal, endBySignal);
  }
  ends.add(end);

  return () => {
    ends.delete(end);
    if (ends.size > 0) return;
    process.off('exit', endAll);
    for (const signal of SIGNALS) process.off(signal, endBySignal);
  };
}

function endAll(): void {
  for (const end of ends) end();
  ends.clear();
}

function endBySignal(signal: (typeof SIGNALS)[number]): void {
  if (process.listenerCount(signal) > 1) return;
  endAll();

  // Re-raised without our handler, so that whoever waits for this process sees the signal.
  process.off(signal, endBySignal);
  process.kill(process.pid, signal);
  process.exitCode = 128 + constants.signals[signal];
}
