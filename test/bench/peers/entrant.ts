import { isDeepStrictEqual } from 'node:util';
import { Database, placeOf } from './database.ts';
import type { Answer, Opening, OpenPeer, Peer } from './peer.ts';

/** A library in a run, and what speaks against a figure for it. */
export class Entrant implements AsyncDisposable {
  readonly peer: Peer;
  readonly database: Database;
  readonly open: OpenPeer;
  readonly #complaints: string[];
  #refusal: string | undefined;

  private constructor(peer: Peer, database: Database, open: OpenPeer, complaints: string[]) {
    this.peer = peer;
    this.database = database;
    this.open = open;
    this.#complaints = complaints;
  }

  static async enter(peer: Peer, addresses: Opening['addresses']): Promise<Entrant> {
    const database = new Database();
    const complaints: string[] = [];
    const complain = (error: unknown) => void complaints.push(messageOf(error));
    return new Entrant(peer, database, await peer.open({ addresses, database, complain }), complaints);
  }

  /** Begins a row with a clean sheet. */
  begin(): void {
    this.#refusal = undefined;
    this.#complaints.length = 0;
  }

  /** Why this row has no figure, with what the library itself said of it; `undefined` when it may have one. */
  get refusal(): string | undefined {
    if (this.#refusal === undefined) return undefined;
    const [said] = this.#complaints;
    return said === undefined || this.#refusal.includes(said)
      ? this.#refusal
      : `${this.#refusal}; it reports: ${said}`;
  }

  /** Keeps the first reason only: what follows is often its consequence. */
  refuse(reason: unknown): void {
    this.#refusal ??= messageOf(reason);
  }

  /** Refuses anything that is not, in full, what the database holds for these ids. */
  inspect(ids: readonly string[], answers: readonly Answer[]): void {
    const wrong = ids.filter((id, i) => !isDeepStrictEqual(answers[i], placeOf(id))).length;
    if (wrong > 0) this.refuse(`${wrong} of ${ids.length} values are missing or wrong`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.open[Symbol.asyncDispose]());
  }
}

function messageOf(thing: unknown): string {
  if (typeof thing === 'string') return thing;
  const { message, err } = thing as { message?: unknown; err?: unknown };
  // async-cache-dedupe logs the error inside of a record.
  return String(err instanceof Error ? err.message : (message ?? thing));
}
