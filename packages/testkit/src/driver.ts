/** `frozen` is stopped by SIGSTOP: the process exists, its sockets are open, and it answers nothing. */
export type NodeState = 'running' | 'frozen' | 'stopped';

/** One server of a cluster, as a driver runs it. */
export interface NodeProcess {
  readonly host: string;
  readonly port: number;

  /** The operating system's number of the process; `undefined` while it is stopped. */
  readonly pid: number | undefined;

  readonly state: NodeState;

  /** Starts a stopped server again on the same port, with its old node id and without its data. */
  start(): Promise<void>;

  /** Ends the server at once, as an outage would: nothing is closed or handed over. */
  kill(): Promise<void>;

  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

/**
 * How the servers of one cluster are run: as processes, as containers, elsewhere.
 *
 * A driver belongs to one cluster, which disposes of it at its end. Whatever it started must be gone
 * then, and also when the program that holds it ends in any other way.
 */
export interface ClusterDriver extends AsyncDisposable {
  /** What runs, for people: the kind of server, its version and where it came from. */
  readonly description: string;

  /** Starts one more server with these arguments, on a port that the driver chooses. */
  add(args: readonly string[]): Promise<NodeProcess>;
}
