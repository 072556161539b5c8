/** What processes tell each other about keys: copies in memory are out of date. */
export interface Message {
  readonly from: string;

  /**
   * - `deleted`: a primary has confirmed it
   * - `doubtful`: it was deleted, and no primary has confirmed that yet
   * - `replaced`: another value was set; a doubt about a delete stays what it is
   */
  readonly kind: 'deleted' | 'doubtful' | 'replaced';
  readonly keys: readonly string[];
}

const VERSION = 1;
const MAX_BYTES = 1_000_000;
const MAX_KEYS = 1_000;

/** What the keys of one message may take, with room for what is around them. */
const MAX_KEYS_BYTES = MAX_BYTES - 1_000;

const KINDS: ReadonlySet<unknown> = new Set<Message['kind']>(['deleted', 'doubtful', 'replaced']);

/** Splits what is to be told into messages of a size that everybody accepts. */
export function* messagesOf(from: string, kind: Message['kind'], keys: readonly string[]): Generator<string> {
  let part: string[] = [];
  let bytes = 0;
  for (const key of keys) {
    const more = Buffer.byteLength(JSON.stringify(key)) + 1;
    if (part.length === MAX_KEYS || (part.length > 0 && bytes + more > MAX_KEYS_BYTES)) {
      yield textOf({ from, kind, keys: part });
      part = [];
      bytes = 0;
    }
    part.push(key);
    bytes += more;
  }
  if (part.length > 0) yield textOf({ from, kind, keys: part });
}

function textOf(message: Message): string {
  return JSON.stringify({ v: VERSION, ...message });
}

/** Reads a message, or `undefined` for bytes that are none: anybody can publish on a channel. */
export function parseMessage(bytes: Buffer): Message | undefined {
  if (bytes.length > MAX_BYTES) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString());
  } catch {
    // Not JSON: none of ours. The caller reports it.
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { v, from, kind, keys } = parsed as Record<string, unknown>;
  if (v !== VERSION || typeof from !== 'string' || from.length > 100) return undefined;
  if (!KINDS.has(kind)) return undefined;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) return undefined;
  if (!keys.every((key): key is string => typeof key === 'string')) return undefined;
  return { from, kind: kind as Message['kind'], keys };
}
