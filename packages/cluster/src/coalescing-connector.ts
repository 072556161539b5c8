import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector } from 'ioredis';

/** What ioredis tells its connector about the node. */
interface Address {
  readonly host?: string;
  readonly port?: number;
  readonly family?: number;
  readonly tls?: object;
  readonly disconnectTimeout: number;
}

/**
 * Connects to a node and makes one socket write of all that is written in one tick.
 *
 * ioredis writes every command by itself, and the system call is most of what a command costs. Merged
 * writes leave the commands as they are: each keeps its own reply, redirect and error, which pipelines
 * do not. Given to ioredis as `redisOptions.Connector`.
 *
 * ```
 *   write 'a' ┐
 *   write 'b' ├─ one tick ─▶ socket.write('ab')
 *   write 'c' ┘
 * ```
 */
export class CoalescingConnector extends AbstractConnector {
  readonly #address: Address;
  readonly #onError: ((error: Error, node: string) => void) | undefined;

  /**
   * @param options - ioredis's own; its type for a connector's constructor says `unknown`
   * @param onError - told why a socket failed, which ioredis keeps to itself while it asks for the topology
   */
  constructor(options: unknown, onError?: (error: Error, node: string) => void) {
    const address = options as Address;
    super(address.disconnectTimeout);
    this.#address = address;
    this.#onError = onError;
  }

  // ioredis attaches its handlers when the promise resolves, so the socket must not connect before.
  override connect(): Promise<Socket> {
    this.connecting = true;
    return new Promise((resolve, reject) => {
      process.nextTick(() => {
        if (!this.connecting) {
          reject(new Error('Connection is closed.'));
          return;
        }
        const { tls, host, port, family } = this.#address;
        const target = { port: port ?? 6379, ...(host && { host }), ...(family && { family }), ...tls };
        try {
          const socket = tls ? connectTls(target) : createConnection(target);
          socket.once('error', (error) => {
            this.firstError = error;
            this.#onError?.(error, `${target.host ?? '127.0.0.1'}:${target.port}`);
          });
          this.stream = coalesceWrites(socket);
          resolve(socket);
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}

/** Replaces the socket's `write` by one that collects until the end of the tick. */
export function coalesceWrites(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;
  const end = socket.end.bind(socket) as (...rest: unknown[]) => Socket;
  let text = '';
  let chunks: (string | Uint8Array)[] = [];
  let scheduled = false;

  const flush = () => {
    scheduled = false;
    if (chunks.length === 0) {
      if (text === '') return;
      const all = text;
      text = '';
      write(all);
      return;
    }
    if (text !== '') chunks.push(text);
    const all = chunks;
    text = '';
    chunks = [];
    socket.cork();
    for (const chunk of all) write(chunk);
    socket.uncork();
  };

  socket.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    if (rest.length > 0) {
      flush();
      return write(chunk, ...rest);
    }
    if (typeof chunk === 'string') {
      text += chunk;
    } else {
      if (text !== '') chunks.push(text);
      text = '';
      chunks.push(chunk);
    }
    if (!scheduled) {
      scheduled = true;
      process.nextTick(flush);
    }
    return true;
  };

  socket.end = (...rest: unknown[]) => {
    flush();
    return end(...rest);
  };

  return socket;
}
