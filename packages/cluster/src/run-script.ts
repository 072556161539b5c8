import type { Call } from './call.ts';
import type { CallOptions, KeyLike } from './call-options.ts';
import type { Calls } from './calls.ts';
import type { Script, ScriptArgs } from './script.ts';

/** Sends a script, and parses what it replies. */
export function runScript<Keys extends string, Args extends ScriptArgs, Reply>(
  calls: Calls,
  sender: { start(call: Call): void },
  script: Script<Keys, Args, Reply>,
  keys: Readonly<Record<Keys, KeyLike>>,
  args: Readonly<Args>,
  options: CallOptions | undefined,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = calls.ofScript(script, keys, args, options);
    call.onValue = (reply) => {
      try {
        resolve(script.parse(reply));
      } catch (error) {
        reject(error);
      }
    };
    call.onError = reject;
    sender.start(call);
  });
}
