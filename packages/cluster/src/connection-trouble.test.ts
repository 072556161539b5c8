import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { Cluster } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { ConnectionTrouble } from './connection-trouble.ts';

describe('the trouble that connections have', () => {
  it('is the last reason that anything gave; that a connection is closed is none', () => {
    const trouble = new ConnectionTrouble();
    expect(trouble.why).toBeUndefined();
    trouble.note(new Error('Connection is closed.'));
    expect(trouble.why).toBeUndefined();
    trouble.note(new Error('connect ECONNREFUSED 127.0.0.1:1'), '127.0.0.1:1');
    expect(trouble.why).toBe('connect ECONNREFUSED 127.0.0.1:1');
    trouble.note(new Error('WRONGPASS invalid'), '127.0.0.1:2');
    trouble.note(new Error('Connection is closed.'), '127.0.0.1:3');
    trouble.note(new Error('Failed to refresh slots cache.'));
    expect(trouble.why).toBe('127.0.0.1:2: WRONGPASS invalid');
  });

  it('is heard from a cluster and told, by its words only, and over when the topology is known', () => {
    const cluster = new Cluster([{ port: 1 }], { lazyConnect: true });
    const trouble = new ConnectionTrouble();
    const told: unknown[] = [];
    const hear = (message: unknown) => void told.push(message);
    subscribe('keyslot:cluster.connection', hear);
    try {
      trouble.listenTo(cluster);
      const error = Object.assign(new Error('WRONGPASS invalid'), {
        command: { name: 'auth', args: ['secret'] },
      });
      cluster.emit('node error', error, '127.0.0.1:1');
      expect(trouble.why).toBe('127.0.0.1:1: WRONGPASS invalid');
      expect(told).toEqual([{ node: '127.0.0.1:1', state: 'error', why: 'WRONGPASS invalid' }]);
      expect(inspect([trouble, told], { depth: 9, showHidden: true })).not.toContain('secret');
      cluster.emit('refresh');
      expect(trouble.why).toBeUndefined();
      trouble.unlisten();
      expect([cluster.listenerCount('error'), cluster.listenerCount('node error')]).toEqual([0, 0]);
    } finally {
      unsubscribe('keyslot:cluster.connection', hear);
    }
  });
});
