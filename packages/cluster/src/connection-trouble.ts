import type { Cluster } from 'ioredis';
import { tellConnectionError } from './channels.ts';

/** What ioredis says when a connection ended, whatever ended it: true, and no reason. */
const NO_REASON = /^(Connection is closed|Failed to refresh slots cache|None of startup nodes is available)/;

/**
 * Why connections fail, as far as anything said so: for whoever waits for one.
 *
 * ioredis tells most of it as events, but swallows what a socket says while the topology is asked for, which is the
 * first thing that fails; the connector says that here. Errors of ioredis carry the command with its arguments,
 * a password among them: only the words are kept.
 */
export class ConnectionTrouble {
  #why: string | undefined;
  #listensTo: Cluster | undefined;

  /** The last reason since the topology was known last. */
  get why(): string | undefined {
    return this.#why;
  }

  /** Takes note of what a connection said. */
  note({ message }: Error, node?: string): void {
    if (NO_REASON.test(message) || message === '') return;
    this.#why = node === undefined || message.includes(node) ? message : `${node}: ${message}`;
  }

  listenTo(cluster: Cluster): void {
    this.#listensTo = cluster;
    cluster.on('error', this.#told);
    cluster.on('node error', this.#told);
    cluster.on('refresh', this.#cleared);
  }

  /** Only after the connections have ended: until then they have errors to tell. */
  unlisten(): void {
    this.#listensTo?.off('error', this.#told);
    this.#listensTo?.off('node error', this.#told);
    this.#listensTo?.off('refresh', this.#cleared);
  }

  readonly #told = (error: Error, node?: string): void => {
    tellConnectionError(error, node);
    this.note(error, node);
  };

  readonly #cleared = (): void => {
    this.#why = undefined;
  };
}
