import { KeyObject } from 'node:crypto';
import { InvalidOptionError } from '@keyslot/kernel';
import type { Codec } from './codec.ts';
import { isNative } from './codec-survey.ts';
import type { Instances, ValueType } from './codec-tagged.ts';
import { type CompressionOptions, hasZstd } from './entry-compression.ts';
import type { EncryptionKey, EncryptionOptions } from './entry-encryption.ts';

/** How values are stored. */
export interface FormatOptions {
  /**
   * How values become bytes. `msgpack` gives everything back as it was: plain data, `undefined`, `NaN`, `-0`, `Date`,
   * `BigInt`, `Map`, `Set`, `Buffer`, typed arrays, `RegExp`, `Error` (without its stack), `URL`, and what is in `types`; small plain
   * values are written as JSON, which is faster to read. `json` is for values that other programs read, and refuses what
   * JSON would change. Entries say what wrote them: after a change, what the built-in ones wrote is still read, and what
   * a codec of your own wrote is a miss.
   *
   * @default 'msgpack'
   */
  readonly codec?: 'msgpack' | 'json' | Codec;

  /** Classes whose instances can be stored; only with the codec `msgpack`. @default none */
  readonly types?: readonly ValueType[];

  /**
   * What becomes of an instance of a class that is not in `types`. `refuse` throws {@link UnencodableValueError}:
   * otherwise the caller who loads would get an instance, and all others an object without its methods. `plain` stores
   * what `toJSON` answers, or the own fields, for callers who only read fields.
   *
   * @default 'refuse'
   */
  readonly instances?: Instances;

  /**
   * Makes large payloads smaller. It saves two thirds of the memory of usual data, and about doubles what reading them costs
   * this process, on the thread that does everything else.
   *
   * @default false
   */
  readonly compression?: CompressionOptions | false;

  /**
   * Encrypts values with AES-256-GCM; the key's text, times and sizes stay readable. An entry that is not encrypted, was
   * changed, or was moved to another key is then a miss. Costs some 15 µs for each read.
   *
   * @default none
   */
  readonly encryption?: EncryptionOptions;

  /**
   * How many bytes a value may have, before compression. More is refused with {@link EntryTooLargeError}: a value of that
   * size holds up every command behind it on its shard.
   *
   * @default 8 MiB
   */
  readonly maxEntryBytes?: number;
}

/** Options that were checked. */
export interface FormatSettings {
  readonly codec: 'msgpack' | 'json' | Codec;
  readonly types: readonly ValueType[];
  readonly instances: Instances;
  readonly compression: Required<CompressionOptions> | undefined;
  readonly encryption: EncryptionOptions | undefined;
  readonly maxEntryBytes: number;
}

const NAME = /^[\w.~-]{1,64}$/;
const NAME_FORM = '1 to 64 letters, digits, and . _ ~ -';
const KEY_BYTES = 32;
const MOST_BYTES = 512 * 1024 * 1024;

/** @throws {InvalidOptionError} naming the option, what was received and what is allowed. */
export function formatSettingsOf(options: FormatOptions): FormatSettings {
  const { codec = 'msgpack', instances = 'refuse', maxEntryBytes = 8 * 1024 * 1024 } = options;
  if (codec !== 'msgpack' && codec !== 'json') checkCodec(codec);
  if (instances !== 'refuse' && instances !== 'plain') {
    throw new InvalidOptionError('instances', instances, "'refuse' or 'plain'");
  }
  if (!isWhole(maxEntryBytes, 1, MOST_BYTES)) {
    throw new InvalidOptionError('maxEntryBytes', maxEntryBytes, 'a whole number from 1 to 512 MiB');
  }
  return {
    codec,
    types: typesOf(options.types ?? [], codec),
    instances,
    compression: compressionOf(options.compression ?? false),
    encryption: encryptionOf(options.encryption),
    maxEntryBytes,
  };
}

