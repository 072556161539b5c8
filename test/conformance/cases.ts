import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ExpectStatic, expect } from 'vitest';
import { test } from './processes.ts';

/** What a case of a peer's suite is given. */
interface CaseContext {
  readonly expect: ExpectStatic;
}

/**
 * The cases that a peer's suite registers, run as tests of ours, so that the invariants are checked after each. Keeps
 * count: a case that is registered and does not run must not go unnoticed.
 */
export class Cases {
  readonly #registered: string[] = [];
  readonly #ran: string[] = [];
  readonly #pending = new Set<Promise<unknown>>();

  register(title: string, body: (context: CaseContext) => unknown): void {
    this.#registered.push(title);
    test(title, async ({ expect: ofCase }) => {
      this.#ran.push(title);
      try {
        await body({ expect: ofCase });
      } finally {
        await this.#settled();
      }
    });
  }

  /** Registers the last test of the surrounding `describe`: that `count` cases were registered, and all ran. */
  expectAllRan(count: number): void {
    test(`runs all of its ${count} cases`, () => {
      expect(this.#registered).toHaveLength(count);
      expect(this.#ran).toEqual(this.#registered);
    });
  }

  /**
   * The same store, of which it is known what it is in the middle of. Some cases only look whether they get a promise,
   * and leave; what they began must not meet what the next one does.
   */
  watched<Store extends object>(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => this.#watch(Reflect.apply(member, target, args));
      },
    });
  }

  #watch(result: unknown): unknown {
    if (result instanceof Promise) {
      this.#pending.add(result);
      const ended = () => this.#pending.delete(result);
      result.then(ended, ended);
    }
    return result;
  }

  async #settled(): Promise<void> {
    // What a case has not waited for may not have come as far as the store yet.
    await nextTurn();
    while (this.#pending.size > 0) {
      await Promise.allSettled(this.#pending);
      await nextTurn();
    }
  }
}
