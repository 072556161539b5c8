import { hashTagOf, slotOf } from './slot.ts';

declare const holds: unique symbol;

/** A key, whatever it holds: what a function takes that neither reads nor writes the value. */
export interface AnyKey {
  /** What goes over the wire: `places:{place:42}:detail`. Not for logs: it tells whose data was asked for. */
  readonly text: string;

  /** What the key was rendered from: `places:{place:<id>}:detail`. Safe to log and to use as a metric label. */
  readonly template: string;

  /** The part between the braces, `place:42`, which alone decides the slot; `undefined` when there is none. */
  readonly hashTag: string | undefined;

  /** The slot, 0 to 16383. Computed when first asked for. */
  readonly slot: number;
}

/**
 * A key that remembers, at compile time only, the type of the value it holds. A `Key<Cat>` is no `Key<Animal>`:
 * whoever had it as one could store a dog in it.
 */
export interface Key<Value> extends AnyKey {
  readonly [holds]: (value: Value) => Value;
}

/** The only thing that is a key at run time. Slot and hash tag wait until asked: a hit in memory needs neither. */
export class RenderedKey<Value> implements Key<Value> {
  declare readonly [holds]: (value: Value) => Value;
  readonly text: string;
  readonly template: string;
  #slot = -1;

  constructor(text: string, template: string) {
    this.text = text;
    this.template = template;
  }

  get hashTag(): string | undefined {
    return hashTagOf(this.text);
  }

  get slot(): number {
    if (this.#slot === -1) this.#slot = slotOf(this.text);
    return this.#slot;
  }
}
