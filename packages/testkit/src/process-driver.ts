import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterDriver, NodeProcess, NodeState } from './driver.ts';
import { ClusterStateError, NodeStartError } from './errors.ts';
import { onProcessEnd } from './exit-hook.ts';
import { HOST, returnPort, takePort } from './ports.ts';
import type { RedisServer } from './redis-binary.ts';
import { answersAs } from './server-answer.ts';
import { Watchdog } from './watchdog.ts';

/** How often another port is tried when somebody else was quicker to listen there. */
const START_ATTEMPTS = 5;

/**
 * Runs the servers of one cluster as child processes, with their files in one temporary folder.
 *
 * All of it is gone after disposal, after this process exits, crashes or is told to end, and, by way of a
 * {@link Watchdog}, also after it was killed.
 */
export class ProcessDriver implements ClusterDriver {
  readonly description: string;
  readonly #bin: string;
  readonly #folder: string;
  readonly #watchdog: Watchdog;
  readonly #nodes = new Set<ServerProcess>();
  readonly #takeHookBack: () => void;
  #isClosed = false;

  private constructor(server: RedisServer, folder: string) {
    this.description = server.describe;
    this.#bin = server.bin;
    this.#folder = folder;
    this.#watchdog = new Watchdog(folder, ['kill', '-9']);
    this.#takeHookBack = onProcessEnd(() => {
      for (const node of this.#nodes) node.killNow();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    });
  }

  static async open(server: RedisServer): Promise<ProcessDriver> {
    return new ProcessDriver(server, await mkdtemp(join(await realpath(tmpdir()), 'keyslot-cluster-')));
  }

  async add(args: readonly string[]): Promise<NodeProcess> {
    for (let attempt = 1; ; attempt++) {
      const port = await takePort();
      const folder = join(this.#folder, String(port));
      if (this.#isClosed)
        throw new ClusterStateError('The cluster is disposed of; no server is started for it');
      mkdirSync(folder);
      const node = new ServerProcess(this.#bin, port, folder, args, () => this.#report());
      this.#nodes.add(node);
      try {
        await node.start();
        return node;
      } catch (error) {
        await node.kill();
        this.#nodes.delete(node);
        returnPort(port);
        await rm(folder, { recursive: true, force: true });
        const grabbed = error instanceof NodeStartError && /Address already in use/i.test(error.message);
        if (!grabbed || attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#nodes].map((node) => node.kill()));
    for (const node of this.#nodes) returnPort(node.port);
    this.#nodes.clear();
    await this.#watchdog.close();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
    this.#takeHookBack();
  }

  /** The groups to end, not the processes alone: `REDIS_SERVER_BIN` may be a script that starts the server. */
  #report(): void {
    const pids = [...this.#nodes].flatMap(({ pid }) => (pid === undefined ? [] : [`-${pid}`]));
    this.#watchdog.watch(pids);
  }
}

class ServerProcess implements NodeProcess {
  readonly host = HOST;
  readonly port: number;
  readonly #bin: string;
  readonly #folder: string;
  readonly #args: readonly string[];
  readonly #changed: () => void;
  #child: ChildProcess | undefined;
  #frozen = false;

  constructor(bin: string, port: number, folder: string, args: readonly string[], changed: () => void) {
    this.#bin = bin;
    this.port = port;
    this.#folder = folder;
    this.#args = args;
    this.#changed = changed;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get state(): NodeState {
    if (this.#child === undefined) return 'stopped';
    return this.#frozen ? 'frozen' : 'running';
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) throw new ClusterStateError(`The node on port ${this.port} runs already`);

    const log = openSync(join(this.#folder, 'server.log'), 'a');
    const child = spawn(
      this.#bin,
      [
        ...['--port', `${this.port}`, '--bind', HOST, '--dir', this.#folder],
        // A node that never met another does not know its own address, and could not tell clients.
        ...['--cluster-announce-ip', HOST, ...this.#args],
      ],
      // A session of its own: a Ctrl-C in the terminal reaches the program under test, not its servers.
      { stdio: ['ignore', log, log], detached: true, cwd: '/' },
    );
    closeSync(log);
    this.#child = child;
    this.#frozen = false;

    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
      this.#forget(child);
    });
    child.once('exit', () => this.#forget(child));
    this.#changed();

    const answered = await answersAs(this.port, this.#folder, () => this.#child === child);
    if (!answered) {
      const words = await readFile(join(this.#folder, 'server.log'), 'utf8');
      throw new NodeStartError(
        `${this.#bin} on port ${this.port} ${failure ? 'could not be started' : 'did not come up'}`,
        words.slice(-2000),
        { cause: failure },
      );
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    this.killNow();
    await ended;
  }

  killNow(): void {
    this.#signal('SIGKILL');
  }

  async freeze(): Promise<void> {
    if (this.state !== 'running')
      throw new ClusterStateError(`The node on port ${this.port} is ${this.state}`);
    this.#signal('SIGSTOP');
    this.#frozen = true;
  }

  async thaw(): Promise<void> {
    if (this.state !== 'frozen')
      throw new ClusterStateError(`The node on port ${this.port} is ${this.state}`);
    this.#signal('SIGCONT');
    this.#frozen = false;
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // It ended a moment ago and its `exit` event is still on its way.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #forget(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#frozen = false;
    this.#changed();
  }
}
