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

/** ioredis's own words, which carry no code. Each is raised before a command is written. */
const BY_MESSAGE: readonly (readonly [start: string, failure: Failure])[] = [
  ['Too many Cluster redirections', 'unavailable'],
  ["Cluster isn't ready", 'unavailable'],
  ['Cluster is ended', 'unavailable'],
  ["Stream isn't writeable", 'unavailable'],
  ['None of startup nodes', 'unavailable'],
];

/** Classifies what ioredis or the server rejected an attempt with. */
export function classify(error: Error): Failure {
  const { message } = error;
  const known = BY_FIRST_WORD.get(message.split(' ', 1)[0] ?? '');
  if (known !== undefined) return known;
  for (const [start, failure] of BY_MESSAGE) if (message.startsWith(start)) return failure;
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
