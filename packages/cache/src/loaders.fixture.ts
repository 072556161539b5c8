import { LoaderLimit } from './loader-limit.ts';

export const TEMPLATE = 'places:{place:<id>}:detail';

export function limitOf(concurrency: number, queue = 10_000): LoaderLimit {
  return new LoaderLimit({ concurrency, queue });
}

/** A load that ends when it is told to, and knows whether it began. */
export class OpenLoad {
  readonly #settled = Promise.withResolvers<string>();
  began = false;

  readonly load = (): Promise<string> => {
    this.began = true;
    return this.#settled.promise;
  };

  end(how: 'value' | 'error'): void {
    if (how === 'value') this.#settled.resolve('value');
    else this.#settled.reject(new Error('the loader failed'));
  }
}
