/** A loader that loads when it is told to, and counts how often it was asked. */
export class GatedLoader<Value> {
  loads = 0;
  readonly #asked = Promise.withResolvers<void>();
  readonly #answer = Promise.withResolvers<Value>();

  /** A property: it is handed over by itself. */
  readonly load = (): Promise<Value> => {
    this.loads++;
    this.#asked.resolve();
    return this.#answer.promise;
  };

  /** Resolves once it has been asked. */
  get underWay(): Promise<void> {
    return this.#asked.promise;
  }

  answer(value: Value): void {
    this.#answer.resolve(value);
  }

  fail(error: Error): void {
    this.#answer.reject(error);
  }
}
