/** What processes tell each other about keys: that they were deleted, or that a delete is not confirmed. */
export interface Message {
  readonly from: string;
  readonly kind: 'deleted' | 'doubtful';
  readonly keys: readonly string[];
}

const VERSION = 1;
const MAX_BYTES = 1_000_000;
const MAX_KEYS = 1_000;

/** Splits what is to be told into messages of a size that everybody accepts. */
export function* messagesOf(from: string, kind: Message['kind'], keys: readonly string[]): Generator<string> {
  for (let at = 0; at < keys.length; at += MAX_KEYS) {
    yield JSON.stringify({ v: VERSION, from, kind, keys: keys.slice(at, at + MAX_KEYS) });
  }
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
  if (kind !== 'deleted' && kind !== 'doubtful') return undefined;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) return undefined;
  if (!keys.every((key): key is string => typeof key === 'string')) return undefined;
  return { from, kind, keys };
}
