import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createConnection, createServer, type Server, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CoalescingConnector, coalesceWrites } from './coalescing-connector.ts';

let server: Server;
let received: Buffer;
let port: number;

beforeEach(async () => {
  received = Buffer.alloc(0);
  server = createServer((peer) => {
    peer.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
    peer.on('error', () => {
      // A test may destroy its end.
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  server.close();
  await once(server, 'close');
});

/** A connected socket that merges its writes, and how many of them reach the system. */
async function merging() {
  const socket = createConnection(port, '127.0.0.1');
  await once(socket, 'connect');
  const single = vi.spyOn(socket, '_write');
  const vectored = vi.spyOn(socket as Required<Pick<Socket, '_writev'>>, '_writev');
  return {
    socket: coalesceWrites(socket),
    writes: () => single.mock.calls.length + vectored.mock.calls.length,
  };
}

async function endAndWait(socket: Socket): Promise<void> {
  socket.end();
  await once(socket, 'close');
}

describe('writes of one tick', () => {
  it('become one', async () => {
    const { socket, writes } = await merging();
    for (let i = 0; i < 1000; i++) socket.write(`${i},`);
    expect(writes()).toBe(0);
    await turn();
    expect(writes()).toBe(1);
    await endAndWait(socket);
    expect(received.toString()).toBe(Array.from({ length: 1000 }, (_, i) => `${i},`).join(''));
  });

  it('become one for each tick', async () => {
    const { socket, writes } = await merging();
    for (const tick of ['a', 'b', 'c']) {
      socket.write(tick);
      socket.write(tick);
      await turn();
    }
    expect(writes()).toBe(3);
    await endAndWait(socket);
    expect(received.toString()).toBe('aabbcc');
  });

  it('become one where text and bytes are mixed, in their order', async () => {
    const { socket, writes } = await merging();
    const parts = ['text', Buffer.from([0xff, 0x00]), Buffer.from([0x80]), 'ä🙂', '', Buffer.from('end')];
    for (const part of parts) socket.write(part);
    await turn();
    expect(writes()).toBe(1);
    await endAndWait(socket);
    expect(received).toEqual(Buffer.concat(parts.map((part) => Buffer.from(part))));
  });

  it('say that they were taken, since nobody is told of a drain', async () => {
    const { socket } = await merging();
    expect(socket.write('x')).toBe(true);
    await endAndWait(socket);
  });
});

describe('what must not be held back', () => {
  it('a write with a callback goes out at once, behind those before it', async () => {
    const { socket } = await merging();
    socket.write('1');
    const written = new Promise((resolve) => {
      socket.write('2', resolve);
    });
    socket.write('3');
    await written;
    await endAndWait(socket);
    expect(received.toString()).toBe('123');
  });

  it('an encoding is respected', async () => {
    const { socket } = await merging();
    socket.write('a');
    socket.write('ff', 'hex');
    socket.write('b');
    await endAndWait(socket);
    expect(received).toEqual(Buffer.from([0x61, 0xff, 0x62]));
  });

  it('what was written in the tick of the end', async () => {
    const { socket } = await merging();
    socket.write('first');
    socket.write(Buffer.from(' second'));
    socket.end(' third');
    await once(socket, 'close');
    expect(received.toString()).toBe('first second third');
  });
});

describe('errors', () => {
  it('a socket that is destroyed in the same tick takes what was collected with it', async () => {
    const { socket } = await merging();
    socket.write('lost');
    socket.destroy();
    await turn();
    expect(received).toHaveLength(0);
  });

  it('reach the socket as errors always do', async () => {
    const { socket } = await merging();
    socket.write('x');
    const failed = once(socket, 'error');
    socket.destroy(new Error('broken'));
    expect(((await failed) as Error[])[0]?.message).toBe('broken');
  });
});

describe('the connector', () => {
  it('connects to the address that it was given, and merges', async () => {
    const connector = new CoalescingConnector({ host: '127.0.0.1', port, disconnectTimeout: 100 });
    const socket = await connector.connect();
    await once(socket, 'connect');
    socket.write('a');
    socket.write('b');
    connector.disconnect();
    await once(socket, 'close');
    expect(received.toString()).toBe('ab');
  });

  it('does not connect any more when it was told to disconnect before', async () => {
    const connector = new CoalescingConnector({ host: '127.0.0.1', port, disconnectTimeout: 100 });
    const connecting = connector.connect();
    connector.disconnect();
    await expect(connecting).rejects.toThrow('Connection is closed.');
  });

  it('rejects for an address that no socket takes', async () => {
    const connector = new CoalescingConnector({ host: '127.0.0.1', port: 99_999, disconnectTimeout: 100 });
    await expect(connector.connect()).rejects.toMatchObject({ code: 'ERR_SOCKET_BAD_PORT' });
  });

  it('remembers the error that a connection began with', async () => {
    const connector = new CoalescingConnector({ host: '127.0.0.1', port: 1, disconnectTimeout: 100 });
    const socket = await connector.connect();
    await once(socket, 'error');
    expect(connector).toHaveProperty('firstError.code', 'ECONNREFUSED');
  });
});