function checkCodec(codec: unknown): void {
  if (typeof codec !== 'object' || codec === null) {
    throw new InvalidOptionError(
      'codec',
      codec,
      "'msgpack', 'json', or an object with name, encode and decode",
    );
  }
  const { name, encode, decode } = codec as { readonly [Each in keyof Codec]?: unknown };
  if (typeof name !== 'string' || !NAME.test(name) || name === 'msgpack' || name === 'json') {
    throw new InvalidOptionError('codec.name', name, `${NAME_FORM}; not msgpack or json`);
  }
  if (typeof encode !== 'function') throw new InvalidOptionError('codec.encode', encode, 'a function');
  if (typeof decode !== 'function') throw new InvalidOptionError('codec.decode', decode, 'a function');
}

function typesOf(types: readonly ValueType[], codec: FormatSettings['codec']): readonly ValueType[] {
  const list: unknown = types;
  if (!Array.isArray(list)) throw new InvalidOptionError('types', types, 'an array');
  if (types.length > 0 && codec !== 'msgpack') {
    throw new InvalidOptionError('types', types, "none, unless the codec is 'msgpack'");
  }
  const names = new Set<string>();
  const prototypes = new Set<unknown>([Object, Array, Map, Set].map((each) => each.prototype as unknown));
  types.forEach((type, i) => {
    const at = `types[${i}]`;
    if (typeof type !== 'object' || type === null) throw new InvalidOptionError(at, type, 'an object');
    if (typeof type.name !== 'string' || !NAME.test(type.name) || names.has(type.name)) {
      throw new InvalidOptionError(`${at}.name`, type.name, `${NAME_FORM}; each once`);
    }
    const prototype: unknown = typeof type.class === 'function' ? type.class.prototype : undefined;
    if (prototype === undefined || prototypes.has(prototype) || isNative(prototype)) {
      throw new InvalidOptionError(`${at}.class`, type.class, 'a class of your own, each once');
    }
    for (const each of ['toPlain', 'fromPlain'] as const) {
      if (typeof type[each] !== 'function')
        throw new InvalidOptionError(`${at}.${each}`, type[each], 'a function');
    }
    names.add(type.name);
    prototypes.add(prototype);
  });
  return types;
}

function compressionOf(options: CompressionOptions | false): Required<CompressionOptions> | undefined {
  if (options === false) return undefined;
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError('compression', options, 'false, or an object');
  }
  const { algorithm = hasZstd() ? 'zstd' : 'brotli', minBytes = 4_096 } = options;
  const isThere = algorithm === 'brotli' || (algorithm === 'zstd' && hasZstd());
  if (!isThere) {
    const allowed = hasZstd() ? "'zstd' or 'brotli'" : "'brotli'; zstd needs Node 22.15 or newer";
    throw new InvalidOptionError('compression.algorithm', algorithm, allowed);
  }
  if (!isWhole(minBytes, 0, MOST_BYTES)) {
    throw new InvalidOptionError('compression.minBytes', minBytes, 'a whole number from 0 to 512 MiB');
  }
  return { algorithm, minBytes };
}

function encryptionOf(options: EncryptionOptions | undefined): EncryptionOptions | undefined {
  if (options === undefined) return undefined;
  const keys: unknown = (options as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new InvalidOptionError('encryption.keys', keys, 'at least one key');
  }
  const ids = new Set<string>();
  const checked = keys.map((each: Partial<EncryptionKey> | null, i): EncryptionKey => {
    const { id, key } = each ?? {};
    if (typeof id !== 'string' || !NAME.test(id) || ids.has(id)) {
      throw new InvalidOptionError(`encryption.keys[${i}].id`, id, `${NAME_FORM}; each once`);
    }
    ids.add(id);
    if (key instanceof KeyObject && key.type === 'secret' && key.symmetricKeySize === KEY_BYTES)
      return { id, key };
    if (key instanceof Uint8Array && key.length === KEY_BYTES) return { id, key: Uint8Array.from(key) };
    // Whatever it is, it may be most of a secret.
    throw new InvalidOptionError(
      `encryption.keys[${i}].key`,
      {},
      '32 bytes, or a secret KeyObject of that size',
    );
  });
  return { keys: checked as [EncryptionKey, ...EncryptionKey[]] };
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}
