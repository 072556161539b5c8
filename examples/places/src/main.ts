import { Cache } from '@keyslot/cache';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.ts';
import { CONFIG, type Config } from './config.ts';
import { configureHttp } from './http/configure-http.ts';

// Whoever started us is gone. Only a process that was forked has a channel that can break.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));

const app = await NestFactory.create<NestExpressApplication>(AppModule, {
  bodyParser: false,
  logger: ['error', 'warn'],
});
configureHttp(app);
app.enableShutdownHooks();

// Worth a moment: the first callers find what other instances have loaded.
await app.init();
await app
  .get(Cache)
  .ready()
  .catch(() => {
    // KeyslotModule has said so. The service works without the cluster, and goes on to connect.
  });

// Loopback only: this is an example, and nobody has to log in.
await app.listen(app.get<Config>(CONFIG).port, '127.0.0.1');

const url = await app.getUrl();
if (process.send) process.send({ url });
else console.log(`Places are served at ${url}/places/search?q=vienna`);
