import { once } from 'node:events';
import { createServer } from 'node:net';
import { ClusterStateError } from './errors.ts';

/** The only address that anything of the testkit listens on. */
export const HOST = '127.0.0.1';

/** How far above the client port the port of the cluster bus is: Redis' own rule. */
const BUS_OFFSET = 10_000;

// Client and bus ports both stay below 32 768, where the kernel begins to hand out ports to clients.
const LOWEST = 10_000;
const HIGHEST = 22_000;

/** Handed out and not given back yet: several nodes choose at the same moment. */
const reserved = new Set<number>();

/** A port that is free together with its bus port, reserved in this process until {@link returnPort}. */
export async function takePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (reserved.has(port) || reserved.has(port + BUS_OFFSET) || reserved.has(port - BUS_OFFSET)) continue;

    reserved.add(port);
    if ((await isFree(port)) && (await isFree(port + BUS_OFFSET))) return port;
    reserved.delete(port);
  }
  throw new ClusterStateError(
    `No free port between ${LOWEST} and ${HIGHEST} whose port ${BUS_OFFSET} above is free too; ` +
      'end some of the processes that listen there',
  );
}

export function returnPort(port: number): void {
  reserved.delete(port);
}

/** Whether a server could listen there now. Another process may still be quicker. */
async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen({ port, host: HOST, exclusive: true });
    await once(probe, 'listening');
    return true;
  } catch {
    return false; // EADDRINUSE, which is the answer, not a failure
  } finally {
    await new Promise((closed) => probe.close(closed));
  }
}
