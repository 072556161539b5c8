import { once } from 'node:events';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { defaultCacheDir, openEmbedded } from './embedded.ts';
import { keepRequestsWhole } from './whole-requests.ts';

/*
 * A process that serves the embedded database to others, on loopback. PGlite runs in one process only; the demo
 * has two instances of the service, and they must see the same places.
 */

// Whoever started us is gone.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));

const database = await openEmbedded(process.env['KEYSLOT_CACHE_DIR'] || defaultCacheDir);

// PGlite runs one query at a time; those of the other connections wait in the server's queue.
keepRequestsWhole(database.pglite);
const server = new PGLiteSocketServer({
  db: database.pglite,
  host: '127.0.0.1',
  port: 0,
  maxConnections: 32,
});
await server.start();

process.send?.({ url: `postgresql://postgres@${server.getServerConn()}/postgres?sslmode=disable` });

await once(process, 'SIGTERM');
await server.stop();
await database.close();
process.exit();
