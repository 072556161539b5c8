import { once } from 'node:events';
import { ClusterClient } from '@keyslot/cluster';

/**
 * Opens a client, gets it into the state that its first argument names, closes it, and says how that went. It
 * then has nothing more to do, and has to end by itself.
 */
interface Task {
  readonly state: 'idle' | 'calls' | 'connecting' | 'at-once' | 'subscribed';
  readonly nodes: { host: string; port: number }[];
  readonly keys: string[];
}

const { state, nodes, keys } = JSON.parse(process.argv[2] ?? '') as Task;
const client = new ClusterClient({ nodes });
const ends: string[] = [];
let open = 0;

function call(promise: Promise<unknown>): void {
  open++;
  const end = (what: string) => {
    open--;
    ends.push(what);
  };
  promise.then(
    () => end('answered'),
    (error: unknown) => end((error as { code?: string }).code ?? String(error)),
  );
}

function callAll(): void {
  for (const key of keys) {
    call(client.get(key, { deadline: '1h' }));
    call(client.call('incr', [key], { deadline: '1h' }));
    call(
      client
        .batch([['get', key]], { deadline: '1h' })
        .then(([first]) => Promise.reject(first?.outcome === 'failed' ? first.error : first)),
    );
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

switch (state) {
  case 'idle':
    await client.ready();
    for (const key of keys) await client.get(key, { deadline: '1h' });
    process.stdout.write('idle\n');
    // Until it is told to go on.
    await once(process.stdin.resume(), 'end');
    break;
  case 'calls':
    callAll();
    await pause(400);
    break;
  case 'connecting':
    callAll();
    await pause(5);
    break;
  case 'at-once':
    callAll();
    break;
  case 'subscribed': {
    const standing = Promise.withResolvers<void>();
    client.subscribe('channel', { onMessage: () => {}, onStanding: standing.resolve, onDown: () => {} });
    await standing.promise;
  }
}

const start = performance.now();
await client.close();
const closedInMs = performance.now() - start;
// The rejections are there when `close` resolves; their handlers run a turn later.
await pause(0);
const stillOpen = open;
call(client.get('x'));
call(client.call('get', ['x']));
call(client.set('x', 'y', { ttl: 1000 }));
call(client.publish('x', 'y'));
call(client.ready());
try {
  client.subscribe('x', { onMessage: () => {}, onStanding: () => {}, onDown: () => {} });
} catch (error) {
  call(Promise.reject(error));
}
await pause(0);
process.stdout.write(JSON.stringify({ closedInMs, stillOpen: stillOpen + open, ends }));
const doneAt = performance.now();
process.once('exit', () => process.stderr.write(`${Math.round(performance.now() - doneAt)}`));
