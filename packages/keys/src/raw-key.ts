import { RawKeyError } from './errors.ts';
import { type Key, RenderedKey } from './key.ts';

/** How a raw key is handled. */
export interface RawKeyOptions {
  /**
   * What logs and metrics show instead of the key's text, so keep data out of it: `'legacy:{<id>}'`.
   * All raw keys with the same `template` are one line there.
   *
   * @default '<raw>'
   */
  readonly template?: string;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * A key that exists already, under a text that no template renders. Nothing is encoded and nothing is checked
 * but that the text is sent unchanged: whoever builds it from data answers for its braces and its slot.
 *
 * @throws {RawKeyError} for an empty text, or one with a lone surrogate, which Node would send as another.
 *
 * @example
 * ```ts run
 * import { rawKey } from '@keyslot/keys';
 *
 * const legacy = rawKey<number>('legacy:{42}');
 * legacy.hashTag; // => '42'
 * legacy.template; // => '<raw>'
 * ```
 */
export function rawKey<Value>(text: string, { template = '<raw>' }: RawKeyOptions = {}): Key<Value> {
  if (typeof text !== 'string') throw new RawKeyError(template, `a value of type ${typeof text}`);
  if (text === '') throw new RawKeyError(template, 'an empty text');
  if (LONE_SURROGATE.test(text)) throw new RawKeyError(template, 'a text with a lone surrogate');
  return new RenderedKey<Value>(text, template);
}
