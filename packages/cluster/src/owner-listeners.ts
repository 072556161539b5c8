import { tellListener } from './tell-listener.ts';

/** Told when a primary was lost or slots passed to another one, with a test that says whether a slot is concerned. */
export type OwnerChangeListener = (concerns: (slot: number) => boolean) => void;

/** Those who want to know when what a primary acknowledged may have been lost with it. */
export class OwnerListeners {
  readonly #listeners = new Set<OwnerChangeListener>();

  add(listener: OwnerChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(concerns: (slot: number) => boolean): void {
    // Thrown here, an error of theirs would keep ioredis from ever refreshing again.
    for (const listener of this.#listeners) tellListener(() => listener(concerns));
  }
}
