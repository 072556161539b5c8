/** What has been opened, to be closed in the opposite order, whatever happens. */
export class Opened implements AsyncDisposable {
  readonly #closings: AsyncDisposable[] = [];
  #isClosing = false;

  /** Takes over the closing of `thing`. What comes when all is being closed already is closed at once. */
  add<Thing extends AsyncDisposable>(thing: Thing): Thing {
    if (this.#isClosing) void close(thing);
    else this.#closings.push(thing);
    return thing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    for (let thing = this.#closings.pop(); thing !== undefined; thing = this.#closings.pop())
      await close(thing);
  }
}

/** Says what failed rather than throwing it: the others must be closed all the same. */
async function close(thing: AsyncDisposable): Promise<void> {
  try {
    await thing[Symbol.asyncDispose]();
  } catch (error) {
    console.error('Closing failed:', error);
  }
}
