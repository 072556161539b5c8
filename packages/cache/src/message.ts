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

  /** For each key, where it is `doubtful`, the seal of that doubt; where a doubt was settled, the secret that opens it. */
  readonly proofs?: readonly string[];
}

const VERSION = 1;
const MAX_BYTES = 1_000_000;
const MAX_KEYS = 1_000;

/** No entry has a longer key. */
const LONGEST_KEY = 0xffff;

/** What the keys of one message may take, with room for what is around them. */
const MAX_KEYS_BYTES = MAX_BYTES - 1_000;

const KINDS: ReadonlySet<unknown> = new Set<Message['kind']>(['deleted', 'doubtful', 'replaced']);

/** Splits what is to be told into messages of a size that everybody accepts. */
export function* messagesOf({ from, kind, keys, proofs }: Message): Generator<string> {
  let start = 0;
  let bytes = 0;
  const part = (end: number): Message => ({
    from,
    kind,
    keys: keys.slice(start, end),
    ...(proofs !== undefined && { proofs: proofs.slice(start, end) }),
  });
  for (const [i, key] of keys.entries()) {
    const more = Buffer.byteLength(JSON.stringify(key)) + 1 + (proofs?.[i]?.length ?? 0) + 3;
    if (i - start === MAX_KEYS || (i > start && bytes + more > MAX_KEYS_BYTES)) {
      yield textOf(part(i));
      start = i;
      bytes = 0;
    }
    bytes += more;
  }
  if (start < keys.length) yield textOf(part(keys.length));
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
  const { v, from, kind, keys, proofs } = parsed as Record<string, unknown>;
  if (v !== VERSION || !isShort(from)) return undefined;
  if (!KINDS.has(kind)) return undefined;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) return undefined;
  if (!keys.every((key): key is string => typeof key === 'string' && key.length <= LONGEST_KEY))
    return undefined;
  const message = { from, kind: kind as Message['kind'], keys };
  if (proofs === undefined) return message;
  if (!Array.isArray(proofs) || proofs.length !== keys.length || !proofs.every(isShort)) return undefined;
  return { ...message, proofs };
}

function isShort(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 100;
}
