import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { run } from './command.ts';
import type { ClusterDriver, NodeProcess, NodeState } from './driver.ts';
import { ClusterStateError, NodeStartError } from './errors.ts';
import { onProcessEnd } from './exit-hook.ts';
import { HOST, returnPort, takePort } from './ports.ts';
import type { RedisServer } from './redis-binary.ts';
import { answersAs } from './server-answer.ts';
import { Watchdog } from './watchdog.ts';

/**
 * Runs the servers of one cluster as Docker containers in the host's own network, so that they listen on 127.0.0.1
 * like processes do. Needs an engine on this machine itself: one in a virtual machine has another loopback.
 */
export class ContainerDriver implements ClusterDriver {
  readonly description: string;
  readonly #docker: string;
  readonly #image: string;
  readonly #nodes = new Set<Container>();
  readonly #watchdog: Watchdog;
  readonly #takeHookBack: () => void;
  #isClosed = false;

  constructor(server: RedisServer & { readonly image: string }) {
    this.description = server.describe;
    this.#docker = server.bin;
    this.#image = server.image;
    this.#watchdog = new Watchdog(undefined, [this.#docker, 'rm', '--force', '--volumes']);
    this.#takeHookBack = onProcessEnd(() => {
      const names = [...this.#nodes].map(({ name }) => name);
      if (names.length > 0) spawnSync(this.#docker, ['rm', '--force', '--volumes', ...names]);
    });
  }

  async add(args: readonly string[]): Promise<NodeProcess> {
    const port = await takePort();
    if (this.#isClosed)
      throw new ClusterStateError('The cluster is disposed of; no server is started for it');

    const node = new Container(this.#docker, port);
    this.#nodes.add(node);
    this.#report();
    await node.create(this.#image, args);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const node of this.#nodes) returnPort(node.port);
    // Its list is what runs: to close it is to remove them.
    await this.#watchdog.close();
    this.#nodes.clear();
    this.#takeHookBack();
  }

  #report(): void {
    this.#watchdog.watch([...this.#nodes].map(({ name }) => name));
  }
}

class Container implements NodeProcess {
  readonly host = HOST;
  readonly port: number;
  readonly name: string;
  readonly #docker: string;
  #state: NodeState = 'stopped';
  #pid: number | undefined;

  constructor(docker: string, port: number) {
    this.#docker = docker;
    this.port = port;
    this.name = `keyslot-${port}-${randomUUID()}`;
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  get state(): NodeState {
    return this.#state;
  }

  async create(image: string, args: readonly string[]): Promise<void> {
    // The working folder bears the container's name: by it the server is known when it answers.
    const container = [
      'create',
      '--name',
      this.name,
      '--network',
      'host',
      '--workdir',
      `/${this.name}`,
      image,
    ];
    const server = ['redis-server', '--port', `${this.port}`, '--bind', HOST, '--cluster-announce-ip', HOST];
    await this.#run(...container, ...server, ...args);
    await this.start();
  }

  async start(): Promise<void> {
    await this.#run('start', this.name);
    this.#state = 'running';
    if (await answersAs(this.port, `/${this.name}`, () => this.#state === 'running')) {
      this.#pid = Number(await this.#run('inspect', '--format', '{{.State.Pid}}', this.name));
      return;
    }
    this.#state = 'stopped';
    const log = await this.#run('logs', '--tail', '20', this.name);
    throw new NodeStartError(`The container ${this.name} did not come up on port ${this.port}`, log);
  }

  async kill(): Promise<void> {
    if (this.#state === 'stopped') return;
    // Docker kills no paused container.
    if (this.#state === 'frozen') await this.thaw();
    await this.#run('kill', this.name);
    this.#state = 'stopped';
    this.#pid = undefined;
  }

  async freeze(): Promise<void> {
    await this.#run('pause', this.name);
    this.#state = 'frozen';
  }

  async thaw(): Promise<void> {
    await this.#run('unpause', this.name);
    this.#state = 'running';
  }

  async #run(...args: string[]): Promise<string> {
    const result = await run(this.#docker, args, { timeoutMs: 60_000 });
    if (!result.ok) throw new ClusterStateError(result.failure);
    return result.stdout.trim();
  }
}
