/**
 * What a failed attempt says about itself.
 *
 * - `redirect`: another node serves the slot; nothing was executed
 * - `try-again`: the keys of the slot are on their way to another node; nothing was executed
 * - `no-script`: the node does not know the script; nothing was executed
 * - `unavailable`: the node refused for now; nothing was executed
 * - `closed`: the connection ended before an answer came
 * - `answered`: the server executed or refused the command for good
 */
export type Failure = 'redirect' | 'try-again' | 'no-script' | 'unavailable' | 'closed' | 'answered';

const BY_FIRST_WORD = new Map<string, Failure>(
  Object.entries({
    MOVED: 'redirect',
    ASK: 'redirect',
    TRYAGAIN: 'try-again',
    NOSCRIPT: 'no-script',
    CLUSTERDOWN: 'unavailable',
    LOADING: 'unavailable',
    READONLY: 'unavailable',
    MASTERDOWN: 'unavailable',
    NOREPLICAS: 'unavailable',
  }),
);

/**
 * How those begin when it is the server that speaks. A script can raise an error with any first word after it has
 * done something.
 */
const OF_THE_SERVER: readonly RegExp[] = [
  /^(MOVED|ASK) \d{1,5} \S+:\d+$/,
  /^TRYAGAIN Multiple keys request during rehashing of slot/,
  /^NOSCRIPT No matching script/,
  /^CLUSTERDOWN (The cluster is down|Hash slot not served)/,
  /^LOADING \w+ is loading the dataset in memory/,
  /^READONLY You can't write against a read only/,
  /^MASTERDOWN Link with MASTER is down/,
  /^NOREPLICAS Not enough good replicas to write/,
];

/** A script runs for too long. Without more words it could be anybody's. */
const BUSY = /^BUSY \w+ is busy running a script/;

const SCRIPTS = /^(eval|evalsha|fcall)(_ro)?$/;

/** ioredis's own words, raised before a command is written. */
const NOT_WRITTEN = "Stream isn't writeable";

/**
 * Classifies what ioredis or the server rejected an attempt with.
 *
 * @param name - the command, in lower case
 */
export function classify(error: Error, name: string): Failure {
  const { message } = error;
  const known = BUSY.test(message) ? 'unavailable' : BY_FIRST_WORD.get(message.split(' ', 1)[0] ?? '');
  if (known !== undefined) {
    if (!SCRIPTS.test(name)) return known;
    const isTheServer = known !== 'no-script' || name.startsWith('evalsha');
    return isTheServer && (BUSY.test(message) || OF_THE_SERVER.some((words) => words.test(message)))
      ? known
      : 'answered';
  }
  if (message.startsWith(NOT_WRITTEN)) return 'unavailable';
  // What is no reply reaches a command only by way of its connection: ECONNRESET, bytes that are no RESP.
  return error.name === 'ReplyError' ? 'answered' : 'closed';
}

/** What a redirect says. */
export interface Redirect {
  readonly kind: 'MOVED' | 'ASK';
  readonly slot: number;

  /** As the nodes know it, which may not be how this process reaches it. */
  readonly address: string;
}

/** Reads `MOVED 3999 127.0.0.1:6381`; `undefined` for what has another form. */
export function redirectOf(message: string): Redirect | undefined {
  const [, kind, slot, address] = /^(MOVED|ASK) (\d{1,5}) (\S+)/.exec(message) ?? [];
  if (kind === undefined || slot === undefined || address === undefined || Number(slot) > 16_383)
    return undefined;
  return { kind: kind as Redirect['kind'], slot: Number(slot), address };
}
