import { ContainerDriver } from './container-driver.ts';
import type { ClusterDriver } from './driver.ts';
import { ProcessDriver } from './process-driver.ts';
import { findRedisServer } from './redis-binary.ts';

/** The driver for the server that this machine has. */
export async function openDriver(): Promise<ClusterDriver> {
  const server = await findRedisServer();
  const { image } = server;
  return image === undefined ? ProcessDriver.open(server) : new ContainerDriver({ ...server, image });
}
