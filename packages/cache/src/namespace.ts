import { type AnyKey, slotOf } from '@keyslot/keys';
import type { ClusterKey } from './cluster-tier.ts';

/** Between the keys of an application and those in the cluster: a prefix that keeps caches apart. */
export class Namespace {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  inCluster(key: AnyKey): ClusterKey {
    if (this.#prefix === '') return key;
    const text = this.#prefix + key.text;
    // A prefix holds no brace: a hash tag decides as before, and without one the whole text does.
    return { text, template: key.template, slot: key.hashTag === undefined ? slotOf(text) : key.slot };
  }

  /** What the application calls the key, by which this process knows it. */
  idOf(text: string): string {
    return text.slice(this.#prefix.length);
  }

  /** A key of which only its name is known. Its slot is found out when it is asked for. */
  keyOf(id: string, template: string): ClusterKey {
    const text = this.#prefix + id;
    return {
      text,
      template,
      get slot() {
        return slotOf(text);
      },
    };
  }
}
