import type { Call } from './call.ts';
import type { BatchCommand, CommandOutcome } from './call-options.ts';

/** Sends commands, each as a call of its own, and resolves with all outcomes, in the order of the commands. */
export function sendBatch(
  commands: readonly BatchCommand[],
  callOf: (command: BatchCommand) => Call,
  start: (call: Call) => void,
): Promise<CommandOutcome[]> {
  if (commands.length === 0) return Promise.resolve([]);
  return new Promise((resolve) => {
    const outcomes = new Array<CommandOutcome>(commands.length);
    let open = commands.length;
    const end = (index: number, outcome: CommandOutcome) => {
      outcomes[index] = outcome;
      if (--open === 0) resolve(outcomes);
    };
    commands.forEach((command, index) => {
      let call: Call;
      try {
        call = callOf(command);
      } catch (error) {
        end(index, { outcome: 'failed', error: error as Error });
        return;
      }
      call.onValue = (value) => end(index, { outcome: 'answered', value });
      call.onError = (error) => end(index, { outcome: 'failed', error });
      start(call);
    });
  });
}
