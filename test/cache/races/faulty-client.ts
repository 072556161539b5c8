import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CallOptions,
  ClusterClient,
  type KeyLike,
  OutcomeUnknownError,
  type Script,
  type ScriptArgs,
} from '@keyslot/cluster';
import type { Dice } from './dice.ts';

/** How often what goes wrong on the way, as parts of 1. */
export interface Faults {
  /** Executed; the answer is lost. */
  readonly lost: number;

  /** The caller gives up; it is executed some time afterwards. */
  readonly late: number;

  /** The answer comes some time after it was given. */
  readonly slow: number;
}

/** Where faults come from, and what becomes of messages. */
export interface FaultsOfClient {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly dice: Dice;

  /** How often what goes wrong with a command, by its name and its key's text. */
  readonly faultsOf: (what: string, text: string) => Faults;

  /** Whether a message is lost, by its text. */
  readonly isMuted: (message: string) => boolean;

  /** Told what went wrong, and with which command. */
  readonly onFault: (fault: keyof Faults | 'muted', what: string, text: string) => void;
}

/** The longest time between a command and its late execution, or its answer. */
export const LONGEST_MS = 50;

/** A client on a network that loses answers, delivers late, and drops messages. All commands are those of real servers. */
export class FaultyClient extends ClusterClient {
  readonly #with: FaultsOfClient;

  constructor(how: FaultsOfClient) {
    super({ nodes: how.nodes, deadline: '5s' });
    this.#with = how;
  }

  override getBuffer(key: KeyLike, options?: CallOptions): Promise<Buffer | null> {
    const { faultsOf, dice } = this.#with;
    const sent = super.getBuffer(key, options);
    const text = textOf(key);
    return dice.hits(faultsOf('get', text).slow) ? this.#slow('get', text, sent) : sent;
  }

  override call(...args: Parameters<ClusterClient['call']>): Promise<unknown> {
    return this.#faulty(args[0], String(args[1][0]), () => super.call(...args));
  }

  override delete(...args: Parameters<ClusterClient['delete']>): ReturnType<ClusterClient['delete']> {
    return this.#faulty('del', textOf(args[0]), () => super.delete(...args));
  }

  override run<Keys extends string, Args extends ScriptArgs, Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Readonly<Record<Keys, KeyLike>>,
    args: Readonly<Args>,
    options?: CallOptions,
  ): Promise<Reply> {
    const [key] = Object.values<KeyLike>(keys);
    return this.#faulty(script.source.name, key === undefined ? '' : textOf(key), () =>
      super.run(script, keys, args, options),
    );
  }

  override async publish(channel: string, message: string | Buffer, options?: CallOptions): Promise<void> {
    const { isMuted, onFault } = this.#with;
    if (isMuted(String(message))) onFault('muted', 'publish', String(message));
    else await super.publish(channel, message, options);
  }

  #faulty<Reply>(what: string, text: string, send: () => Promise<Reply>): Promise<Reply> {
    const { faultsOf, dice, onFault } = this.#with;
    const faults = faultsOf(what, text);
    const thrown = dice.next();
    if (thrown < faults.lost) {
      onFault('lost', what, text);
      return send().then(() => Promise.reject(new OutcomeUnknownError(what)));
    }
    if (thrown < faults.lost + faults.late) {
      onFault('late', what, text);
      void sleep(dice.next() * LONGEST_MS)
        .then(send)
        .catch(() => {
          // Nobody waits for it any more: its caller was told that the outcome is unknown.
        });
      return Promise.reject(new OutcomeUnknownError(what));
    }
    if (thrown < faults.lost + faults.late + faults.slow) return this.#slow(what, text, send());
    return send();
  }

  async #slow<Reply>(what: string, text: string, sent: Promise<Reply>): Promise<Reply> {
    const { dice, onFault } = this.#with;
    onFault('slow', what, text);
    const [answered] = await Promise.allSettled([sent, sleep(dice.next() * LONGEST_MS)]);
    if (answered.status === 'rejected') throw answered.reason;
    return answered.value;
  }
}

function textOf(key: KeyLike): string {
  return typeof key === 'string' ? key : key.text;
}
