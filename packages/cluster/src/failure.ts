/**
 * What a failed attempt says about itself.
 *
 * - `redirect`: another node serves the slot; nothing was executed
 * - `no-script`: the node does not know the script; nothing was executed
 * - `unavailable`: the node refused for now; nothing was executed
 * - `closed`: the connection ended before an answer came
 * - `answered`: the server executed or refused the command for good
 */
export type Failure = 'redirect' | 'no-script' | 'unavailable' | 'closed' | 'answered';

const BY_FIRST_WORD = new Map<string, Failure>(
  Object.entries({
    MOVED: 'redirect',
    ASK: 'redirect',
    TRYAGAIN: 'redirect',
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

/** The address that an ASK names; `undefined` for another redirect. */
export function askedNode(redirect: string): string | undefined {
  const [kind, , address] = redirect.split(' ', 3);
  return kind === 'ASK' ? address : undefined;
}
