import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { TestCluster } from '@keyslot/testkit';

/**
 * Listens to what the primaries are sent that names a key, in any argument.
 *
 * On sockets of its own: a client's would take what it hears before it is told `OK` for an answer.
 */
export class Sent implements Disposable {
  readonly #sockets: readonly Socket[];
  readonly #commands: { readonly at: number; readonly name: string }[] = [];

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
  }

  static async listen(cluster: TestCluster, { text }: { readonly text: string }): Promise<Sent> {
    const sent = new Sent(cluster.primaries.map(({ host, port }) => connect(port, host)));
    await Promise.all(
      sent.#sockets.map(async (socket) => {
        const lines = createInterface(socket);
        const isHeard = once(lines, 'line');
        lines.on('line', (line) => sent.#hear(line, text));
        socket.write('MONITOR\r\n');
        await isHeard;
      }),
    );
    return sent;
  }

  /** Their names, in the order in which they came. */
  get commands(): readonly string[] {
    return this.#commands.toSorted((a, b) => a.at - b.at).map(({ name }) => name);
  }

  /** `+1795195914.356852 [0 127.0.0.1:35104] "get" "key"`; what a script does comes from `lua`, and is part of the script. */
  #hear(line: string, text: string): void {
    const [, at, source, name] = /^\+([\d.]+) \[\d+ ([^\]]+)\] "(\w+)"/.exec(line) ?? [];
    if (name === undefined || source === 'lua' || !line.includes(text)) return;
    this.#commands.push({ at: Number(at), name: name.toLowerCase() });
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
