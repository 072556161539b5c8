import { DeadlineExceededError } from './errors.ts';

/**
 * A node's answer to a command that is no call, and so has no deadline of its own: ioredis would wait for as long as
 * the connection stands.
 *
 * @throws {DeadlineExceededError} when it takes longer.
 */
export async function answerWithin<T>(answer: Promise<T>, command: string, withinMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const end = () => reject(new DeadlineExceededError(command, withinMs, 'unknown'));
    // After a stall of this process an answer may lie in the socket, which is read before an immediate runs.
    timer = setTimeout(() => setImmediate(end), Math.max(1, withinMs));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
